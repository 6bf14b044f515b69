// The channels' logs in their stream: each record names where its log stands, and is written only where that is still so.
import { fail, type Position } from "@tidewire/protocol";
import type { Ack, Body, Draft, LogRetention, Publication } from "../../engine/engine.ts";
import { checkRetention } from "../../engine/ring.ts";
import type { Clock } from "../../ports/clock.ts";
import { reasonOf } from "../../ports/log.ts";
import type { Random } from "../../ports/random.ts";
import { keyWindowMs } from "../key-window.ts";
import { checkKey, ownBytes } from "../payload.ts";
import { headOf } from "../records.ts";
import type { Reached } from "./line.ts";
import { fenceOf, type Head, headIn, recordIn, recordOf } from "./log-records.ts";
import type { Names } from "./names.ts";
import { firstKept, type Shelf } from "./pages.ts";
import { type FirstAck, keyDigest, keyRecordIn, keyRecordOf, repeatedAck } from "./remembered-keys.ts";

export interface LogsOptions {
  readonly names: Names;
  readonly clock: Clock;
  readonly random: Random;
  readonly forgetAfterMs: number;
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
const mostAttempts = 100;
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
    const { forgetAfterMs } = this.#options;
    if (retention !== null) {
      checkRetention(retention);
      if (retention.ttlMs > forgetAfterMs) {
        throw new RangeError(
          `a ttlMs of at most forgetAfterMs, ${forgetAfterMs}, was expected, got ${retention.ttlMs}`,
        );
      }
    }
    const said = { body: { ...body, data: ownBytes(body.data) }, retention };
    return { ...said, idempotencyKey: idempotencyKey ?? null, fence: fence ?? null };
  }

  /** Where the log stands now. A channel that nobody wrote to gets its epoch here. */
  async head(reached: Reached, channel: string): Promise<Head> {
    const { names, damaged } = this.#options;
    for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
      const { streams } = reached.client.manager;
      const newest = await streams.getMessage(names.logs, { last_by_subj: names.ofLog(channel) });
      const record = newest === null ? null : recordIn(newest.data);
      const head = record === null || newest === null ? null : headIn(record, newest.seq);
      if (head !== null) return head;
      // Nothing can be said of what is below it, so its epoch ends with it.
      if (newest !== null) damaged(channel);
      const begun = await this.#begin(reached, channel, { after: newest?.seq ?? 0, fence: 0 });
      if (begun !== null) return begun;
    }
    return fail("overloaded", "too many nodes write to this channel at once");
  }

  async clear(reached: Reached, channel: string): Promise<Ack> {
    const { names } = this.#options;
    for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
      const known = this.#heads.get(channel) ?? (await this.head(reached, channel));
      const begun = await this.#begin(reached, channel, { after: known.sequence, fence: known.fence });
      this.#remember(channel, begun);
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
      const written = await this.append(reached, { subject, record: fenceOf(before, fence), after: before.sequence });
      this.#remember(channel, written && { ...before, sequence: written.seq, fence });
      if (written === null) continue;
      this.#trim(reached, channel);
      return true;
    }
    return fail("overloaded", "too many nodes write to this channel at once");
  }

  async publish(reached: Reached, channel: string, said: Checked): Promise<Ack> {
    const { body, idempotencyKey } = said;
    if (body.data.byteLength + overhead > reached.facts.maxPayload) {
      const most = reached.facts.maxPayload - overhead;
      fail("too_large", `at most ${most} bytes were expected, as the NATS server allows, got ${body.data.byteLength}`);
    }
    if (idempotencyKey !== null) {
      const first = await this.#first(reached, channel, idempotencyKey);
      if (first !== null) return repeatedAck(first, body, reached.facts.durability);
    }
    return said.retention === null
      ? await this.#pass(reached, channel, said)
      : await this.#keep(reached, channel, said);
  }

  async #keep(reached: Reached, channel: string, said: Checked): Promise<Ack> {
    const { names, clock, random } = this.#options;
    const { body, idempotencyKey } = said;
    const retention = said.retention ?? fail("internal", "a retention was expected");
    const subject = names.ofLog(channel);
    let msgID = idempotencyKey === null ? undefined : names.ofKey(channel, idempotencyKey);
    for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
      const before = await this.#fenced(reached, channel, said.fence);
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
      if (written.duplicate) {
        const repeated = await this.#repeated(reached, written.seq, said);
        if (repeated !== null) return repeated;
        msgID = `${msgID ?? ""}.${written.seq}`;
        continue;
      }
      this.#remember(channel, { ...line, sequence: written.seq, last: written.seq, offset, ...stamp });
      const position = { epoch: this.epochOf(reached, before.token), offset };
      await this.#rememberKey(reached, channel, { idempotencyKey, epoch: position.epoch, publication });
      if (offset % trimEvery === 0) this.#trim(reached, channel);
      return { position, publication, duplicate: false, durability: reached.facts.durability };
    }
    return fail("overloaded", "too many nodes write to this channel at once");
  }

  async #pass(reached: Reached, channel: string, { body, idempotencyKey, fence }: Checked): Promise<Ack> {
    const { names, clock, random } = this.#options;
    const { connection } = reached.client;
    const head = await this.#fenced(reached, channel, fence);
    this.#remember(channel, head);
    const stamp = { id: random.token(96), atMs: Math.max(0, Math.floor(clock.wall())) };
    const publication: Publication = { ...body, ...stamp, offset: 0, previous: null };
    const epoch = this.epochOf(reached, head.token);
    await this.#rememberKey(reached, channel, { idempotencyKey, epoch, publication });
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

  /** `null` when something else was written meanwhile. */
  async #begin(
    reached: Reached,
    channel: string,
    { after, fence }: { readonly after: number; readonly fence: number },
  ): Promise<Head | null> {
    const { names, random } = this.#options;
    const token = random.token(96);
    const record = recordOf({ kind: "begin", token, before: after, floor: 0, ttlMs: 0, fence });
    const written = await this.append(reached, { subject: names.ofLog(channel), record, after });
    if (written === null) return null;
    const { seq: sequence } = written;
    return { sequence, last: sequence, token, offset: 0, id: "-", floor: 0, ttlMs: 0, fence, atMs: 0 };
  }

  /** Writes behind the record `after`, or not at all: then `null`. */
  async append(
    { client }: Reached,
    { subject, record, after, msgID }: Appending,
  ): Promise<{ readonly seq: number; readonly duplicate: boolean } | null> {
    try {
      const expect = { lastSubjectSequence: after };
      return await client.jetstream.publish(subject, record, {
        timeout,
        expect,
        ...(msgID !== undefined && { msgID }),
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

  async #first({ client }: Reached, channel: string, key: string): Promise<FirstAck | null> {
    const { names } = this.#options;
    const known = await client.manager.streams.getMessage(names.keys, { last_by_subj: names.ofKey(channel, key) });
    const first = known === null ? null : keyRecordIn(known.data);
    return first === null || this.#isOld(first.publication) ? null : first;
  }

  #isOld({ atMs }: Pick<Publication, "atMs">): boolean {
    return atMs + keyWindowMs <= this.#options.clock.wall();
  }

  /** What expired does not come back because another retention is longer. */
  async #floorOf(shelf: Shelf, { ttlMs }: LogRetention): Promise<number> {
    const { head: before } = shelf;
    if (ttlMs === before.ttlMs || before.offset === 0) return before.floor;
    const first = await firstKept(shelf);
    return first === null ? before.offset : first.publication.offset - 1;
  }

  /**
   * Its first time ended before it was remembered, or is just being written by another node. `null`: it was longer ago
   * than keys are remembered.
   */
  async #repeated(reached: Reached, sequence: number, { body }: Checked): Promise<Ack | null> {
    const { manager } = reached.client;
    const { names } = this.#options;
    const message = await manager.streams.getMessage(names.logs, { seq: sequence });
    const record = message === null ? null : recordIn(message.data);
    if (record === null || record.publication === null) {
      return fail("indeterminate", "this idempotency key was used, and what it was used for is forgotten");
    }
    const { publication, token } = record;
    if (this.#isOld(publication)) return null;
    const first = { digest: keyDigest(publication), epoch: this.epochOf(reached, token), publication };
    return repeatedAck(first, body, reached.facts.durability);
  }

  async #rememberKey(
    { client }: Reached,
    channel: string,
    said: { readonly idempotencyKey: string | null; readonly epoch: string; readonly publication: Publication },
  ): Promise<void> {
    const { idempotencyKey, epoch, publication } = said;
    if (idempotencyKey === null) return;
    const record = keyRecordOf({ digest: keyDigest(publication), epoch, publication });
    const subject = this.#options.names.ofKey(channel, idempotencyKey);
    try {
      await client.jetstream.publish(subject, record, { timeout });
    } catch (thrown) {
      // What was appended remembers its key too, as long as it is there.
      if (publication.offset === 0) throw thrown;
    }
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

  #remember(channel: string, head: Head | null): void {
    this.#heads.delete(channel);
    if (head === null) return;
    this.#heads.set(channel, head);
    const [oldest] = this.#heads.keys();
    if (this.#heads.size > mostHeads && oldest !== undefined) this.#heads.delete(oldest);
  }
}

/** A publication as `records.ts` reads it. */
function recorded(publication: Publication, before: string): readonly Uint8Array[] {
  const { offset, atMs, data } = publication;
  const link = offset <= 1 ? "-" : before;
  return [Buffer.from(`${offset} ${link} ${atMs} ${headOf(publication, publication)}`), data];
}
