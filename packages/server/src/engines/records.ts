// A publication as a store of its own keeps and announces it: a line of text, author and tags, the table's key, the payload.
//
// Whoever can write to that store can write anything, so what is read is looked at as closely as what a client sends
// (decision 0026).
import type { Member } from "@tidewire/protocol";
import type { Body, Form, Publication } from "../engine/engine.ts";
import { nothing, ownBytes } from "./payload.ts";

const letters: Readonly<Record<Form, string>> = { json: "j", text: "t", bytes: "b" };
const forms: Readonly<Record<string, Form>> = { j: "json", t: "text", b: "bytes" };
const removal = "r";

export interface Stamp {
  readonly id: string;
  readonly atMs: number;
}

/** What its place is put before (the offset, the id before it, a time), and the payload behind. */
export function headOf(body: Omit<Body, "data" | "form"> & { readonly form: Form | "removal" }, stamp: Stamp): string {
  const { author, tags, key = "", form } = body;
  const meta = author === undefined && tags === undefined ? "" : JSON.stringify({ author, tags });
  const letter = form === "removal" ? removal : letters[form];
  return `${stamp.id} ${stamp.atMs} ${letter} ${Buffer.byteLength(meta)} ${Buffer.byteLength(key)}\n${meta}${key}`;
}

const longestLine = 200;
const line = /^(\d{1,16}) (-|[\w-]{1,64}) \d{1,16} ([\w-]{1,64}) (\d{1,16}) ([jtbr]) (\d{1,9}) (\d{1,9})$/;
const mostKeyCharacters = 255;
const control = /[\p{Cc}\p{Cs}]/u;
const decoder = new TextDecoder("utf-8", { fatal: true });

/** `null` for what nobody can have published. */
export function publicationIn(record: Buffer): Publication | null {
  const end = record.indexOf(10);
  if (end < 0 || end > longestLine) return null;
  const found = line.exec(record.toString("latin1", 0, end));
  if (found === null) return null;
  const [, offsetText = "", previousId = "", id = "", atText = "", letter = "", metaText = "", keyText = ""] = found;
  const [offset, atMs] = [Number(offsetText), Number(atText)];
  const isFirst = offset <= 1;
  if (isFirst !== (previousId === "-")) return null;
  const keyAt = end + 1 + Number(metaText);
  const dataAt = keyAt + Number(keyText);
  if (dataAt > record.length || !Number.isSafeInteger(offset) || !Number.isSafeInteger(atMs)) return null;
  const isRemoval = letter === removal;
  const form = isRemoval ? "json" : (forms[letter] ?? null);
  const key = textIn(record.subarray(keyAt, dataAt));
  if (form === null || key === null || !isKey(key) || (isRemoval && (key === "" || dataAt !== record.length)))
    return null;
  const data = isRemoval ? nothing : bytesOf(record.subarray(dataAt));
  if (form === "json" && !isRemoval && !isJson(data)) return null;
  return {
    ...knownIn(record.subarray(end + 1, keyAt)),
    ...(key !== "" && { key }),
    ...(isRemoval && { removed: true }),
    id,
    offset,
    previous: isFirst ? null : { offset: offset - 1, id: previousId },
    data,
    form,
    atMs,
  };
}

/** Author and tags as they can have been written; else none, since what was published can be read without them. */
function knownIn(bytes: Buffer): Pick<Body, "author" | "tags"> {
  if (bytes.length === 0) return {};
  const text = textIn(bytes);
  const meta = text === null ? null : parsed(text);
  if (!isObject(meta)) return {};
  const { author, tags } = meta;
  return { ...(isMember(author) && { author }), ...(isTags(tags) && { tags }) };
}

/** Not as Node's own kind of bytes, and without what else came through the socket. */
function bytesOf({ buffer, byteOffset, byteLength }: Buffer): Uint8Array {
  return ownBytes(new Uint8Array(buffer, byteOffset, byteLength));
}

function isKey(key: string): boolean {
  return key.length <= mostKeyCharacters && !control.test(key);
}

function textIn(bytes: Uint8Array): string | null {
  if (bytes.length === 0) return "";
  try {
    return decoder.decode(bytes);
  } catch {
    return null;
  }
}

const malformed = Symbol("malformed");

/** It is put into frames as it is. */
function isJson(data: Uint8Array): boolean {
  const text = textIn(data);
  return text !== null && parsed(text) !== malformed;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return malformed;
  }
}

function isMember(author: unknown): author is Member {
  if (!isObject(author)) return false;
  const known = Object.keys(author).every((name) => ["session", "user", "info", "channelInfo"].includes(name));
  return known && typeof author["session"] === "string" && typeof author["user"] === "string";
}

function isTags(tags: unknown): tags is Readonly<Record<string, string>> {
  return isObject(tags) && Object.values(tags).every((tag) => typeof tag === "string");
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
