// What a row of the database may say. Its file can be edited by others, and what it holds as JSON is sent as it is.
import type { Form } from "../../engine/engine.ts";

/** The numbers of the forms in the database. New ones are added at the end. */
const forms: readonly Form[] = ["json", "text", "bytes"];

export function formNumber(form: Form): number {
  return forms.indexOf(form);
}

export function formAt(number: number): Form {
  return forms[number] ?? "bytes";
}

/** The column's number; `NULL` for one that is none to JavaScript, which node:sqlite refuses to read. */
export function whole(column: string): string {
  return `iif(${column} BETWEEN ${Number.MIN_SAFE_INTEGER} AND ${Number.MAX_SAFE_INTEGER}, ${column}, NULL)`;
}

/** A publication's row, as far as a log's and a table's are alike; `null` for a number out of range. */
export interface FoundPublication {
  readonly id: string;
  readonly at_ms: number | null;
  readonly form: number | null;
  readonly meta: string | null;
  readonly data: Uint8Array;
}

export interface FoundValue extends FoundPublication {
  readonly key: string;
  readonly removed: number | null;
  readonly previous_id: string | null;
}

const mostCharacters = 255;
const control = /[\p{Cc}\p{Cs}]/u;

/** A text as ids, epochs and keys are. */
export function isPlain(text: unknown): text is string {
  return typeof text === "string" && text !== "" && text.length <= mostCharacters && !control.test(text);
}

/** Whether somebody can have published it, whoever it was. */
export function isSound({ id, at_ms: atMs, form, data }: FoundPublication): boolean {
  if (!isPlain(id) || atMs === null || form === null || forms[form] === undefined) return false;
  return forms[form] !== "json" || isJson(data);
}

/** The same of what stands in a table. */
export function isSoundValue(row: FoundValue): boolean {
  const { key, removed, previous_id: previousId } = row;
  if (!isPlain(key) || !(previousId === null || isPlain(previousId))) return false;
  return (removed === 0 || (removed === 1 && row.form === formNumber("json"))) && isSound(row);
}

const decoder = new TextDecoder("utf-8", { fatal: true });
const malformed = Symbol("malformed");

function isJson(data: Uint8Array): boolean {
  try {
    return parsed(decoder.decode(data)) !== malformed;
  } catch {
    return false;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return malformed;
  }
}
