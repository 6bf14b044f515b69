// Protobuf by the schema table: messages to bytes and back, without generated code.
import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { type Field, type MessageName, messages, type Scalar } from "./schema.ts";

/** A message: its fields by name. What the schema does not know is not in it. */
export type Message = Readonly<Record<string, unknown>>;

/** Nested messages here are a handful deep; more is an attack. */
const maxDepth = 16;

const readers = new Map<MessageName, ReadonlyMap<number, Field>>();

/** @throws {Error} when the bytes are no such message. */
export function decodeMessage(name: MessageName, bytes: Uint8Array): Message {
  return readMessage(name, new BinaryReader(bytes), { end: bytes.length, depth: 0 });
}

/** @throws {TypeError} for a field that the schema does not know: a mistake of the programmer's. */
export function encodeMessage(name: MessageName, message: Message): Uint8Array {
  const writer = new BinaryWriter();
  writeMessage(name, message, writer);
  return writer.finish();
}

function readMessage(name: MessageName, reader: BinaryReader, at: { end: number; depth: number }): Message {
  if (at.depth > maxDepth) throw new RangeError(`expected messages at most ${maxDepth} deep`);
  const fields = fieldsByNumber(name);
  const message = Object.create(null) as Record<string, unknown>;
  while (reader.pos < at.end) {
    const [number, wireType] = reader.tag();
    const field = fields.get(number);
    if (field === undefined) reader.skip(wireType, number);
    else readField(message, field, { reader, depth: at.depth });
  }
  if (reader.pos !== at.end) throw new RangeError("a message ends inside a field");
  return message;
}

function readField(
  message: Record<string, unknown>,
  field: Field,
  from: { reader: BinaryReader; depth: number },
): void {
  const { name, kind, shape } = field;
  if (shape === "map") {
    const [key, value] = readEntry(field, from);
    const map = (message[name] ??= Object.create(null) as Record<string, unknown>) as Record<string, unknown>;
    map[key] = value;
  } else if (shape === "many") {
    ((message[name] ??= []) as unknown[]).push(readValue(kind, from));
  } else {
    message[name] = readValue(kind, from);
  }
}

/** A map's entry is a message of key and value. */
function readEntry({ kind }: Field, { reader, depth }: { reader: BinaryReader; depth: number }): [string, unknown] {
  const end = reader.uint32() + reader.pos;
  let key = "";
  let value: unknown = isMessage(kind) ? Object.create(null) : "";
  while (reader.pos < end) {
    const [number, wireType] = reader.tag();
    if (number === 1) key = reader.string();
    else if (number === 2) value = readValue(kind, { reader, depth });
    else reader.skip(wireType, number);
  }
  if (reader.pos !== end) throw new RangeError("an entry of a map ends inside a field");
  return [key, value];
}

function readValue(kind: Field["kind"], { reader, depth }: { reader: BinaryReader; depth: number }): unknown {
  if (!isMessage(kind)) return readScalar(kind, reader);
  const end = reader.uint32() + reader.pos;
  if (end > reader.len) throw new RangeError("a message ends behind its frame");
  return readMessage(kind, reader, { end, depth: depth + 1 });
}

function readScalar(kind: Scalar, reader: BinaryReader): unknown {
  switch (kind) {
    case "string":
      return reader.string();
    case "bytes":
      return reader.bytes();
    case "bool":
      return reader.bool();
    case "uint32":
      return reader.uint32();
    case "int32":
      return reader.int32();
    case "uint64":
      return Number(reader.uint64());
    case "int64":
      return Number(reader.int64());
    case "double":
      return reader.double();
  }
}

function writeMessage(name: MessageName, message: Message, writer: BinaryWriter): void {
  const fields = messages.get(name) ?? [];
  for (const [key, value] of Object.entries(message)) {
    const field = fields.find((candidate) => candidate.name === key);
    if (field === undefined) throw new TypeError(`${name} has no field "${key}"`);
    if (value !== undefined) writeField(field, value, writer);
  }
}

function writeField(field: Field, value: unknown, writer: BinaryWriter): void {
  if (field.shape === "one") return writeValue(field, value, { writer, isSparse: true });
  if (field.shape === "many") {
    for (const each of value as readonly unknown[]) writeValue(field, each, { writer, isSparse: false });
    return;
  }
  for (const [key, each] of Object.entries(value as Message)) {
    writer.tag(field.number, WireType.LengthDelimited).fork();
    writer.tag(1, WireType.LengthDelimited).string(key);
    writeValue({ ...field, number: 2 }, each, { writer, isSparse: false });
    writer.join();
  }
}

/** @param to.isSparse Zero values are left out, as proto3 does. */
function writeValue(field: Field, value: unknown, to: { writer: BinaryWriter; isSparse: boolean }): void {
  const { kind, number } = field;
  const { writer } = to;
  if (isMessage(kind)) {
    writer.tag(number, WireType.LengthDelimited).fork();
    writeMessage(kind, value as Message, writer);
    writer.join();
    return;
  }
  if (to.isSparse && (value === "" || value === 0 || value === false)) return;
  if (kind === "string") writer.tag(number, WireType.LengthDelimited).string(value as string);
  else if (kind === "bytes") writer.tag(number, WireType.LengthDelimited).bytes(value as Uint8Array);
  else if (kind === "bool") writer.tag(number, WireType.Varint).bool(value as boolean);
  else if (kind === "uint32") writer.tag(number, WireType.Varint).uint32(value as number);
  else if (kind === "int32") writer.tag(number, WireType.Varint).int32(value as number);
  else if (kind === "double") writer.tag(number, WireType.Bit64).double(value as number);
  else writer.tag(number, WireType.Varint).uint64(value as number);
}

function isMessage(kind: Field["kind"]): kind is MessageName {
  return messages.has(kind);
}

function fieldsByNumber(name: MessageName): ReadonlyMap<number, Field> {
  let fields = readers.get(name);
  if (fields === undefined) {
    fields = new Map((messages.get(name) ?? []).map((field) => [field.number, field]));
    readers.set(name, fields);
  }
  return fields;
}
