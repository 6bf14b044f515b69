// The idempotency keys: rows in the order of use, and an index of them in memory (P4).
import { hash } from "node:crypto";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { keyWindowMs } from "../key-window.ts";

/**
 * Keys remembered at once, of all channels together. Above, the oldest are forgotten early; to get there takes 13,000
 * publishes with a key every second for five minutes. The index takes 50 bytes a key.
 */
const maxKeys = 4_000_000;

/** Expired rows deleted for each new one: more than one, so that a backlog shrinks. */
const deletedPerKey = 2;

export interface KeyRow {
  readonly digest: string;
  readonly epoch: string;
  readonly offset: number;
  readonly id: string;
  readonly previousId: string | null;
  readonly atMs: number;
}

export interface ChannelKey {
  /** The channel's row id: keys outlive a `clear`. */
  readonly channel: number;
  readonly key: string;
}

interface Entry {
  readonly mark: number;
  readonly sequence: number;
}

/**
 * The index maps a 30-bit mark of channel and key to the row's number, or to several on a collision; what it finds is
 * then looked at in the database. A key that is new, as nearly all are, costs no look-up there.
 */
export class KeyRows {
  readonly #secret: string;
  readonly #index = new Map<number, number | readonly number[]>();
  readonly #insert: StatementSync;
  readonly #find: StatementSync;
  readonly #oldest: StatementSync;
  readonly #delete: StatementSync;
  #next = 1;
  #count = 0;
  /** Since the last commit. */
  #added: Entry[] = [];

  /** @param secret What clients cannot guess: they choose the keys, and must not be able to choose the marks. */
  constructor(database: DatabaseSync, secret: string, nowMs: number) {
    this.#secret = secret;
    this.#insert = database.prepare(
      "INSERT INTO keys (sequence, used_ms, channel, key, digest, epoch, offset, id, previous_id, at_ms) " +
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    );
    this.#find = database.prepare(
      "SELECT digest, epoch, offset, id, previous_id, at_ms FROM keys " +
        "WHERE sequence = ?1 AND used_ms > ?2 AND channel = ?3 AND key = ?4",
    );
    this.#oldest = database.prepare("SELECT sequence, used_ms, channel, key FROM keys ORDER BY sequence LIMIT ?1");
    this.#delete = database.prepare("DELETE FROM keys WHERE sequence <= ?1");
    // Those that are too old are left to `forget`: a database on a full disk must open without a write.
    const all = database.prepare("SELECT sequence, used_ms, channel, key FROM keys ORDER BY sequence");
    for (const values of all.iterate()) {
      const row = values as { sequence: number; used_ms: number; channel: number; key: string };
      if (nowMs - row.used_ms < keyWindowMs) this.#enter({ mark: this.#markOf(row), sequence: row.sequence });
      this.#next = row.sequence + 1;
    }
  }

  find(where: ChannelKey, nowMs: number): KeyRow | null {
    const entered = this.#index.get(this.#markOf(where));
    if (entered === undefined) return null;
    for (const sequence of typeof entered === "number" ? [entered] : entered) {
      const row = this.#find.get(sequence, nowMs - keyWindowMs, where.channel, where.key);
      if (row !== undefined) return keyRowOf(row);
    }
    return null;
  }

  /** A key that is still remembered must not be added again. */
  add(where: ChannelKey, row: KeyRow, nowMs: number): void {
    const entry = { mark: this.#markOf(where), sequence: this.#next };
    const { digest, epoch, offset, id, previousId, atMs } = row;
    this.#insert.run(entry.sequence, nowMs, where.channel, where.key, digest, epoch, offset, id, previousId, atMs);
    this.#next += 1;
    this.#enter(entry);
    this.#added.push(entry);
  }

  /** Before a commit: forgets old keys in proportion to the new ones. */
  trim(nowMs: number): void {
    if (this.#added.length > 0) this.forget(nowMs, this.#added.length * deletedPerKey);
  }

  /** Forgets at most `limit` keys that are too old or too many. @returns Whether there may be more of them. */
  forget(nowMs: number, limit: number): boolean {
    let last = 0;
    let forgotten = 0;
    for (const values of this.#oldest.all(limit)) {
      const row = values as { sequence: number; used_ms: number; channel: number; key: string };
      if (nowMs - row.used_ms < keyWindowMs && this.#count <= maxKeys) break;
      this.#leave({ mark: this.#markOf(row), sequence: row.sequence });
      last = row.sequence;
      forgotten += 1;
    }
    if (last > 0) this.#delete.run(last);
    return forgotten === limit;
  }

  /** After a commit. */
  settle(): void {
    this.#added = [];
  }

  /** After a rollback. Expired rows that it brought back are found again by the next `forget`. */
  reload(): void {
    for (const entry of this.#added) this.#leave(entry);
    this.#next -= this.#added.length;
    this.#added = [];
  }

  #enter({ mark, sequence }: Entry): void {
    const others = this.#index.get(mark) ?? [];
    const list = typeof others === "number" ? [others] : others;
    this.#index.set(mark, list.length === 0 ? sequence : [...list, sequence]);
    this.#count += 1;
  }

  #leave({ mark, sequence }: Entry): void {
    const entered = this.#index.get(mark);
    if (entered === undefined) return;
    const rest = (typeof entered === "number" ? [entered] : entered).filter((other) => other !== sequence);
    const [only] = rest;
    if (only === undefined) this.#index.delete(mark);
    else this.#index.set(mark, rest.length === 1 ? only : rest);
    this.#count -= 1;
  }

  #markOf({ channel, key }: ChannelKey): number {
    return hash("sha1", `${this.#secret} ${channel} ${key}`, "buffer").readUInt32LE() >>> 2;
  }
}

function keyRowOf(values: Readonly<Record<string, unknown>>): KeyRow {
  return {
    digest: values["digest"] as string,
    epoch: values["epoch"] as string,
    offset: values["offset"] as number,
    id: values["id"] as string,
    previousId: values["previous_id"] as string | null,
    atMs: values["at_ms"] as number,
  };
}
