// The channels' rows: under which epoch each one stands, and how far. No (epoch, offset) is ever used twice (S1).
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Top } from "./messages.ts";
import type { Damage } from "./damage.ts";
import { Facts } from "./facts.ts";
import { placesPerLog } from "./schema.ts";
import { isPlain, whole } from "./soundness.ts";

export interface ChannelRow {
  readonly id: number;
  readonly name: string;
  epoch: string;
  /** Which default epoch was in force when the channel's first epoch was fixed. */
  readonly reign: number;
  /** The number under which its publications stand in the table `log`. */
  log: number;
  /** Place n of the log holds offset `base` + n. */
  base: number;
  top: number;
  /** Its rows are in `slots`, not in `log`; `size` is then how many keys and removals it may have. */
  isTable: boolean;
  /** The id of the newest publication, also when it is no longer kept. */
  topId: string | null;
  /** Everything up to this offset is no longer shown. */
  floor: number;
  /** Everything up to this offset is deleted; what is between it and `floor` is on its way out. */
  purged: number;
  size: number;
  ttlMs: number;
  writtenMs: number;
  /** When the purge should look at it. */
  dueMs: number;
}

/** A channel nobody wrote to for this long, or for ten times its ttl if that is longer, is forgotten. */
export const idleMs: number = 30 * 86_400_000;

/** Rows kept in memory; above, all are let go at once, since they are read again at 5 µs each. */
const maxCached = 50_000;

/** What was never written to. */
const unwritten = {
  base: 0,
  top: 0,
  topId: null,
  floor: 0,
  purged: 0,
  isTable: false,
  size: 0,
  ttlMs: 0,
  writtenMs: 0,
  dueMs: 0,
} as const;

/**
 * A channel without a row has the default epoch and offset 0; its row begins under that epoch. When a row is deleted
 * the channel falls back to the default, which therefore has to be one it never wrote under: if the row began in the
 * reign of the present default, the default changes. So the default changes at most once in `idleMs`.
 */
export class Channels {
  readonly #facts: Facts;
  readonly #newEpoch: string;
  readonly #damage: Damage;
  #renewals = 0;
  readonly #cache = new Map<string, ChannelRow>();
  readonly #dirty = new Set<ChannelRow>();
  /** The followed channels; those without a row with the default epoch that their followers were told. */
  readonly #followed = new Map<string, { readonly epoch: string; readonly reign: number } | null>();
  readonly #find: StatementSync;
  readonly #insert: StatementSync;
  readonly #update: StatementSync;
  readonly #delete: StatementSync;
  readonly #drop: StatementSync;
  #defaultEpoch: string;
  #reign: number;
  #nextLog: number;
  /** What the database says of it. */
  #savedLog: number;

  /** @param newEpoch For a database that is new. Called inside a transaction. */
  constructor(database: DatabaseSync, newEpoch: string, damage: Damage) {
    this.#newEpoch = newEpoch;
    this.#damage = damage;
    this.#facts = new Facts(database);
    this.#find = database.prepare(`SELECT ${columns} FROM channels WHERE name = ?1`);
    this.#insert = database.prepare(
      "INSERT INTO channels (name, epoch, reign, log, base, top, floor, purged, size, ttl_ms, written_ms, due_ms) " +
        "VALUES (?1, ?2, ?3, ?4, 0, 0, 0, 0, 0, 0, ?5, ?6)",
    );
    this.#update = database.prepare(
      "UPDATE channels SET epoch = ?2, log = ?3, base = ?4, top = ?5, top_id = ?6, floor = ?7, purged = ?8, " +
        "size = ?9, ttl_ms = ?10, written_ms = ?11, due_ms = ?12, is_table = ?13 WHERE id = ?1",
    );
    this.#delete = database.prepare("DELETE FROM channels WHERE id = ?1");
    this.#drop = database.prepare("INSERT INTO dropped (log) VALUES (?1)");
    if (this.#facts.text("default_epoch") === null) this.#facts.set("default_epoch", newEpoch);
    this.#defaultEpoch = this.#facts.text("default_epoch") ?? newEpoch;
    this.#reign = this.#facts.number("reign") ?? 0;
    this.#nextLog = this.#facts.number("next_log") ?? 1;
    this.#savedLog = this.#nextLog;
  }

  find(name: string): ChannelRow | null {
    const cached = this.#cache.get(name);
    if (cached !== undefined) return cached;
    const values = this.#find.get(name);
    return values === undefined ? null : this.#keep(rowOf(values) ?? this.#renewed(values, name));
  }

  top(name: string): Top {
    const row = this.find(name);
    if (row !== null) return { epoch: row.epoch, offset: row.top, isOwn: true };
    return { epoch: this.#followed.get(name)?.epoch ?? this.#defaultEpoch, offset: 0, isOwn: false };
  }

  forWriting(name: string, nowMs: number): ChannelRow {
    const known = this.find(name);
    if (known !== null) {
      this.#dirty.add(known);
      return known;
    }
    const held = this.#followed.get(name) ?? { epoch: this.#defaultEpoch, reign: this.#reign };
    const log = this.#takeLog();
    const dueMs = nowMs + idleMs;
    const { lastInsertRowid } = this.#insert.run(name, held.epoch, held.reign, log, nowMs, dueMs);
    const id = Number(lastInsertRowid);
    const kept = this.#keep({ ...unwritten, ...held, id, name, log, writtenMs: nowMs, dueMs });
    this.#dirty.add(kept);
    return kept;
  }

  /** Leaves what the log holds to the purge and goes on, at the same top, in an empty one. */
  startLog(row: ChannelRow): void {
    this.#drop.run(row.log);
    Object.assign(row, { log: this.#takeLog(), base: row.top, floor: row.top, purged: row.top });
    this.#dirty.add(row);
  }

  /** Its epoch is fixed from now on: a default that changes must not look like a break to those who listen already. */
  follow(name: string): Top {
    const top = this.top(name);
    this.#followed.set(name, top.isOwn ? null : { epoch: top.epoch, reign: this.#reign });
    return top;
  }

  unfollow(name: string): void {
    this.#followed.delete(name);
  }

  /** @returns Whether it was forgotten, which it is not while somebody follows it. */
  forget(row: ChannelRow, newEpoch: string): boolean {
    if (this.#followed.has(row.name)) return false;
    this.#delete.run(row.id);
    this.#drop.run(row.log);
    this.#cache.delete(row.name);
    this.#dirty.delete(row);
    if (row.reign !== this.#reign) return true;
    this.#reign += 1;
    this.#defaultEpoch = newEpoch;
    this.#facts.set("reign", this.#reign);
    this.#facts.set("default_epoch", newEpoch);
    return true;
  }

  touch(row: ChannelRow): void {
    this.#dirty.add(row);
  }

  /** Writes what was changed; one row a channel, however many publications it got. */
  save(): void {
    if (this.#nextLog !== this.#savedLog) this.#facts.set("next_log", this.#nextLog);
    for (const row of this.#dirty) {
      const { id, epoch, log, base, top, topId, floor, purged, size, ttlMs, writtenMs, dueMs } = row;
      const isTable = row.isTable ? 1 : 0;
      this.#update.run(id, epoch, log, base, top, topId, floor, purged, size, ttlMs, writtenMs, dueMs, isTable);
    }
    this.#dirty.clear();
  }

  /** After a commit. */
  settle(): void {
    this.#savedLog = this.#nextLog;
    if (this.#cache.size > maxCached) this.#cache.clear();
  }

  /** After a rollback: what is in memory is no longer what is in the database. */
  reload(): void {
    this.#dirty.clear();
    this.#cache.clear();
    this.#defaultEpoch = this.#facts.text("default_epoch") ?? this.#defaultEpoch;
    this.#reign = this.#facts.number("reign") ?? 0;
    this.#nextLog = this.#savedLog;
  }

  #takeLog(): number {
    const log = this.#nextLog;
    this.#nextLog += 1;
    return log;
  }

  /** In the place of a row that says what cannot be: under an epoch of its own, with nothing kept. */
  #renewed(values: Values, name: string): ChannelRow {
    const { id, reign } = values;
    if (typeof id !== "number") throw new Error("the row of a channel has a number that is out of range");
    this.#damage.found(name);
    this.#renewals += 1;
    const row: ChannelRow = {
      id,
      name,
      epoch: `${this.#newEpoch}-${this.#renewals}`,
      reign: typeof reign === "number" ? reign : this.#reign,
      // What its log holds is not deleted: it may be another channel's.
      log: this.#takeLog(),
      ...unwritten,
    };
    this.#dirty.add(row);
    return row;
  }

  #keep(row: ChannelRow): ChannelRow {
    this.#cache.set(row.name, row);
    return row;
  }
}

const numbers = "id reign log base top floor purged size ttl_ms written_ms due_ms is_table".split(" ");
const columns = `name, epoch, top_id, ${numbers.map((column) => `${whole(column)} AS ${column}`).join(", ")}`;

type Values = Readonly<Record<string, unknown>>;

/** `null` for what this engine cannot have written. That texts are texts, the schema promises (STRICT). */
function rowOf(values: Values): ChannelRow | null {
  if (numbers.some((column) => values[column] === null)) return null;
  const row: ChannelRow = {
    id: values["id"] as number,
    name: values["name"] as string,
    epoch: values["epoch"] as string,
    reign: values["reign"] as number,
    log: values["log"] as number,
    base: values["base"] as number,
    top: values["top"] as number,
    isTable: values["is_table"] === 1,
    topId: values["top_id"] as string | null,
    floor: values["floor"] as number,
    purged: values["purged"] as number,
    size: values["size"] as number,
    ttlMs: values["ttl_ms"] as number,
    writtenMs: values["written_ms"] as number,
    dueMs: values["due_ms"] as number,
  };
  return isSound(row) ? row : null;
}

function isSound({ epoch, topId, log, base, top, floor, purged, size, ttlMs }: ChannelRow): boolean {
  if (!isPlain(epoch) || !(topId === null || isPlain(topId))) return false;
  const ascending = [0, base, purged, floor, top];
  if (ascending.some((offset, index) => offset < (ascending[index - 1] ?? 0))) return false;
  return log > 0 && log < placesPerLog / 2 && top - base < placesPerLog && size >= 0 && ttlMs >= 0;
}
