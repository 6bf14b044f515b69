// Records between owner and worker: a length, a header in JSON, and payload bytes as they are.
//
//   u32 bytes that follow │ u32 bytes of the header │ header │ payload
// An announcement is encoded once, whoever it goes to (decision 0028).

/** One record holds at most this; above, the other end is not one of us. */
export const maxRecordBytes: number = 96 * 1024 * 1024;

const lengths = 8;
const empty = new Uint8Array(0);

export interface LineRecord {
  /** What `JSON.parse` made of the header. */
  readonly header: unknown;
  readonly payload: Uint8Array;
}

export function encodeRecord(header: object, payloads: readonly Uint8Array[] = []): Buffer {
  const text = JSON.stringify(header);
  const headerBytes = Buffer.byteLength(text);
  const payloadBytes = payloads.reduce((sum, { byteLength }) => sum + byteLength, 0);
  const record = Buffer.allocUnsafe(lengths + headerBytes + payloadBytes);
  record.writeUInt32LE(record.length - 4, 0);
  record.writeUInt32LE(headerBytes, 4);
  record.write(text, lengths);
  let at = lengths + headerBytes;
  for (const payload of payloads) {
    record.set(payload, at);
    at += payload.byteLength;
  }
  return record;
}

/** What came from the other end, in whatever pieces, as records. */
export class RecordReader {
  #pieces: Buffer[] = [];
  #bytes = 0;
  #wanted = 4;

  add(piece: Buffer): void {
    this.#pieces.push(piece);
    this.#bytes += piece.length;
  }

  /** `null` until the next one has come whole. @throws {RangeError|SyntaxError} when what came is no record. */
  next(): LineRecord | null {
    if (this.#bytes < this.#wanted) return null;
    const piece = this.#joined();
    const length = piece.readUInt32LE(0);
    if (length < 4 || length > maxRecordBytes) throw new RangeError(`expected a record's length, got ${length}`);
    this.#wanted = length + 4;
    if (piece.length < this.#wanted) return null;
    const headerBytes = piece.readUInt32LE(4);
    if (headerBytes > length - 4) throw new RangeError(`expected a header within ${length} bytes, got ${headerBytes}`);
    const header: unknown = JSON.parse(piece.toString("utf8", lengths, lengths + headerBytes));
    const payload =
      headerBytes === length - 4
        ? empty
        : new Uint8Array(piece.buffer, piece.byteOffset + lengths + headerBytes, length - 4 - headerBytes);
    this.#pieces = piece.length === this.#wanted ? [] : [piece.subarray(this.#wanted)];
    this.#bytes -= this.#wanted;
    this.#wanted = 4;
    return { header, payload };
  }

  #joined(): Buffer {
    const [first] = this.#pieces;
    const joined = first !== undefined && this.#pieces.length === 1 ? first : Buffer.concat(this.#pieces);
    this.#pieces = [joined];
    return joined;
  }
}
