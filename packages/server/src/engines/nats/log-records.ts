// A record of a channel's log in NATS: where the log stands after it, and the publication, if it is one.
import type { Publication } from "../../engine/engine.ts";
import { publicationIn } from "../records.ts";

/** Where a log stands after its newest record: all that a writer has to know (decision 0036). */
export interface Head {
  /** Of the record in its stream. */
  readonly sequence: number;
  /** Names the channel's epoch; the life of the store names the rest. */
  readonly token: string;
  /** Of the newest publication; 0 and "-" before the first. */
  readonly offset: number;
  readonly id: string;
  /** Publications up to this offset are forgotten. */
  readonly floor: number;
  /** How long publications are kept; 0 before the first. */
  readonly ttlMs: number;
}

/** `begin`: an epoch begins, with nothing. `keep`: a publication. `pass`: one that is announced and not kept. */
type RecordKind = "begin" | "keep" | "pass";

export interface LogRecord {
  readonly kind: RecordKind;
  readonly token: string;
  /** The sequence of the record before it in its log; 0 for none. */
  readonly before: number;
  readonly floor: number;
  readonly ttlMs: number;
  /** `null` only where an epoch begins. */
  readonly publication: Publication | null;
}

const letters: Readonly<Record<RecordKind, string>> = { begin: "b", keep: "k", pass: "p" };
const kinds: Readonly<Record<string, RecordKind>> = { b: "begin", k: "keep", p: "pass" };
const longestLine = 200;
const line = /^([bkp]) ([\w-]{1,64}) (\d{1,16}) (\d{1,16}) (\d{1,16})$/;

interface Line {
  readonly kind: RecordKind;
  readonly token: string;
  readonly before: number;
  readonly floor: number;
  readonly ttlMs: number;
}

/** @param rest The publication as `records.ts` has it. */
export function recordOf({ kind, token, before, floor, ttlMs }: Line, ...rest: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat([Buffer.from(`${letters[kind]} ${token} ${before} ${floor} ${ttlMs}\n`), ...rest]);
}

/** `null` for what no node has written. */
export function recordIn(given: Uint8Array): LogRecord | null {
  const bytes = Buffer.from(given.buffer, given.byteOffset, given.byteLength);
  const end = bytes.indexOf(10);
  if (end < 0 || end > longestLine) return null;
  const found = line.exec(bytes.toString("latin1", 0, end));
  if (found === null) return null;
  const [, letter = "", token = "", beforeText = "", floorText = "", ttlText = ""] = found;
  const kind = kinds[letter];
  const [before, floor, ttlMs] = [Number(beforeText), Number(floorText), Number(ttlText)];
  if (kind === undefined || ![before, floor, ttlMs].every((number) => Number.isSafeInteger(number))) return null;
  const rest = bytes.subarray(end + 1);
  if (kind === "begin") return rest.length === 0 ? { kind, token, before, floor, ttlMs, publication: null } : null;
  const publication = publicationIn(rest);
  if (publication === null || publication.offset > 0 !== (kind === "keep") || publication.key !== undefined)
    return null;
  return { kind, token, before, floor, ttlMs, publication };
}

/** `null` for a record that ends no log. */
export function headIn(record: LogRecord, sequence: number): Head | null {
  if (record.kind === "pass" || record.before >= sequence) return null;
  const { token, floor, ttlMs, publication } = record;
  if (floor > (publication?.offset ?? 0)) return null;
  return { sequence, token, offset: publication?.offset ?? 0, id: publication?.id ?? "-", floor, ttlMs };
}
