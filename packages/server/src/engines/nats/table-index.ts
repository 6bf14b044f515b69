// What a table consists of, without its values: which record of the stream has the newest of each key (decision 0058).
import type { PageLimit, Publication, TableRetention } from "../../engine/engine.ts";
import { isFull } from "../../engine/ring.ts";
import { fullness } from "../../engine/slots.ts";
import type { Head, LogRecord, TableSum } from "./log-records.ts";

/** A key's newest publication, and the record that has it. */
export interface Entry {
  readonly key: string;
  readonly sequence: number;
  readonly offset: number;
  readonly id: string;
  readonly bytes: number;
  readonly isRemoval: boolean;
  readonly atMs: number;
}

export interface EntryRange {
  /** Exclusive, as `before` is. */
  readonly after: number;
  readonly before: number;
  readonly fromEnd: boolean;
  /** Removals up to here are forgotten. */
  readonly floor: number;
}

const idBytes = 12;

/** Of a table that has nothing. */
export const emptySum: TableSum = {
  keys: 0,
  bytes: 0,
  values: Buffer.alloc(idBytes).toString("base64url"),
  removals: 0,
  removed: Buffer.alloc(idBytes).toString("base64url"),
};

/** Ids that are put in and taken out again, in any order, leave what they found. */
class Mix {
  count = 0;
  readonly #bytes: Buffer;

  constructor(from?: Mix) {
    this.#bytes = from === undefined ? Buffer.alloc(idBytes) : Buffer.from(from.#bytes);
    this.count = from?.count ?? 0;
  }

  change(by: 1 | -1, { id }: Pick<Entry, "id">): void {
    this.count += by;
    const bytes = Buffer.from(id, "base64url");
    for (let at = 0; at < idBytes; at += 1) this.#bytes[at] = (this.#bytes[at] ?? 0) ^ (bytes[at] ?? 0);
  }

  toString(): string {
    return this.#bytes.toString("base64url");
  }
}

export class TableIndex {
  readonly token: string;
  /** All records of the epoch up to here were read. */
  sequence = 0;
  /** Whether it was once found to be whole. */
  isLoaded = false;
  /** Records that nobody needs any more. */
  #garbage: number[] = [];
  /** Ascending by offset, since what changes goes to the end. */
  readonly #entries = new Map<string, Entry>();
  readonly #removals = new Map<string, Entry>();
  #offset = 0;
  #floor = 0;
  #bytes = 0;
  #values = new Mix();
  #removed = new Mix();

  constructor(token: string) {
    this.token = token;
  }

  /** Values and removals. */
  get size(): number {
    return this.#entries.size;
  }

  /** Of the newest publication that was read. */
  get offset(): number {
    return this.#offset;
  }

  get floor(): number {
    return this.#floor;
  }

  get sum(): TableSum {
    const [values, removed] = [this.#values, this.#removed];
    return {
      keys: values.count,
      bytes: this.#bytes,
      values: values.toString(),
      removals: removed.count,
      removed: removed.toString(),
    };
  }

  of(key: string): Entry | undefined {
    return this.#entries.get(key);
  }

  hasValue(key: string): boolean {
    return this.#entries.get(key)?.isRemoval === false;
  }

  /** Why a value does not fit, or `null`. */
  problem({ key, bytes }: Pick<Entry, "key" | "bytes">, limits: TableRetention): string | null {
    const known = this.#entries.get(key);
    const isNew = known === undefined || known.isRemoval;
    const before = { keys: this.#values.count, bytes: this.#bytes };
    const after = { keys: before.keys + (isNew ? 1 : 0), bytes: before.bytes + bytes - (isNew ? 0 : known.bytes) };
    return fullness(before, after, limits);
  }

  /** There is nothing else up to here. */
  reach(sequence: number): void {
    this.sequence = Math.max(this.sequence, sequence);
  }

  /** What was read in the stream, in its order. @returns whether it belongs to the table and fits. */
  read(sequence: number, record: LogRecord | null): boolean {
    if (sequence <= this.sequence) return true;
    this.sequence = sequence;
    if (record === null || record.token !== this.token || record.table === null) {
      this.#garbage.push(sequence);
      return false;
    }
    const { publication, floor, kind } = record;
    this.#forget(floor);
    if (kind !== "put" || publication === null) {
      this.#garbage.push(sequence);
      return kind === "begin" || kind === "fence";
    }
    // Somebody wrote down once more what a node had written.
    const fits = publication.offset > this.#offset;
    if (fits) this.put(sequence, publication);
    else this.#garbage.push(sequence);
    return fits;
  }

  put(sequence: number, publication: Publication): void {
    const entry = entryOf(sequence, publication);
    const known = this.#entries.get(entry.key);
    if (known !== undefined) this.#take(known);
    this.#entries.set(entry.key, entry);
    this.#offset = entry.offset;
    if (entry.isRemoval) {
      this.#removals.set(entry.key, entry);
      this.#removed.change(1, entry);
    } else {
      this.#values.change(1, entry);
      this.#bytes += entry.bytes;
    }
  }

  /** Forgets removals up to a version. */
  #forget(floor: number): void {
    if (floor <= this.#floor) return;
    this.#floor = floor;
    for (const entry of this.#removals.values()) {
      if (entry.offset > floor) return;
      this.#take(entry);
    }
  }

  /** Something is missing among the removals: as if all had expired. */
  forgetRemovals(floor: number): void {
    this.#forget(floor);
  }

  /** What was superseded or says nothing any more, but for the newest record, which says where the table stands. */
  takeGarbage(): readonly number[] {
    const [garbage, newest] = [this.#garbage, this.sequence];
    this.#garbage = garbage.filter((sequence) => sequence === newest);
    return garbage.filter((sequence) => sequence !== newest);
  }

  /** The newest removal that has expired by now, or was forgotten before. Removals ascend with time. */
  floorAt(nowMs: number, ttlMs: number, without?: string): number {
    let floor = this.#floor;
    for (const { key, offset, atMs } of this.#removals.values()) {
      if (key === without) continue;
      if (nowMs - atMs < ttlMs) return floor;
      floor = Math.max(floor, offset);
    }
    return floor;
  }

  /** What the floor and the sum will be when this publication is the newest one. */
  with(
    publication: Publication,
    { head, retention, nowMs }: { readonly head: Head; readonly retention: TableRetention; readonly nowMs: number },
  ): { readonly floor: number; readonly sum: TableSum } {
    const entry = entryOf(0, publication);
    const known = this.#entries.get(entry.key);
    const [values, removed] = [new Mix(this.#values), new Mix(this.#removed)];
    let bytes = this.#bytes;
    // What has expired under the old retention does not come back because the new one is longer.
    const expired = Math.max(this.floorAt(nowMs, head.ttlMs), this.floorAt(nowMs, retention.ttlMs, entry.key));
    if (known?.isRemoval === false) {
      values.change(-1, known);
      bytes -= known.bytes;
    } else if (known !== undefined) removed.change(-1, known);
    if (entry.isRemoval) removed.change(1, entry);
    else {
      values.change(1, entry);
      bytes += entry.bytes;
    }
    let floor = expired;
    for (const each of this.#removals.values()) {
      if (each === known) continue;
      if (each.offset > expired && removed.count <= retention.keys) break;
      removed.change(-1, each);
      floor = Math.max(floor, each.offset);
    }
    const sum = {
      keys: values.count,
      bytes,
      values: values.toString(),
      removals: removed.count,
      removed: removed.toString(),
    };
    return { floor, sum };
  }

  /** Everything of a range that the limit allows, ascending. */
  page(range: EntryRange, limit: PageLimit): { readonly entries: readonly Entry[]; readonly more: boolean } {
    const within = [...this.#entries.values()].filter(
      ({ offset, isRemoval }) => offset > range.after && offset < range.before && !(isRemoval && offset <= range.floor),
    );
    if (range.fromEnd) within.reverse();
    let bytes = 0;
    const end = within.findIndex((entry, count) => {
      bytes += entry.bytes;
      return isFull(count, bytes, limit);
    });
    const entries = end < 0 ? within : within.slice(0, end);
    return { entries: range.fromEnd ? entries.reverse() : entries, more: end >= 0 };
  }

  #take(entry: Entry): void {
    this.#entries.delete(entry.key);
    this.#garbage.push(entry.sequence);
    if (this.#removals.delete(entry.key)) return this.#removed.change(-1, entry);
    this.#values.change(-1, entry);
    this.#bytes -= entry.bytes;
  }
}

function entryOf(sequence: number, publication: Publication): Entry {
  const { key = "", offset, id, data, atMs } = publication;
  const isRemoval = publication.removed === true;
  return { key, sequence, offset, id, bytes: data.byteLength, isRemoval, atMs };
}
