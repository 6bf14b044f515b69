// Frames as a client writes them, right or wrong, and as it reads a server's: RFC 6455 §5.2.
import { randomBytes } from "node:crypto";

export const op = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** A frame to write. Nothing checks that it may be written. */
export interface Frame {
  readonly opcode: number;
  readonly payload: Buffer;
  readonly isFinal: boolean;
  /** The three reserved bits as a number, RSV1 the highest. */
  readonly reserved: number;
}

export function frame(opcode: number, payload: string | Uint8Array = "", options: Partial<Frame> = {}): Frame {
  const bytes = typeof payload === "string" ? Buffer.from(payload) : Buffer.from(payload);
  return { opcode, payload: bytes, isFinal: true, reserved: 0, ...options };
}

/** A close frame with a code and a reason. */
export function closeFrame(code: number, reason: string | Uint8Array = ""): Frame {
  return frame(op.close, Buffer.concat([Buffer.of(code >> 8, code & 255), Buffer.from(reason)]));
}

/** A message in frames of at most so many bytes of payload. */
export function fragments(
  opcode: number,
  payload: Buffer,
  { bytes, reserved = 0 }: { readonly bytes: number; readonly reserved?: number },
): readonly Frame[] {
  const count = Math.max(1, Math.ceil(payload.length / bytes));
  return Array.from({ length: count }, (_, index) => ({
    opcode: index === 0 ? opcode : op.continuation,
    payload: payload.subarray(index * bytes, (index + 1) * bytes),
    isFinal: index === count - 1,
    reserved: index === 0 ? reserved : 0,
  }));
}

/** The bytes of a frame, masked. */
export function bytesOf({ opcode, payload, isFinal, reserved }: Frame): Buffer {
  const { length } = payload;
  const head = length < 126 ? 2 : length < 65_536 ? 4 : 10;
  const bytes = Buffer.allocUnsafe(head + 4 + length);
  bytes[0] = (isFinal ? 0x80 : 0) | (reserved << 4) | opcode;
  bytes[1] = 0x80 | (head === 2 ? length : head === 4 ? 126 : 127);
  if (head === 4) bytes.writeUInt16BE(length, 2);
  if (head === 10) bytes.writeBigUInt64BE(BigInt(length), 2);
  const mask = randomBytes(4);
  bytes.set(mask, head);
  masked(payload, mask, bytes.subarray(head + 4));
  return bytes;
}

function masked(payload: Buffer, mask: Buffer, into: Buffer): void {
  const [a = 0, b = 0, c = 0, d = 0] = mask;
  const { length } = payload;
  let at = 0;
  for (; at + 3 < length; at += 4) {
    into[at] = (payload[at] ?? 0) ^ a;
    into[at + 1] = (payload[at + 1] ?? 0) ^ b;
    into[at + 2] = (payload[at + 2] ?? 0) ^ c;
    into[at + 3] = (payload[at + 3] ?? 0) ^ d;
  }
  for (; at < length; at += 1) into[at] = (payload[at] ?? 0) ^ (mask[at % 4] ?? 0);
}

/** Reads frames of a server from what comes, in whatever pieces. */
export class FrameReader {
  #pieces: Buffer[] = [];
  #size = 0;
  /** Bytes without which the next frame is not whole. */
  #wanted = 2;

  /** @throws {Error} when a frame is masked, which a server's must not be (RFC 6455 §5.1). */
  *read(piece: Buffer): Generator<Frame> {
    this.#pieces.push(piece);
    this.#size += piece.length;
    while (this.#size >= this.#wanted) {
      const bytes = this.#pieces.length === 1 ? (this.#pieces[0] ?? piece) : Buffer.concat(this.#pieces);
      const found = frameAt(bytes);
      this.#pieces = [bytes];
      if (typeof found === "number") {
        this.#wanted = found;
        continue;
      }
      const rest = bytes.subarray(found.end);
      this.#pieces = rest.length === 0 ? [] : [rest];
      this.#size = rest.length;
      this.#wanted = 2;
      yield found.frame;
    }
  }
}

/** The frame at the beginning; or how many bytes it needs, as far as that can be told. */
function frameAt(bytes: Buffer): { readonly frame: Frame; readonly end: number } | number {
  const [first = 0, second = 0] = bytes;
  if (second > 127) throw new Error("expected a frame without a mask, got one with");
  const start = second < 126 ? 2 : second === 126 ? 4 : 10;
  if (bytes.length < start) return start;
  const length = second < 126 ? second : second === 126 ? bytes.readUInt16BE(2) : bytes.readUIntBE(4, 6);
  const end = start + length;
  if (bytes.length < end) return end;
  const payload = bytes.subarray(start, end);
  return { frame: { opcode: first & 15, payload, isFinal: first > 127, reserved: (first >> 4) & 7 }, end };
}
