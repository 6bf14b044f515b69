// WebSocket frames as a load generator needs them: the server's are split without copying, its own are masked with zeros.

/** The opcodes of WebSocket frames (RFC 6455 §5.2). */
export const opcodes = { text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** Splits what a server sends into frames; fields tell of the frame that `onFrame` is called for. */
export class FrameReader {
  bytes: Buffer = Buffer.alloc(0);
  opcode = 0;
  start = 0;
  end = 0;
  readonly #onFrame: (frame: FrameReader) => void;
  /** The beginning of a frame whose end has not come yet. */
  #rest: Buffer | null = null;

  constructor(onFrame: (frame: FrameReader) => void) {
    this.#onFrame = onFrame;
  }

  /** @param chunk May be written over after the call. */
  read(chunk: Buffer): void {
    this.bytes = this.#rest === null ? chunk : Buffer.concat([this.#rest, chunk]);
    this.#rest = null;
    const length = this.bytes.length;
    let at = 0;
    while (at < length && this.#frameAt(at)) {
      this.#onFrame(this);
      at = this.end;
    }
    if (at < length) this.#rest = Buffer.from(this.bytes.subarray(at));
  }

  /** RFC 6455 §5.2. False when the frame is not complete. */
  #frameAt(at: number): boolean {
    const { bytes } = this;
    const left = bytes.length - at;
    const short = bytes[at + 1];
    if (short === undefined) return false;
    const head = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (left < head) return false;
    const length = head === 2 ? short : head === 4 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2));
    if (short > 127) throw new RangeError("expected a frame without a mask, got one with");
    if (left < head + length) return false;
    this.opcode = (bytes[at] ?? 0) & 0x0f;
    this.start = at + head;
    this.end = this.start + length;
    return true;
  }
}

/** A client frame of up to 64 KiB; a mask of zeros leaves the payload as it is. RFC 6455 §5.2. */
export function clientFrame(opcode: number, payload: Uint8Array): Buffer {
  const { length } = payload;
  if (length > 65_535) throw new RangeError(`expected at most 65535 bytes, got ${length}`);
  const long = length > 125;
  const head = long ? [0x80 | opcode, 0x80 | 126, length >> 8, length & 0xff] : [0x80 | opcode, 0x80 | length];
  return Buffer.concat([Buffer.of(...head, 0, 0, 0, 0), payload]);
}
