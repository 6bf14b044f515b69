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
  /** Of the channel's source: what is said under another one is not written. 0 where there never was one. */
  readonly fence: number;
  /** The newest record that does more than change the fence, and when its publication was made; 0 before the first. */
  readonly last: number;
  readonly atMs: number;
  /** Of a channel that is a table, and of one that begins where a table may have been; else `null`. */
  readonly table: TableSum | null;
}

/**
 * What a table consists of after a record: whoever has read all of it can tell that nothing is missing (decision 0058).
 * Removals are those above the floor.
 */
export interface TableSum {
  readonly keys: number;
  /** Of all values. */
  readonly bytes: number;
  /** The ids of the values' publications, mixed. */
  readonly values: string;
  readonly removals: number;
  readonly removed: string;
}

/**
 * `begin`: an epoch begins, with nothing. `keep`: a publication. `put`: a publication in a table, which supersedes what its key
 * had. `pass`: one that is announced and not kept. `fence`: the channel has another source; all else is as it was.
 */
type RecordKind = "begin" | "keep" | "put" | "pass" | "fence";

export interface LogRecord {
  readonly kind: RecordKind;
  readonly token: string;
  /** The sequence of the record before it in its log that is not a fence; 0 for none. */
  readonly before: number;
  readonly floor: number;
  readonly ttlMs: number;
  /** The channel's; of what is not kept, the one that it was said under. 0: none. */
  readonly fence: number;
  /** `null` where an epoch begins, and of a fence. */
  readonly publication: Publication | null;
  /** Of a fence: the newest publication. */
  readonly newest: Newest | null;
  readonly table: TableSum | null;
}

interface Newest {
  readonly offset: number;
  readonly id: string;
  readonly atMs: number;
}

/** Two centuries from now: fences are made of the time. */
export const farthestFence = 8_000_000_000_000_000;

const letters: Readonly<Record<RecordKind, string>> = { begin: "b", keep: "k", put: "t", pass: "p", fence: "f" };
const kinds: Readonly<Record<string, RecordKind>> = { b: "begin", k: "keep", t: "put", p: "pass", f: "fence" };
const longestLine = 300;
const longestNewest = 200;
const line = /^([bktpf]) ([\w-]{1,64}) (\d{1,16}) (\d{1,16}) (\d{1,16})(?: (\d{1,16})( .+)?)?$/;
const sumLine = /^ (\d{1,9}) (\d{1,16}) ([\w-]{16}) (\d{1,9}) ([\w-]{16})$/;
const newestLine = /^(\d{1,16}) (-|[\w-]{1,64}) (\d{1,16})$/;

interface Line {
  readonly kind: RecordKind;
  readonly token: string;
  readonly before: number;
  readonly floor: number;
  readonly ttlMs: number;
  readonly fence?: number;
  readonly table?: TableSum | null;
}

/** @param rest The publication as `records.ts` has it. */
export function recordOf(
  { kind, token, before, floor, ttlMs, fence = 0, table = null }: Line,
  ...rest: readonly Uint8Array[]
): Uint8Array {
  const sum = table === null ? "" : ` ${table.keys} ${table.bytes} ${table.values} ${table.removals} ${table.removed}`;
  // Versions before there were sources read all channels that have none.
  const more = fence === 0 && table === null ? "" : ` ${fence}${sum}`;
  return Buffer.concat([Buffer.from(`${letters[kind]} ${token} ${before} ${floor} ${ttlMs}${more}\n`), ...rest]);
}

/** A log goes on where it was, under another source. */
export function fenceOf({ token, last, floor, ttlMs, table, ...head }: Head, fence: number): Uint8Array {
  const newest = Buffer.from(`${head.offset} ${head.id} ${head.atMs}`);
  return recordOf({ kind: "fence", token, before: last, floor, ttlMs, fence, table }, newest);
}

/** `null` for what no node has written. */
export function recordIn(given: Uint8Array): LogRecord | null {
  const bytes = Buffer.from(given.buffer, given.byteOffset, given.byteLength);
  const end = bytes.indexOf(10);
  if (end < 0 || end > longestLine) return null;
  const found = line.exec(bytes.toString("latin1", 0, end));
  if (found === null) return null;
  const [, letter = "", token = "", beforeText = "", floorText = "", ttlText = "", fenceText = "0", sumText] = found;
  const kind = kinds[letter];
  const [before, floor, ttlMs, fence] = [beforeText, floorText, ttlText, fenceText].map(Number) as [
    number,
    number,
    number,
    number,
  ];
  if (kind === undefined || ![before, floor, ttlMs].every((number) => Number.isSafeInteger(number))) return null;
  const table = sumText === undefined ? null : sumIn(sumText);
  if (fence > farthestFence || (sumText !== undefined && table === null)) return null;
  const all = { kind, token, before, floor, ttlMs, fence, table, publication: null, newest: null };
  const rest = bytes.subarray(end + 1);
  if (kind === "begin") return rest.length === 0 ? all : null;
  if (kind === "fence") {
    const newest = newestIn(rest.toString("latin1", 0, longestNewest));
    return newest && { ...all, newest };
  }
  const publication = publicationIn(rest);
  return publication !== null && fits(kind, table, publication) ? { ...all, publication } : null;
}

function fits(kind: RecordKind, table: TableSum | null, { offset, key }: Publication): boolean {
  if (offset > 0 !== (kind !== "pass")) return false;
  return kind === "put" ? table !== null && key !== undefined : table === null && key === undefined;
}

function sumIn(text: string): TableSum | null {
  const [, keys, bytes, values = "", removals, removed = ""] = sumLine.exec(text) ?? [];
  const [keyCount, byteCount] = [Number(keys), Number(bytes)];
  return Number.isSafeInteger(keyCount) && Number.isSafeInteger(byteCount)
    ? { keys: keyCount, bytes: byteCount, values, removals: Number(removals), removed }
    : null;
}

function newestIn(text: string): Newest | null {
  const [, offset, id = "", atMs] = newestLine.exec(text) ?? [];
  if (offset === undefined || (Number(offset) === 0) !== (id === "-")) return null;
  const newest = { offset: Number(offset), id, atMs: Number(atMs) };
  return Number.isSafeInteger(newest.offset) && Number.isSafeInteger(newest.atMs) ? newest : null;
}

/** `null` for a record that ends no log. */
export function headIn(record: LogRecord, sequence: number): Head | null {
  if (record.kind === "pass" || record.before >= sequence) return null;
  const { token, floor, ttlMs, fence, kind, before, table } = record;
  const { offset, id, atMs } = record.newest ?? record.publication ?? { offset: 0, id: "-", atMs: 0 };
  if (floor > offset || (kind === "fence" && before === 0)) return null;
  const last = kind === "fence" ? before : sequence;
  return { sequence, token, offset, id, floor, ttlMs, fence, atMs, last, table };
}
