// Deletes what nobody can read any more, a bounded part at a time: between two steps publishes go on.
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Clock } from "../../ports/clock.ts";
import { type ChannelRow, type Channels, idleMs } from "./channels.ts";
import type { KeyRows } from "./key-rows.ts";
import type { LogRows } from "./log-rows.ts";
import type { Tables as SlotTables } from "./tables.ts";

export interface Purged {
  /** Whether another step would find something. */
  readonly more: boolean;
  /** Whether a channel lost its own epoch. */
  readonly forgot: boolean;
}

export interface Tables {
  readonly channels: Channels;
  readonly log: LogRows;
  readonly slots: SlotTables;
  readonly keys: KeyRows;
}

/** A step ends after this long, so that publishes wait no longer for it than for a commit. */
const stepMs = 10;
/** What is done between two looks at the clock. */
const rowsAtOnce = 100;
const channelsAtOnce = 20;
const keysAtOnce = 2_000;

export class Purge {
  readonly #clock: Clock;
  readonly #tables: Tables;
  readonly #due: StatementSync;
  readonly #dropped: StatementSync;
  readonly #deleteRows: StatementSync;
  readonly #deleteSlots: StatementSync;
  readonly #forgetDropped: StatementSync;

  constructor(database: DatabaseSync, tables: Tables, clock: Clock) {
    this.#clock = clock;
    this.#tables = tables;
    this.#due = database.prepare("SELECT name FROM channels WHERE due_ms <= ?1 ORDER BY due_ms LIMIT ?2");
    this.#dropped = database.prepare("SELECT log FROM dropped LIMIT 1");
    this.#deleteRows = database.prepare(
      "DELETE FROM log WHERE place IN " +
        "(SELECT place FROM log WHERE place >= (?1 << 32) AND place < ((?1 + 1) << 32) LIMIT ?2)",
    );
    this.#deleteSlots = database.prepare(
      "DELETE FROM slots WHERE rowid IN (SELECT rowid FROM slots WHERE log = ?1 LIMIT ?2)",
    );
    this.#forgetDropped = database.prepare("DELETE FROM dropped WHERE log = ?1");
  }

  /** Within a transaction of the caller. */
  step(nowMs: number, newEpoch: string): Purged {
    const endMs = this.#clock.now() + stepMs;
    const mayGoOn = (): boolean => this.#clock.now() < endMs;
    const moreKeys = this.#tables.keys.forget(nowMs, keysAtOnce);
    let forgot = false;
    for (let moreDue = true; moreDue;) {
      const visited = this.#visitDue(nowMs, newEpoch, mayGoOn);
      forgot ||= visited.forgot;
      moreDue = visited.more;
      if (!mayGoOn()) return { more: true, forgot };
    }
    while (this.#deleteDropped()) {
      if (!mayGoOn()) return { more: true, forgot };
    }
    return { more: moreKeys, forgot };
  }

  #visitDue(nowMs: number, newEpoch: string, mayGoOn: () => boolean): Purged {
    const due = this.#due.all(nowMs, channelsAtOnce);
    let forgot = false;
    for (const values of due) {
      // Through the cache: the row there is the one that appends change.
      const row = this.#tables.channels.find(values["name"] as string);
      if (row === null) continue;
      // Values of a table do not expire.
      const hasValues = row.isTable && this.#tables.slots.keysOf(row) > 0;
      const isIdle = !hasValues && nowMs - row.writtenMs >= Math.max(idleMs, 10 * row.ttlMs);
      if (isIdle && this.#tables.channels.forget(row, newEpoch)) forgot = true;
      else if (!this.#deleteExpired(row, nowMs, mayGoOn)) return { more: true, forgot };
    }
    // At once: with the old due times the next look would find the same channels again.
    this.#tables.channels.save();
    return { more: due.length === channelsAtOnce, forgot };
  }

  /** @returns Whether all of it was deleted. */
  #deleteExpired(row: ChannelRow, nowMs: number, mayGoOn: () => boolean): boolean {
    const { channels, log, slots } = this.#tables;
    row.floor = row.isTable ? slots.floor(row, nowMs) : log.expiredUpTo(row, nowMs);
    channels.touch(row);
    if (row.isTable) {
      slots.trim(row);
      row.purged = row.floor;
    }
    while (row.purged < row.floor) {
      const upTo = Math.min(row.floor, row.purged + rowsAtOnce);
      log.delete(row, { after: row.purged, upTo });
      row.purged = upTo;
      if (!mayGoOn()) return false;
    }
    const oldestMs = row.isTable ? slots.oldestMs(row) : log.oldestMs(row);
    const emptyMs = Math.max(nowMs, row.writtenMs + Math.max(idleMs, 10 * row.ttlMs));
    row.dueMs = oldestMs === null ? emptyMs : oldestMs + row.ttlMs;
    // A followed channel stays however idle it is; once an idle time is often enough to look again.
    if (row.dueMs <= nowMs) row.dueMs = nowMs + idleMs;
    return true;
  }

  /** @returns Whether there may be more. */
  #deleteDropped(): boolean {
    const log = this.#dropped.get()?.["log"];
    if (typeof log !== "number") return false;
    const changes = [this.#deleteRows, this.#deleteSlots].map((rows) => Number(rows.run(log, rowsAtOnce).changes));
    if (changes.every((deleted) => deleted < rowsAtOnce)) this.#forgetDropped.run(log);
    return true;
  }
}
