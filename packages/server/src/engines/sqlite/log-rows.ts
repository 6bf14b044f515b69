// The publications' rows: appending, reading a page, and finding what has expired.
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Form, PageLimit } from "../../engine/engine.ts";
import { isFull } from "../../engine/ring.ts";
import type { ChannelRow } from "./channels.ts";
import type { StoredPublication } from "./messages.ts";
import { formAt, formNumber, type FoundPublication, isPlain, isSound, whole } from "./soundness.ts";

/** The place of offset `?2` of log `?1`, whose base is `?3`: computed by SQLite, since it does not fit in a double. */
const place = "((?1 << 32) | (?2 - ?3))";

export interface RowRange {
  /** Offsets above this one … */
  readonly after: number;
  /** … up to and including this one. */
  readonly upTo: number;
}

export interface NewRow {
  readonly offset: number;
  readonly id: string;
  readonly atMs: number;
  readonly keptMs: number;
  readonly form: Form;
  readonly meta: string | null;
  readonly data: Uint8Array;
}

interface FoundRow extends FoundPublication {
  readonly offset: number;
}

export interface RowPage {
  readonly publications: readonly StoredPublication[];
  readonly payload: Uint8Array;
  readonly more: boolean;
  /** The last offset at which stands what nobody can have published; 0 where there is none. Of a log, the page is none then. */
  readonly damagedAt: number;
}

export class LogRows {
  readonly #insert: StatementSync;
  readonly #ascending: StatementSync;
  readonly #descending: StatementSync;
  readonly #id: StatementSync;
  readonly #keptMs: StatementSync;
  readonly #delete: StatementSync;

  constructor(database: DatabaseSync) {
    this.#insert = database.prepare(
      // Node before 24.15 makes NULL of no bytes that came from another thread.
      `INSERT INTO log (place, id, at_ms, kept_ms, form, meta, data) VALUES (${place}, ?4, ?5, ?6, ?7, ?8, coalesce(?9, x''))`,
    );
    const range = "place > ((?1 << 32) | (?2 - ?3)) AND place <= ((?1 << 32) | (?4 - ?3))";
    const numbers = `${whole("at_ms")} AS at_ms, ${whole("form")} AS form`;
    const select = `SELECT (place & 4294967295) + ?3 AS offset, id, ${numbers}, meta, data FROM log WHERE ${range}`;
    this.#ascending = database.prepare(`${select} ORDER BY place`);
    this.#descending = database.prepare(`${select} ORDER BY place DESC`);
    this.#id = database.prepare(`SELECT id FROM log WHERE place = ${place}`);
    this.#keptMs = database.prepare(`SELECT ${whole("kept_ms")} AS kept_ms FROM log WHERE place = ${place}`);
    this.#delete = database.prepare(`DELETE FROM log WHERE ${range}`);
  }

  append(row: ChannelRow, added: NewRow): void {
    const { offset, id, atMs, keptMs, form, meta, data } = added;
    this.#insert.run(row.log, offset, row.base, id, atMs, keptMs, formNumber(form), meta, data);
  }

  /** Everything of `range` that the limit allows, from its beginning or, if `fromEnd`, from its end; ascending. */
  page(row: ChannelRow, range: RowRange, order: { readonly limit: PageLimit; readonly fromEnd: boolean }): RowPage {
    const statement = order.fromEnd ? this.#descending : this.#ascending;
    const found: FoundRow[] = [];
    let bytes = 0;
    let more = false;
    for (const values of statement.iterate(row.log, range.after, row.base, range.upTo)) {
      const next = values as unknown as FoundRow;
      if (isFull(found.length, bytes + next.data.byteLength, order.limit)) {
        more = true;
        break;
      }
      bytes += next.data.byteLength;
      found.push(next);
    }
    if (order.fromEnd) found.reverse();
    const damagedAt = found.findLast((each) => !isSound(each))?.offset ?? 0;
    return { publications: this.#describe(row, found), payload: joined(found), more, damagedAt };
  }

  /** The offset up to which everything has expired at `nowMs`; times ascend with offsets, so it is found by halving. */
  expiredUpTo(row: ChannelRow, nowMs: number): number {
    const isExpired = (offset: number): boolean => nowMs - this.#keptSince(row, offset, nowMs) >= row.ttlMs;
    if (row.floor >= row.top || !isExpired(row.floor + 1)) return row.floor;
    let low = row.floor + 1;
    let high = row.top + 1;
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (isExpired(middle)) low = middle;
      else high = middle;
    }
    return low;
  }

  /** When the oldest one that is shown was appended; `null` when none is. */
  oldestMs(row: ChannelRow): number | null {
    return row.floor >= row.top ? null : this.#keptSince(row, row.floor + 1, row.writtenMs);
  }

  delete(row: ChannelRow, range: RowRange): void {
    this.#delete.run(row.log, range.after, row.base, range.upTo);
  }

  #keptSince(row: ChannelRow, offset: number, otherwise: number): number {
    const value = this.#keptMs.get(row.log, offset, row.base)?.["kept_ms"];
    return typeof value === "number" ? value : otherwise;
  }

  #describe(row: ChannelRow, found: readonly FoundRow[]): StoredPublication[] {
    let previousId: string | null = null;
    const first = found[0]?.offset ?? 0;
    if (first > 1 && first - 1 > row.purged) {
      const id = this.#id.get(row.log, first - 1, row.base)?.["id"];
      if (isPlain(id)) previousId = id;
    }
    return found.map(({ offset, id, at_ms: atMs, form, meta, data }) => {
      const bytes = data.byteLength;
      const described = {
        id,
        offset,
        previousId,
        form: formAt(form ?? 0),
        meta,
        atMs: atMs ?? 0,
        bytes,
      };
      previousId = id;
      return described;
    });
  }
}

/** One buffer to hand over, rather than one per publication. */
export function joined(found: readonly Pick<FoundRow, "data">[]): Uint8Array {
  const payload = new Uint8Array(found.reduce((bytes, { data }) => bytes + data.byteLength, 0));
  let at = 0;
  for (const { data } of found) {
    payload.set(data, at);
    at += data.byteLength;
  }
  return payload;
}
