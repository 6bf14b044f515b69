// The channels' logs in their stream: each record names where its log stands, and is written only where that is still so.
import { fail, type Position } from "@tidewire/protocol";
import type { Ack, Body, Draft, LogRetention, Publication, TableRetention } from "../../engine/engine.ts";
import { checkRetention } from "../../engine/ring.ts";
import type { Clock } from "../../ports/clock.ts";
import { reasonOf } from "../../ports/log.ts";
import type { Random } from "../../ports/random.ts";
import { checkKey, ownBytes } from "../payload.ts";
import { headOf } from "../records.ts";
import type { FirstAcks } from "./first-acks.ts";
import type { Reached } from "./line.ts";
import { fenceOf, type Head, headIn, type LogRecord, recordIn, recordOf } from "./log-records.ts";
import type { Names } from "./names.ts";
import { firstKept, type Shelf } from "./pages.ts";
import { emptySum } from "./table-index.ts";

export interface LogsOptions {
  readonly names: Names;
  readonly clock: Clock;
  readonly random: Random;
  readonly forgetAfterMs: number;
  readonly firstAcks: FirstAcks;
  readonly damaged: (channel: string) => void;
}

/** A value that can be written. */
export interface Checked {
  readonly body: Body;
  readonly retention: LogRetention | null;
  readonly idempotencyKey: string | null;
  /** Of the lease that it is said under. */
  readonly fence: number | null;
}

/** What is written behind the record `after` of its subject, or not at all. */
export interface Appending {
  readonly subject: string;
  readonly record: Uint8Array;
  readonly after: number;
  readonly msgID?: string | undefined;
  /** However old the stream lets others become: of a channel that is a table, or where one may have been (decision 0058). */
  readonly isLasting?: boolean;
}

interface Newest {
  readonly head: Head;
  readonly record: LogRecord | null;
}

interface Beginning {
  readonly after: number;
  readonly fence: number;
  readonly isLasting: boolean;
}

/** An answer that does not come in this time does not come. */
const timeout = 5_000;
/**
 * A page that takes longer ends with what it has. Each record is a question of its own, and whoever is given up on starts again
 * from the beginning: with many channels at once nobody would ever be done.
 */
const pageMs = 2_000;
/** Heads that are remembered at most, each for a channel that this node has written to. */
const mostHeads = 10_000;
/** Other nodes may win so often in a row. */
export const mostAttempts = 100;
/** Forgotten records are let go of after so many publications. */
const trimEvery = 64;
/** Of a message, for its subject and headers. */
const overhead = 4_096;

export class Logs {
  readonly #options: LogsOptions;
  readonly #heads = new Map<string, Head>();

  constructor(options: LogsOptions) {
    this.#options = options;
  }

  forget(): void {
    this.#heads.clear();
  }

  forgetHead(channel: string): void {
    this.#heads.delete(channel);
  }

  epochOf({ facts }: Reached, token: string): string {
    return `${facts.life}.${token}`;
  }

  positionOf(reached: Reached, { token, offset }: Head): Position {
    return { epoch: this.epochOf(reached, token), offset };
  }

  shelf({ client }: Reached, channel: string, head: Head): Shelf {
    const { names, clock } = this.#options;
    const lateMs = clock.now() + pageMs;
    return {
      manager: client.manager,
      stream: names.logs,
      subject: names.ofLog(channel),
      head,
      nowMs: clock.wall(),
      isLate: () => clock.now() > lateMs,
    };
  }

  /** @throws {TypeError} {RangeError} for what can never be written. */
  checked(draft: Extract<Draft, { kind: "value" }>): Checked {
    checkKey(draft);
    const { body, retention, idempotencyKey, fence } = draft;
    if (retention?.kind === "table") throw new TypeError("a log was expected, got a table");
    if (retention !== null) checkTtl(retention, this.#options.forgetAfterMs);
    const said = { body: { ...body, data: ownBytes(body.data) }, retention };
    return { ...said, idempotencyKey: idempotencyKey ?? null, fence: fence ?? null };
  }

  /** Where the log stands now. A channel that nobody wrote to gets its epoch here. */
  async head(reached: Reached, channel: string): Promise<Head> {
    return (await this.newest(reached, channel)).head;
  }

  /** And the record that says so; `null` where that was just written. */
  async newest(reached: Reached, channel: string): Promise<Newest> {
    const { names, damaged } = this.#options;
    for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
      const { streams } = reached.client.manager;
      const newest = await streams.getMessage(names.logs, { last_by_subj: names.ofLog(channel) });
      const record = newest === null ? null : recordIn(newest.data);
      const head = record === null || newest === null ? null : headIn(record, newest.seq);
      if (head !== null) return { head, record };
      // Nothing can be said of what is below it, so its epoch ends with it.
      if (newest !== null) damaged(channel);
      // There may be a table below, which lasts longer than what says that it is over.
      const isLasting = newest !== null && reached.facts.whyNoTables === null;
      const begun = await this.begin(reached, channel, { after: newest?.seq ?? 0, fence: 0, isLasting });
      if (begun !== null && !isLasting) return { head: begun, record: null };
      if (begun !== null) await this.#leaveTable(reached, channel, begun);
    }
    return fail("overloaded", "too many nodes write to this channel at once");
  }

  async clear(reached: Reached, channel: string): Promise<Ack> {
    const { names } = this.#options;
    for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
      const known = this.#heads.get(channel) ?? (await this.head(reached, channel));
      const begun = await this.begin(reached, channel, {
        after: known.sequence,
        fence: known.fence,
        isLasting: known.table !== null,
      });
      this.remember(channel, begun);
      if (begun === null) continue;
      this.#purge(reached, { filter: names.ofLog(channel), seq: begun.sequence });
      const { durability } = reached.facts;
      return { position: this.positionOf(reached, begun), publication: null, duplicate: false, durability };
    }
    return fail("overloaded", "too many nodes write to this channel at once");
  }

  /** The log belongs to this source from here on. @returns whether it does: false where a newer one has it. */
  async fence(reached: Reached, channel: string, fence: number): Promise<boolean> {
    const subject = this.#options.names.ofLog(channel);
    for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
      const before = this.#heads.get(channel) ?? (await this.head(reached, channel));
      if (before.fence >= fence) return before.fence === fence;
      const written = await this.append(reached, {
        subject,
        record: fenceOf(before, fence),
        after: before.sequence,
        isLasting: before.table !== null,
      });
      this.remember(channel, written && { ...before, sequence: written.seq, fence });
      if (written === null) continue;
      if (before.table === null) this.#trim(reached, channel);
      return true;
    }
    return fail("overloaded", "too many nodes write to this channel at once");
  }

  async publish(reached: Reached, channel: string, said: Checked): Promise<Ack> {
    checkSize(reached, said.body);
    const first = await this.#options.firstAcks.of(reached, { channel, ...said });
    if (first !== null) return first;
    return said.retention === null
      ? await this.#pass(reached, channel, said)
      : await this.#keep(reached, channel, said);
  }

  async #keep(reached: Reached, channel: string, said: Checked): Promise<Ack> {
    const { names, clock, random, firstAcks } = this.#options;
    const { body } = said;
    const keyed = { channel, ...said };
    const retention = said.retention ?? fail("internal", "a retention was expected");
    const subject = names.ofLog(channel);
    const msgID = firstAcks.idOf(keyed);
    for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
      const before = await this.#fenced(reached, channel, said.fence);
      if (before.table !== null) {
        await this.#leaveTable(reached, channel, before);
        continue;
      }
      const offset = before.offset + 1;
      const stamp = { id: random.token(96), atMs: Math.max(0, Math.floor(clock.wall())) };
      const previous = offset === 1 ? null : { offset: before.offset, id: before.id };
      const publication: Publication = { ...body, ...stamp, offset, previous };
      const floor = Math.max(
        await this.#floorOf(this.shelf(reached, channel, before), retention),
        offset - retention.size,
      );
      const line = { token: before.token, floor, ttlMs: retention.ttlMs, fence: before.fence };
      const record = recordOf({ ...line, kind: "keep", before: before.last }, ...recorded(publication, before.id));
      const written = await this.append(reached, { subject, record, after: before.sequence, msgID });
      if (written === null) {
        this.#heads.delete(channel);
        continue;
      }
      if (written.duplicate) return await firstAcks.at(reached, written.seq, keyed);
      this.remember(channel, { ...line, sequence: written.seq, last: written.seq, offset, ...stamp, table: null });
      const position = { epoch: this.epochOf(reached, before.token), offset };
      await firstAcks.remember(reached, keyed, { epoch: position.epoch, publication });
      if (offset % trimEvery === 0) this.#trim(reached, channel);
      return { position, publication, duplicate: false, durability: reached.facts.durability };
    }
    return fail("overloaded", "too many nodes write to this channel at once");
  }

  async #pass(reached: Reached, channel: string, said: Checked): Promise<Ack> {
    const { names, clock, random, firstAcks } = this.#options;
    const { body, fence } = said;
    const { connection } = reached.client;
    const head = await this.#fenced(reached, channel, fence);
    this.remember(channel, head);
    const stamp = { id: random.token(96), atMs: Math.max(0, Math.floor(clock.wall())) };
    const publication: Publication = { ...body, ...stamp, offset: 0, previous: null };
    const epoch = this.epochOf(reached, head.token);
    await firstAcks.remember(reached, { channel, ...said }, { epoch, publication });
    // Whoever has heard of a newer source refuses it, since nothing here is compared with the log.
    const line = { kind: "pass", token: head.token, before: 0, floor: 0, ttlMs: 0, fence: fence ?? 0 } as const;
    connection.publish(names.ofNews(channel), recordOf(line, ...recorded(publication, "-")));
    return { position: { epoch, offset: 0 }, publication, duplicate: false, durability: "volatile" };
  }

  /** Where the log stands, as far as this node knows. @throws {TidewireError} `conflict` where it belongs to another source. */
  async #fenced(reached: Reached, channel: string, fence: number | null): Promise<Head> {
    const known = this.#heads.get(channel);
    if (known !== undefined && (fence === null || known.fence === fence)) return known;
    const head = await this.head(reached, channel);
    if (fence !== null && head.fence !== fence) fail("conflict", "another node has taken over this channel's source");
    return head;
  }

  /**
   * What is written next becomes forgotten with age, and what is below must not come to light then: a table ends with a record
   * that lasts, and a log begins when that is alone.
   */
  async #leaveTable(reached: Reached, channel: string, { sequence, offset, fence }: Head): Promise<void> {
    const isOver = offset === 0;
    if (isOver) {
      const below = { filter: this.#options.names.ofLog(channel), seq: sequence };
      await reached.client.manager.streams.purge(this.#options.names.logs, below);
    }
    const begun = await this.begin(reached, channel, { after: sequence, fence, isLasting: !isOver });
    this.remember(channel, begun);
    if (isOver && begun !== null) {
      this.#purge(reached, { filter: this.#options.names.ofLog(channel), seq: begun.sequence });
    }
  }

  /** Another epoch begins, if the log still stands there: what follows is kept in another way. */
  async end(reached: Reached, channel: string, { sequence, fence }: Head): Promise<void> {
    const begun = await this.begin(reached, channel, { after: sequence, fence, isLasting: false });
    this.remember(channel, begun);
    if (begun !== null) this.#purge(reached, { filter: this.#options.names.ofLog(channel), seq: begun.sequence });
  }

  /** @returns `null` when something else was written meanwhile. */
  async begin(reached: Reached, channel: string, { after, fence, isLasting }: Beginning): Promise<Head | null> {
    const { names, random } = this.#options;
    const token = random.token(96);
    const table = isLasting ? emptySum : null;
    const line = { token, floor: 0, ttlMs: 0, fence, table };
    const record = recordOf({ kind: "begin", before: after, ...line });
    const written = await this.append(reached, { subject: names.ofLog(channel), record, after, isLasting });
    if (written === null) return null;
    return { ...line, sequence: written.seq, last: written.seq, offset: 0, id: "-", atMs: 0 };
  }

  /** Writes behind the record `after`, or not at all: then `null`. */
  async append(
    { client }: Reached,
    { subject, record, after, msgID, isLasting = false }: Appending,
  ): Promise<{ readonly seq: number; readonly duplicate: boolean } | null> {
    try {
      const expect = { lastSubjectSequence: after };
      return await client.jetstream.publish(subject, record, {
        timeout,
        expect,
        ...(msgID !== undefined && { msgID }),
        ...(isLasting && { ttl: "never" }),
      });
    } catch (thrown) {
      if (/wrong last sequence/i.test(reasonOf(thrown))) return null;
      // An earlier attempt with this key is under way, and nobody knows yet what becomes of it (P3).
      if (/duplicate message id is in process/i.test(reasonOf(thrown))) {
        fail("indeterminate", "an earlier publish with this idempotency key is still being written");
      }
      throw thrown;
    }
  }

  /** What expired does not come back because another retention is longer. */
  async #floorOf(shelf: Shelf, { ttlMs }: LogRetention): Promise<number> {
    const { head: before } = shelf;
    if (ttlMs === before.ttlMs || before.offset === 0) return before.floor;
    const first = await firstKept(shelf);
    return first === null ? before.offset : first.publication.offset - 1;
  }

  /** Lets go of what nobody can read any more. */
  #trim(reached: Reached, channel: string): void {
    const head = this.#heads.get(channel);
    if (head === undefined) return;
    const shelf = this.shelf(reached, channel, head);
    firstKept(shelf)
      .then((first) => this.#purge(reached, { filter: shelf.subject, seq: first?.sequence ?? head.sequence }))
      .catch(() => {
        // The next publications try again.
      });
  }

  #purge({ client }: Reached, what: { readonly filter: string; readonly seq: number }): void {
    client.manager.streams.purge(this.#options.names.logs, what).catch(() => {
      // It is not seen any more, whether it is there or not.
    });
  }

  remember(channel: string, head: Head | null): void {
    this.#heads.delete(channel);
    if (head === null) return;
    this.#heads.set(channel, head);
    const [oldest] = this.#heads.keys();
    if (this.#heads.size > mostHeads && oldest !== undefined) this.#heads.delete(oldest);
  }
}

/** A publication as `records.ts` reads it. */
export function recorded(publication: Publication, before: string): readonly Uint8Array[] {
  const { offset, atMs, data, removed, form } = publication;
  const link = offset <= 1 ? "-" : before;
  const head = headOf({ ...publication, form: removed === true ? "removal" : form }, publication);
  return [Buffer.from(`${offset} ${link} ${atMs} ${head}`), ...(removed === true ? [] : [data])];
}

/** @throws {RangeError} for what would be forgotten before it has expired. */
export function checkTtl(retention: LogRetention | TableRetention, forgetAfterMs: number): void {
  checkRetention(retention);
  const { ttlMs } = retention;
  if (ttlMs <= forgetAfterMs) return;
  throw new RangeError(`a ttlMs of at most forgetAfterMs, ${forgetAfterMs}, was expected, got ${ttlMs}`);
}

/** @throws {TidewireError} `too_large` */
export function checkSize({ facts: { maxPayload } }: Reached, { data }: Body): void {
  const most = maxPayload - overhead;
  if (data.byteLength <= most) return;
  fail("too_large", `at most ${most} bytes were expected, as the NATS server allows, got ${data.byteLength}`);
}
