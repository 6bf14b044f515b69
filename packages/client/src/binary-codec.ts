// Protobuf by the schema table: messages of the protocol to bytes, and back. No message there holds one of its own kind, so
// that what comes in is never deeper than the table.

import { type Field, fieldsOf } from "./binary-schema.ts";
import type { Fields } from "./wire.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** A message with its length before it, as frames have them. */
export function encodeFrame(kind: string, message: Fields): Uint8Array {
  const writer = new Writer();
  writer.within(() => writeMessage(kind, message, writer));
  return writer.bytes;
}

/** The messages of a frame. @throws {SyntaxError} for what is none. */
export function decodeFrame(kind: string, frame: Uint8Array): readonly Fields[] {
  const reader = new Reader(frame);
  const messages: Fields[] = [];
  while (reader.hasMore) messages.push(readMessage(kind, reader.part()));
  return messages;
}

class Writer {
  #bytes = new Uint8Array(256);
  #length = 0;

  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  varint(value: number): void {
    for (; value > 0x7f; value = Math.floor(value / 128)) this.#push((value % 128) | 0x80);
    this.#push(value);
  }

  raw(bytes: Uint8Array): void {
    this.#grow(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Writes what `write` does with its length before it. */
  within(write: () => void): void {
    const inner = new Writer();
    const [bytes, length] = [this.#bytes, this.#length];
    this.#bytes = inner.#bytes;
    this.#length = 0;
    write();
    const written = this.bytes;
    this.#bytes = bytes;
    this.#length = length;
    this.varint(written.length);
    this.raw(written);
  }

  double(value: number): void {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setFloat64(0, value, true);
    this.raw(bytes);
  }

  #push(byte: number): void {
    this.#grow(1);
    this.#bytes[this.#length++] = byte;
  }

  #grow(by: number): void {
    if (this.#length + by <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(2 * this.#bytes.length, this.#length + by));
    larger.set(this.bytes);
    this.#bytes = larger;
  }
}

class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get hasMore(): boolean {
    return this.#at < this.#bytes.length;
  }

  varint(): number {
    let value = 0;
    for (let factor = 1; factor < 2 ** 70; factor *= 128) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) break;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
    return wrong("a number without an end");
  }

  /** So many bytes, as they lie in the frame. */
  take(length: number): Uint8Array {
    const end = this.#at + length;
    if (end > this.#bytes.length) wrong("a field that ends behind its message");
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }

  /** Bytes with their length before them. */
  chunk(): Uint8Array {
    return this.take(this.varint());
  }

  part(): Reader {
    return new Reader(this.chunk());
  }

  skip(wireType: number): void {
    if (wireType === 0) this.varint();
    else if (wireType === 1) this.take(8);
    else if (wireType === 2) this.chunk();
    else if (wireType === 5) this.take(4);
    else wrong(`wire type ${wireType}`);
  }
}

function writeMessage(kind: string, message: Fields, writer: Writer): void {
  for (const field of fieldsOf(kind) ?? []) {
    const value = message[field.name];
    // Zero values are left out, as proto3 does.
    if (value === undefined || value === null || value === "" || value === 0 || value === false) continue;
    writeValue(field, value, writer);
  }
}

function writeValue({ kind, number }: Field, value: unknown, writer: Writer): void {
  const isVarint = kind === "whole" || kind === "bool";
  writer.varint(number * 8 + (isVarint ? 0 : kind === "double" ? 1 : 2));
  if (isVarint) writer.varint(Number(value));
  else if (kind === "double") writer.double(Number(value));
  else if (kind === "text") writer.within(() => writer.raw(encoder.encode(String(value))));
  else if (kind === "json") writer.within(() => writer.raw(encoder.encode(JSON.stringify(value))));
  else if (kind === "bytes") writer.within(() => writer.raw(value as Uint8Array));
  else writer.within(() => writeMessage(kind, value as Fields, writer));
}

function readMessage(kind: string, reader: Reader): Fields {
  const message: Record<string, unknown> = {};
  while (reader.hasMore) {
    const tag = reader.varint();
    const [number, wireType] = [Math.floor(tag / 8), tag % 8];
    const field = fieldsOf(kind)?.find((each) => each.number === number);
    if (field === undefined) reader.skip(wireType);
    else {
      const wanted = field.kind === "whole" || field.kind === "bool" ? 0 : 2;
      if (wireType !== wanted) wrong(`"${field.name}" with the wire type ${wireType}`);
      take(message, field, reader);
    }
  }
  return kind === "Publication" ? withData(message) : message;
}

function take(message: Record<string, unknown>, field: Field, reader: Reader): void {
  const { name, kind, shape } = field;
  if (shape === "*") {
    const list = (message[name] ??= []) as unknown[];
    list.push(readValue(kind, reader));
  } else if (shape === "map") {
    const map = (message[name] ??= Object.create(null)) as Record<string, unknown>;
    const entry = reader.part();
    let key = "";
    let value: unknown = kind === "text" ? "" : {};
    while (entry.hasMore) {
      const tag = entry.varint();
      if (tag === 10) key = decoder.decode(entry.chunk());
      else if (tag === 18) value = readValue(kind, entry);
      else entry.skip(tag % 8);
    }
    map[key] = value;
  } else message[name] = readValue(kind, reader);
}

function readValue(kind: string, reader: Reader): unknown {
  if (kind === "whole") return reader.varint();
  if (kind === "bool") return reader.varint() !== 0;
  if (kind === "text") return decoder.decode(reader.chunk());
  if (kind === "json") return JSON.parse(decoder.decode(reader.chunk())) as unknown;
  if (kind === "bytes") return reader.chunk();
  return readMessage(kind, reader.part());
}

/** Its data: bytes where it says so, otherwise what their JSON means. */
function withData({ data = new Uint8Array(), is_bytes: isBytes, ...rest }: Record<string, unknown>): Fields {
  const bytes = data as Uint8Array;
  // A copy: it must not keep the frame, and everything else in it.
  if (isBytes === true) return { ...rest, data: bytes.slice() };
  return { ...rest, data: bytes.length === 0 ? null : (JSON.parse(decoder.decode(bytes)) as unknown) };
}

function wrong(what: string): never {
  throw new SyntaxError(`expected a message of the protocol, got ${what}`);
}
