// The tables' writer: each record says what the table consists of after it, and what it supersedes is deleted (decision 0058).
import { fail } from "@tidewire/protocol";
import type { Ack, Body, Draft, Publication, TableRetention } from "../../engine/engine.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Random } from "../../ports/random.ts";
import { checkKey, nothing, ownBytes } from "../payload.ts";
import type { Deletions } from "./deletions.ts";
import type { FirstAcks } from "./first-acks.ts";
import type { Reached } from "./line.ts";
import { type Head, recordOf } from "./log-records.ts";
import { checkSize, checkTtl, type Logs, mostAttempts, recorded } from "./logs.ts";
import type { Names } from "./names.ts";
import type { Standing, TableReading } from "./table-reading.ts";

export interface TablesOptions {
  readonly names: Names;
  readonly clock: Clock;
  readonly random: Random;
  readonly logs: Logs;
  readonly firstAcks: FirstAcks;
  readonly reading: TableReading;
  readonly deletions: Deletions;
}

/** A value or a removal that can be written. */
export interface Change {
  readonly key: string;
  readonly body: Body;
  readonly isRemoval: boolean;
  readonly retention: TableRetention;
  readonly idempotencyKey: string | null;
  /** Of the lease that it is said under. */
  readonly fence: number | null;
}

interface Appending {
  readonly standing: Standing;
  readonly change: Change;
  readonly msgID: string | undefined;
}

interface Appended {
  readonly head: Head;
  readonly publication: Publication;
}

export class Tables {
  readonly #options: TablesOptions;

  constructor(options: TablesOptions) {
    this.#options = options;
  }

  async publish(reached: Reached, channel: string, change: Change): Promise<Ack> {
    const { whyNoTables } = reached.facts;
    if (whyNoTables !== null) fail("not_available", `this NATS cannot keep a channel of mode latest: ${whyNoTables}`);
    checkSize(reached, change.body);
    const { firstAcks, logs, reading, deletions } = this.#options;
    await deletions.room(channel);
    const keyed = { channel, ...change };
    const first = await firstAcks.of(reached, keyed);
    if (first !== null) return first;
    const msgID = firstAcks.idOf(keyed);
    let isDoubted = false;
    for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
      const known: Standing | null = isDoubted ? null : reading.known(channel);
      const standing = known ?? (await reading.look(reached, channel));
      const obstacle = obstacleOf(standing, change);
      if (obstacle !== null) {
        // Another node may have removed it.
        isDoubted = known !== null;
        if (isDoubted) continue;
        return this.#refused(reached, standing, obstacle);
      }
      const { head } = standing;
      if (head.table === null && head.offset > 0) {
        // What was kept in the other way is not mixed with what follows.
        await logs.end(reached, channel, head);
        isDoubted = true;
        continue;
      }
      const written = await this.#append(reached, channel, { standing, change, msgID });
      if (written === null) isDoubted = true;
      else if ("publication" in written) {
        const position = logs.positionOf(reached, written.head);
        await firstAcks.remember(reached, keyed, { epoch: position.epoch, publication: written.publication });
        const { durability } = reached.facts;
        return { position, publication: written.publication, duplicate: false, durability };
      } else return await firstAcks.at(reached, written.sequence, keyed);
    }
    return fail("overloaded", "too many nodes write to this channel at once");
  }
  /** @returns `null` when something else was written meanwhile; a sequence where the key was used before. */
  async #append(
    reached: Reached,
    channel: string,
    { standing: { head, index }, change, msgID }: Appending,
  ): Promise<Appended | { readonly sequence: number } | null> {
    const { names, logs, reading, deletions } = this.#options;
    const { retention } = change;
    const publication = this.#publicationOf(change, head);
    const { floor, sum } = index.with(publication, { head, retention, nowMs: publication.atMs });
    const after = { token: head.token, floor, ttlMs: retention.ttlMs, fence: head.fence, table: sum };
    const line = { ...after, kind: "put", before: head.last } as const;
    const written = await logs.append(reached, {
      subject: names.ofLog(channel),
      record: recordOf(line, ...recorded(publication, head.id)),
      after: head.sequence,
      msgID,
      isLasting: true,
    });
    if (written === null) return null;
    const { seq: sequence, duplicate } = written;
    if (duplicate) return { sequence };
    const { offset, id, atMs } = publication;
    const next = { ...after, sequence, last: sequence, offset, id, atMs };
    index.read(sequence, { ...line, publication, newest: null });
    index.isLoaded = true;
    reading.keep(channel, { head: next, index });
    logs.remember(channel, next);
    deletions.add(reached, channel, index.takeGarbage());
    return { head: next, publication };
  }

  #publicationOf({ body, isRemoval }: Change, head: Head): Publication {
    const { clock, random } = this.#options;
    return {
      ...body,
      ...(isRemoval && { removed: true }),
      id: random.token(96),
      offset: head.offset + 1,
      previous: head.offset === 0 ? null : { offset: head.offset, id: head.id },
      // Removals are forgotten in their order.
      atMs: Math.max(head.atMs, Math.floor(clock.wall())),
    };
  }

  #refused(reached: Reached, { head }: Standing, obstacle: Obstacle): Ack {
    if (obstacle.reason !== null) return fail(obstacle.reason, obstacle.text);
    const position = this.#options.logs.positionOf(reached, head);
    return { position, publication: null, duplicate: false, durability: reached.facts.durability };
  }
}

/** Why it cannot be appended as the table stands, or, without a reason, need not. */
type Obstacle = { readonly reason: "conflict" | "limit_exceeded"; readonly text: string } | { readonly reason: null };

function obstacleOf({ head, index }: Standing, change: Change): Obstacle | null {
  const { key, body, isRemoval, retention, fence } = change;
  if (fence !== null && head.fence !== fence) {
    return { reason: "conflict", text: "another node has taken over this channel's source" };
  }
  if (isRemoval) return index.hasValue(key) ? null : { reason: null };
  const text = index.problem({ key, bytes: body.data.byteLength }, retention);
  return text === null ? null : { reason: "limit_exceeded", text };
}

/** @throws {TypeError} {RangeError} for what can never be written. */
export function changeIn(draft: Exclude<Draft, { kind: "clear" }>, forgetAfterMs: number): Change {
  const { retention } = draft;
  if (retention?.kind !== "table") throw new TypeError("a table was expected, got a log");
  checkTtl(retention, forgetAfterMs);
  if (draft.kind === "remove") {
    const { key, author } = draft;
    const body: Body = { data: nothing, form: "json", key, ...(author && { author }) };
    return { key, body, isRemoval: true, retention, idempotencyKey: null, fence: null };
  }
  checkKey(draft);
  const { idempotencyKey = null, fence = null } = draft;
  const body = { ...draft.body, data: ownBytes(draft.body.data) };
  return { key: body.key ?? "", body, isRemoval: false, retention, idempotencyKey, fence };
}
