// A decoder of the WebSocket frames that a server writes: RFC 6455 §5.2, never masked, never fragmented.

/** One frame that a server wrote, taken apart. */
export interface Message {
  readonly form: "text" | "bytes" | "ping";
  readonly payload: Buffer;
}

const forms: ReadonlyMap<number, Message["form"]> = new Map([
  [0x81, "text"],
  [0x82, "bytes"],
  [0x89, "ping"],
]);

/**
 * The whole frames at the beginning of `bytes`, and what is left.
 * @throws {Error} when a byte stands where no frame begins: frames were cut, mixed or changed.
 */
export function splitFrames(bytes: Buffer): { readonly messages: readonly Message[]; readonly rest: Buffer } {
  const messages: Message[] = [];
  let at = 0;
  for (;;) {
    const found = frameAt(bytes, at);
    if (found === null) return { messages, rest: bytes.subarray(at) };
    messages.push(found.message);
    at = found.end;
  }
}

function frameAt(bytes: Buffer, at: number): { readonly message: Message; readonly end: number } | null {
  const [first, second] = [bytes[at], bytes[at + 1]];
  if (first === undefined || second === undefined) return null;
  const form = forms.get(first);
  if (form === undefined || second > 127) throw new Error(`expected a frame at byte ${at}, got ${first} ${second}`);
  const start = at + (second < 126 ? 2 : second === 126 ? 4 : 10);
  if (bytes.length < start) return null;
  // Of the 64-bit length the two highest bytes are 0 in any frame that fits in memory.
  const length = second < 126 ? second : second === 126 ? bytes.readUInt16BE(at + 2) : bytes.readUIntBE(at + 4, 6);
  const end = start + length;
  return bytes.length < end ? null : { message: { form, payload: bytes.subarray(start, end) }, end };
}
