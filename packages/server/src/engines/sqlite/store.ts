// The log in the database: what one batch appends is one transaction. Runs in the worker, synchronously.
import type { DatabaseSync } from "node:sqlite";
import type { Form, PageLimit, PageStart } from "../../engine/engine.ts";
import type { Clock } from "../../ports/clock.ts";
import { reasonOf } from "../../ports/log.ts";
import { type ChannelRow, Channels } from "./channels.ts";
import { Damage } from "./damage.ts";
import { openDatabase, outageOf } from "./database.ts";
import { Facts } from "./facts.ts";
import { Incarnation } from "./incarnation.ts";
import { KeyRows } from "./key-rows.ts";
import { LogRows } from "./log-rows.ts";
import { placesPerLog } from "./schema.ts";
import { Mark } from "./mark.ts";
import { nothing } from "../payload.ts";
import type {
  Appended,
  AppendRequest,
  Failed,
  OrderedAnswer,
  OrderedRequest,
  PageAnswer,
  RemoveRequest,
  SetRequest,
  Top,
  WorkerOptions,
} from "./messages.ts";
import { Purge, type Purged } from "./purge.ts";
import { Tables } from "./tables.ts";

/** An ordered request with its payload. */
export interface Written {
  readonly request: OrderedRequest;
  readonly data: Uint8Array;
}

/** Deleted rows per channel and append are between these: a delete costs the same for one row or some. */
const deleteAtLeast = 32;
const deleteAtMost = 2_000;

export class Store {
  readonly #database: DatabaseSync;
  readonly #facts: Facts;
  readonly #channels: Channels;
  readonly #log: LogRows;
  readonly #tables: Tables;
  readonly #keys: KeyRows;
  readonly #purge: Purge;
  readonly #mark: Mark;
  readonly #incarnation: Incarnation;
  /** Whether the database was not what it had been, so that all epochs have ended (S8). */
  readonly wentBack: boolean;
  readonly #damage = new Damage();
  readonly #startMs: number;
  #nowMs: number;

  /**
   * @param clock Only to keep purges short; what time it is comes with the batches.
   * @throws {Error} in words for the operator.
   */
  constructor(options: WorkerOptions, clock: Clock) {
    const database = openDatabase(options);
    this.#database = database;
    this.#mark = new Mark(`${options.path}-mark`);
    database.exec("BEGIN IMMEDIATE");
    this.#facts = new Facts(database);
    this.#incarnation = new Incarnation(this.#facts, this.#mark, options.newEpoch);
    this.wentBack = this.#facts.text("default_epoch") !== null && this.#incarnation.wentBack();
    if (this.wentBack) this.#incarnation.fence(database);
    // A wall clock that was set back must not make what is stored look younger, so time goes on from where it was.
    this.#startMs = Math.max(Math.floor(options.wallMs), this.#facts.number("steady_ms") ?? 0);
    this.#nowMs = this.#startMs;
    this.#channels = new Channels(database, options.newEpoch, this.#damage);
    this.#log = new LogRows(database);
    this.#tables = new Tables(database);
    this.#keys = new KeyRows(database, options.secret, this.#nowMs);
    const tables = { channels: this.#channels, log: this.#log, slots: this.#tables, keys: this.#keys };
    this.#purge = new Purge(database, tables, clock);
    database.exec("COMMIT");
    if (this.wentBack) this.#incarnation.committed();
  }

  /** Sets the time, as milliseconds since the start; times that go back are ignored. */
  at(elapsedMs: number): void {
    this.#nowMs = Math.max(this.#nowMs, this.#startMs + Math.floor(elapsedMs));
  }

  /** All of it is committed, or all of it failed. A request that is refused for itself changes nothing for others. */
  write(batch: readonly Written[]): readonly OrderedAnswer[] {
    if (batch.length === 0) return [];
    let isCommitting = false;
    try {
      this.#database.exec("BEGIN IMMEDIATE");
      const answers = batch.map((written) => this.#obey(written));
      this.#keys.trim(this.#nowMs);
      this.#channels.save();
      const hasWritten = answers.some(({ kind }) => kind === "appended" || kind === "cleared");
      if (hasWritten) this.#incarnation.count();
      isCommitting = true;
      this.#database.exec("COMMIT");
      if (hasWritten) this.#incarnation.committed();
      this.#channels.settle();
      this.#keys.settle();
      return answers;
    } catch (thrown) {
      this.#rollBack();
      const failed = refusalOf(thrown, isCommitting);
      // Not the store but one of the requests: alone, it fails alone.
      if (failed.outage === null && batch.length > 1) return batch.flatMap((written) => this.write([written]));
      return batch.map(({ request }) => (request.kind === "pass" ? this.#pass(request.channel) : failed));
    }
  }

  read(channel: string, start: PageStart, limit: PageLimit): PageAnswer {
    const { epoch, offset } = this.#channels.top(channel);
    const top = { epoch, offset };
    const row = this.#channels.find(channel);
    const empty = { kind: "page", publications: [], payload: new Uint8Array(0), top, more: false } as const;
    if (row === null) return { ...empty, floor: 0 };
    const floor = row.isTable ? this.#tables.floor(row, this.#nowMs) : this.#log.expiredUpTo(row, this.#nowMs);
    const from = typeof start === "string" ? top : "after" in start ? start.after : start.before;
    if (from.epoch !== top.epoch) return { ...empty, floor };
    const least = row.isTable ? 0 : floor;
    const after = typeof start === "object" && "after" in start ? Math.max(least, start.after.offset) : least;
    const upTo =
      typeof start === "object" && "before" in start ? Math.min(top.offset, start.before.offset - 1) : top.offset;
    if (after >= upTo) return { ...empty, floor };
    const fromEnd = start === "newest" || (typeof start === "object" && "before" in start);
    const order = { limit, fromEnd };
    const page = row.isTable
      ? this.#tables.page(row, { after, upTo, floor }, order)
      : this.#log.page(row, { after, upTo }, order);
    if (page.damagedAt > row.floor) {
      // It is as if all of it up to there had expired: whoever has less is told of a gap.
      row.floor = page.damagedAt;
      this.#channels.touch(row);
      this.#damage.found(channel);
      return this.read(channel, start, limit);
    }
    const { publications, payload, more } = page;
    return { kind: "page", publications, payload, more, top, floor };
  }

  /** Channels that were found to hold what cannot have been published, since it was asked last. */
  takeDamaged(): readonly string[] {
    return this.#damage.take();
  }

  top(channel: string): Top {
    return this.#channels.top(channel);
  }

  follow(channel: string): Top {
    return this.#channels.follow(channel);
  }

  unfollow(channel: string): void {
    this.#channels.unfollow(channel);
  }

  /** Deletes a bounded part of what has expired, and remembers the time. */
  purge(newEpoch: string): Purged {
    try {
      this.#database.exec("BEGIN IMMEDIATE");
      this.#mark.sync();
      this.#facts.set("steady_ms", this.#nowMs);
      const purged = this.#purge.step(this.#nowMs, newEpoch);
      this.#channels.save();
      this.#database.exec("COMMIT");
      this.#channels.settle();
      this.#keys.settle();
      return purged;
    } catch (thrown) {
      this.#rollBack();
      throw thrown;
    }
  }

  /** Writes what needs new pages, and takes it back. @throws when the store does not take it. */
  probe(): void {
    const place = -1;
    const columns = "(place, id, at_ms, kept_ms, form, data)";
    try {
      this.#database.exec(`INSERT OR REPLACE INTO log ${columns} VALUES (${place}, '', 0, 0, 0, zeroblob(65536))`);
      this.#database.exec(`DELETE FROM log WHERE place = ${place}`);
    } catch (thrown) {
      this.#rollBack();
      throw thrown;
    }
  }

  close(): void {
    try {
      this.#mark.sync();
      this.#facts.set("steady_ms", this.#nowMs);
    } finally {
      this.#mark.close();
      this.#database.close();
    }
  }

  #obey({ request, data }: Written): OrderedAnswer {
    switch (request.kind) {
      case "append":
        return this.#append(request, data);
      case "set":
        return this.#set(request, data);
      case "remove":
        return this.#remove(request);
      case "clear":
        return this.#clear(request.channel, request.newEpoch);
      case "pass":
        return this.#known(request) ?? this.#pass(request.channel);
    }
  }

  #pass(channel: string): OrderedAnswer {
    return { kind: "passed", top: this.#channels.top(channel) };
  }

  #clear(channel: string, newEpoch: string): OrderedAnswer {
    const row = this.#channels.forWriting(channel, this.#nowMs);
    this.#startAnew(row, newEpoch);
    return { kind: "cleared" };
  }

  #startAnew(row: ChannelRow, newEpoch: string): void {
    Object.assign(row, { epoch: newEpoch, top: 0, topId: null, isTable: false, writtenMs: this.#nowMs });
    this.#channels.startLog(row);
  }

  /** A channel is one kind of thing: what was kept in the other way is not mixed with what follows. */
  #rowFor({ kind, channel, id }: AppendRequest | SetRequest): ChannelRow {
    const row = this.#channels.forWriting(channel, this.#nowMs);
    const isTable = kind === "set";
    // An id is as random as an epoch, and is used for no other.
    if (row.isTable !== isTable && row.top > 0) this.#startAnew(row, id);
    row.isTable = isTable;
    return row;
  }

  #set(request: SetRequest, data: Uint8Array): OrderedAnswer {
    const known = this.#known(request);
    if (known !== null) return known;
    const row = this.#rowFor(request);
    const { tableKey: key, size: keys, tableBytes: bytes } = request;
    const problem = this.#tables.problem(row, { key, bytes: data.byteLength }, { keys, bytes });
    if (problem !== null) return { kind: "failed", reason: "limit_exceeded", message: problem, outage: null };
    const answer = this.#putSlot(row, request, { data, form: request.form, isRemoval: false });
    const { id, atMs, digest } = request;
    const { epoch, offset, previousId } = answer;
    if (request.key !== null) {
      const first = { digest, epoch, offset, id, previousId, atMs };
      this.#keys.add({ channel: row.id, key: request.key }, first, this.#nowMs);
    }
    return answer;
  }

  #remove(request: RemoveRequest): OrderedAnswer {
    const row = this.#channels.find(request.channel);
    if (row === null || !this.#tables.hasValue(row, request.tableKey)) return this.#pass(request.channel);
    this.#channels.touch(row);
    return this.#putSlot(row, request, { data: nothing, form: "json", isRemoval: true });
  }

  #putSlot(
    row: ChannelRow,
    { id, atMs, meta, tableKey: key, size, ttlMs }: SetRequest | RemoveRequest,
    value: { readonly data: Uint8Array; readonly form: Form; readonly isRemoval: boolean },
  ): Appended {
    const keptMs = Math.max(this.#nowMs, row.writtenMs);
    // What has expired under the old retention does not come back because the new one is longer.
    if (row.ttlMs !== ttlMs) row.floor = this.#tables.floor(row, keptMs);
    const [offset, previousId] = [row.top + 1, row.topId];
    this.#tables.put(row, { ...value, offset, key, id, previousId, atMs, keptMs, meta });
    const dueMs = value.isRemoval ? Math.min(row.dueMs, keptMs + ttlMs) : row.dueMs;
    Object.assign(row, { top: offset, topId: id, size, ttlMs, writtenMs: keptMs, dueMs });
    if (value.isRemoval) this.#tables.trim(row);
    return { kind: "appended", epoch: row.epoch, offset, previousId };
  }

  #append(request: AppendRequest, data: Uint8Array): OrderedAnswer {
    const known = this.#known(request);
    if (known !== null) return known;
    const row = this.#rowFor(request);
    const keptMs = Math.max(this.#nowMs, row.writtenMs);
    // What has expired under the old retention does not come back because the new one is longer.
    if (row.ttlMs !== request.ttlMs) row.floor = this.#log.expiredUpTo(row, keptMs);
    const offset = row.top + 1;
    if (offset - row.base >= placesPerLog) this.#channels.startLog(row);
    const { id, atMs, form, meta, size, ttlMs } = request;
    this.#log.append(row, { offset, id, atMs, keptMs, form, meta, data });
    const previousId = row.topId;
    const floor = Math.max(row.floor, offset - size);
    const dueMs = Math.min(row.dueMs, keptMs + ttlMs);
    Object.assign(row, { top: offset, topId: id, floor, size, ttlMs, writtenMs: keptMs, dueMs });
    this.#deleteExcess(row);
    const { key, digest } = request;
    const where = { epoch: row.epoch, offset, id, previousId, atMs };
    if (key !== null) this.#keys.add({ channel: row.id, key }, { digest, ...where }, this.#nowMs);
    return { kind: "appended", epoch: row.epoch, offset, previousId };
  }

  #known(request: {
    readonly channel: string;
    readonly key: string | null;
    readonly digest: string;
  }): OrderedAnswer | null {
    if (request.key === null) return null;
    const row = this.#channels.find(request.channel);
    const first = row === null ? null : this.#keys.find({ channel: row.id, key: request.key }, this.#nowMs);
    if (first === null) return null;
    if (first.digest !== request.digest) {
      const message = "this idempotency key was used with another payload";
      return { kind: "failed", reason: "conflict", message, outage: null };
    }
    const { epoch, offset, id, previousId, atMs } = first;
    return { kind: "duplicate", epoch, offset, id, previousId, atMs };
  }

  #deleteExcess(row: ChannelRow): void {
    const excess = row.floor - row.purged;
    if (excess < Math.min(Math.max(deleteAtLeast, row.size >> 3), deleteAtMost)) return;
    const upTo = Math.min(row.floor, row.purged + deleteAtMost);
    this.#log.delete(row, { after: row.purged, upTo });
    row.purged = upTo;
  }

  #rollBack(): void {
    // SQLite may have done so by itself: https://sqlite.org/lang_transaction.html, "Response To Errors".
    if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
    this.#channels.reload();
    this.#tables.reload();
    this.#keys.reload();
    this.#incarnation.reload();
  }
}

/**
 * Before the commit nothing can have been applied. While committing, a full disk means that the frame which makes the
 * transaction valid was not written; after any other error it may be in the file, and count after a crash.
 */
export function refusalOf(thrown: unknown, isCommitting: boolean): Failed {
  const message = reasonOf(thrown);
  const outage = outageOf(thrown);
  if (outage === null) return { kind: "failed", reason: "internal", message, outage };
  const reason = isCommitting && outage === "broken" ? "indeterminate" : "engine_unavailable";
  return { kind: "failed", reason, message, outage };
}
