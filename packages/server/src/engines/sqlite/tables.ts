// The tables' rows: the newest publication of each key, and what was removed not long ago.
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { PageLimit } from "../../engine/engine.ts";
import { isFull } from "../../engine/ring.ts";
import { fullness } from "../../engine/slots.ts";
import type { ChannelRow } from "./channels.ts";
import type { StoredPublication } from "./messages.ts";
import { joined, type NewRow, type RowPage, type RowRange } from "./log-rows.ts";
import { formAt, formNumber, type FoundValue, isSoundValue, whole } from "./soundness.ts";

/** What a table holds: counted once, then kept up. */
interface Fill {
  keys: number;
  bytes: number;
  removals: number;
}

export interface NewSlot extends NewRow {
  readonly key: string;
  readonly previousId: string | null;
  readonly isRemoval: boolean;
}

interface FoundSlot extends FoundValue {
  readonly offset: number;
}

/** Counts kept in memory; above, all are let go at once and made again. */
const maxCounted = 10_000;

export class Tables {
  readonly #fills = new Map<number, Fill>();
  readonly #count: StatementSync;
  readonly #find: StatementSync;
  readonly #put: StatementSync;
  readonly #ascending: StatementSync;
  readonly #descending: StatementSync;
  readonly #expired: StatementSync;
  readonly #oldest: StatementSync;
  readonly #excess: StatementSync;
  readonly #forget: StatementSync;

  constructor(database: DatabaseSync) {
    this.#count = database.prepare(
      "SELECT count(*) FILTER (WHERE removed = 0) AS keys, count(*) FILTER (WHERE removed = 1) AS removals, " +
        "coalesce(sum(length(data)) FILTER (WHERE removed = 0), 0) AS bytes FROM slots WHERE log = ?1",
    );
    this.#find = database.prepare(
      `SELECT ${whole("removed")} AS removed, length(data) AS bytes FROM slots WHERE log = ?1 AND key = ?2`,
    );
    this.#put = database.prepare(
      "INSERT OR REPLACE INTO slots (log, version, key, removed, id, previous_id, at_ms, kept_ms, form, meta, data) " +
        // Node before 24.15 makes NULL of no bytes that came from another thread.
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, coalesce(?11, x''))",
    );
    const select =
      `SELECT version AS offset, key, ${whole("removed")} AS removed, id, previous_id, ${whole("at_ms")} AS at_ms, ` +
      `${whole("form")} AS form, meta, data FROM slots ` +
      "WHERE log = ?1 AND version > ?2 AND version <= ?3 AND (removed = 0 OR version > ?4) ORDER BY version";
    this.#ascending = database.prepare(select);
    this.#descending = database.prepare(`${select} DESC`);
    const removals = "FROM slots WHERE log = ?1 AND removed = 1";
    this.#expired = database.prepare(`SELECT ${whole("max(version)")} AS version ${removals} AND kept_ms <= ?2`);
    this.#oldest = database.prepare(`SELECT ${whole("min(kept_ms)")} AS kept_ms ${removals} AND version > ?2`);
    this.#excess = database.prepare(
      `SELECT ${whole("version")} AS version ${removals} ORDER BY kept_ms, version LIMIT 1 OFFSET ?2`,
    );
    this.#forget = database.prepare(`DELETE ${removals} AND version <= ?2`);
  }

  /** Keys that have a value. */
  keysOf(row: ChannelRow): number {
    return this.#fill(row).keys;
  }

  hasValue(row: ChannelRow, key: string): boolean {
    return row.isTable && this.#find.get(row.log, key)?.["removed"] === 0;
  }

  /** Why a value of `bytes` does not fit, or `null`. */
  problem(
    row: ChannelRow,
    value: { readonly key: string; readonly bytes: number },
    limits: { readonly keys: number; readonly bytes: number },
  ): string | null {
    const before = this.#fill(row);
    const known = this.#valueBytes(row, value.key);
    const keys = before.keys + (known === null ? 1 : 0);
    return fullness(before, { keys, bytes: before.bytes + value.bytes - (known ?? 0) }, limits);
  }

  /** Supersedes what its key had. */
  put(row: ChannelRow, slot: NewSlot): void {
    const { offset, key, isRemoval, id, previousId, atMs, keptMs, form, meta, data } = slot;
    const fill = this.#fill(row);
    const found = this.#find.get(row.log, key);
    if (found?.["removed"] === 1) fill.removals -= 1;
    if (found?.["removed"] === 0) {
      fill.keys -= 1;
      fill.bytes -= found["bytes"] as number;
    }
    const removed = isRemoval ? 1 : 0;
    this.#put.run(row.log, offset, key, removed, id, previousId, atMs, keptMs, formNumber(form), meta, data);
    if (isRemoval) fill.removals += 1;
    else {
      fill.keys += 1;
      fill.bytes += data.byteLength;
    }
  }

  /** The floor at `nowMs`: the newest removal that is as old as the ttl, or was forgotten before. */
  floor(row: ChannelRow, nowMs: number): number {
    const version = this.#expired.get(row.log, nowMs - row.ttlMs)?.["version"];
    return Math.max(row.floor, typeof version === "number" ? version : 0);
  }

  /** Forgets removals up to the row's floor, and those above its size in number, which raises the floor. */
  trim(row: ChannelRow): void {
    const fill = this.#fill(row);
    if (fill.removals > row.size) {
      const version = this.#excess.get(row.log, fill.removals - row.size - 1)?.["version"];
      if (typeof version === "number") row.floor = Math.max(row.floor, version);
    }
    const { changes } = this.#forget.run(row.log, row.floor);
    fill.removals -= Number(changes);
  }

  /** When the oldest removal that is shown was made; `null` when there is none. */
  oldestMs(row: ChannelRow): number | null {
    const keptMs = this.#oldest.get(row.log, row.floor)?.["kept_ms"];
    return typeof keptMs === "number" ? keptMs : null;
  }

  /** Everything of `range` that the limit allows, from its beginning or, if `fromEnd`, from its end; ascending. */
  page(
    row: ChannelRow,
    range: RowRange & { readonly floor: number },
    order: { readonly limit: PageLimit; readonly fromEnd: boolean },
  ): RowPage {
    const statement = order.fromEnd ? this.#descending : this.#ascending;
    const found: FoundSlot[] = [];
    let bytes = 0;
    let more = false;
    for (const values of statement.iterate(row.log, range.after, range.upTo, range.floor)) {
      const next = values as unknown as FoundSlot;
      more = isFull(found.length, bytes + next.data.byteLength, order.limit);
      if (more) break;
      bytes += next.data.byteLength;
      found.push(next);
    }
    if (order.fromEnd) found.reverse();
    // What nobody can have published is left out: a table may have holes, and the key's next value takes its place.
    const damagedAt = found.findLast((each) => !isSoundValue(each))?.offset ?? 0;
    const sound = damagedAt === 0 ? found : found.filter(isSoundValue);
    return { publications: sound.map(described), payload: joined(sound), more, damagedAt };
  }

  /** After a rollback, or when many were counted. */
  reload(): void {
    this.#fills.clear();
  }

  #valueBytes(row: ChannelRow, key: string): number | null {
    const found = this.#find.get(row.log, key);
    return found?.["removed"] === 0 ? (found["bytes"] as number) : null;
  }

  #fill(row: ChannelRow): Fill {
    let fill = this.#fills.get(row.log);
    if (fill === undefined) {
      if (this.#fills.size >= maxCounted) this.#fills.clear();
      fill = { ...(this.#count.get(row.log) as unknown as Fill) };
      this.#fills.set(row.log, fill);
    }
    return fill;
  }
}

function described({ offset, key, removed, id, form, meta, data, ...rest }: FoundSlot): StoredPublication {
  const { at_ms: atMs, previous_id: previousId } = rest;
  const common = { id, offset, previousId, form: formAt(form ?? 0), meta, atMs: atMs ?? 0 };
  return { ...common, bytes: data.byteLength, key, removed: removed === 1 };
}
