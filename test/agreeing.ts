// Orders for engines, and what one answers to them: two that obey the same orders must answer alike.
import fc from "fast-check";
import { RecordingSink } from "../packages/server/src/engine/contract/recording-sink.ts";
import type { Ack, Draft, Engine, Page, PageStart } from "../packages/server/src/engine/engine.ts";

const draft = fc.record({
  kind: fc.constant("publish" as const),
  bytes: fc.nat(60),
  size: fc.integer({ min: 1, max: 40 }),
  ttlMs: fc.constantFrom(1_000, 5_000, 60_000),
  kept: fc.boolean(),
  key: fc.option(fc.constantFrom("k", "l"), { nil: null }),
  times: fc.integer({ min: 1, max: 12 }),
});
const start = fc.oneof(
  fc.constantFrom("oldest" as const, "newest" as const),
  fc.record({ end: fc.constantFrom("after" as const, "before" as const), offset: fc.nat(60), isOld: fc.boolean() }),
);
export const order = fc.oneof(
  { weight: 5, arbitrary: draft },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("clear" as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("wait" as const), ms: fc.nat(4_000) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("read" as const),
      start,
      limit: fc.record({ publications: fc.integer({ min: 1, max: 20 }), bytes: fc.nat(500) }),
    }),
  },
);

const tableLimits = { kind: "table", keys: 4, bytes: 150 } as const;
const change = {
  tableKey: fc.constantFrom("a", "b", "c", "d", "e", "f"),
  ttlMs: fc.constantFrom(1_000, 5_000, 60_000),
};
const set = fc.record({
  kind: fc.constant("set" as const),
  ...change,
  bytes: fc.nat(60),
  key: fc.option(fc.constantFrom("k", "l"), { nil: null, freq: 6 }),
});
const remove = fc.record({ kind: fc.constant("remove" as const), ...change });
export const tableOrder = fc.oneof(
  { weight: 8, arbitrary: set },
  { weight: 6, arbitrary: remove },
  // Now and then the same channel as a log.
  { weight: 4, arbitrary: order },
);

export type Order = typeof tableOrder extends fc.Arbitrary<infer Value> ? Value : never;

/** One engine, and the epochs it gave the channel: answers are compared with their numbers instead. */
export class Side {
  readonly engine: Engine;
  readonly sink = new RecordingSink();
  #channel = "";
  #epochs: string[] = [];

  constructor(engine: Engine) {
    this.engine = engine;
  }

  async begin(channel: string): Promise<void> {
    this.#channel = channel;
    this.#epochs = [(await this.engine.follow(channel)).epoch];
    this.sink.announcements.length = 0;
  }

  async obey(one: Exclude<Order, { kind: "wait" }>): Promise<unknown> {
    if (one.kind === "clear") return this.#plain(await this.engine.publish(this.#channel, { kind: "clear" }));
    if (one.kind === "read") return await this.#read(one.start, one.limit);
    if (one.kind === "set" || one.kind === "remove") return await this.#change(one);
    const body = { data: new Uint8Array(one.bytes), form: "bytes" } as const;
    const retention = one.kept ? { size: one.size, ttlMs: one.ttlMs } : null;
    const keyed = one.key === null ? {} : { idempotencyKey: one.key };
    const value: Draft = { kind: "value", body, retention, ...keyed };
    const all = Array.from({ length: one.times }, () => this.engine.publish(this.#channel, value));
    const outcomes = await Promise.allSettled(all);
    return outcomes.map((outcome) =>
      outcome.status === "fulfilled" ? this.#plain(outcome.value) : (outcome.reason as { reason: string }).reason,
    );
  }

  /** How many announcements there are so far. */
  get announced(): number {
    return this.sink.announcements.length;
  }

  async end(expected = this.announced): Promise<unknown> {
    await this.sink.until(() => this.announced >= expected);
    this.engine.unfollow(this.#channel);
    return this.sink.announcements.map(({ epoch, publication }) => [
      this.#epochs.indexOf(epoch),
      publication.offset,
      publication.previous?.offset,
      publication.data.byteLength,
      publication.key,
      publication.removed,
    ]);
  }

  async #change(one: Extract<Order, { kind: "set" | "remove" }>): Promise<unknown> {
    const retention = { ...tableLimits, ttlMs: one.ttlMs };
    const keyed = one.kind === "remove" || one.key === null ? {} : { idempotencyKey: one.key };
    const draft: Draft =
      one.kind === "remove"
        ? { kind: "remove", key: one.tableKey, retention }
        : {
            kind: "value",
            body: { data: new Uint8Array(one.bytes), form: "bytes", key: one.tableKey },
            retention,
            ...keyed,
          };
    return await this.engine.publish(this.#channel, draft).then(
      (ack) => this.#plain(ack),
      (thrown: unknown) => (thrown as { reason: string }).reason,
    );
  }

  async #read(given: Extract<Order, { kind: "read" }>["start"], limit: { publications: number; bytes: number }) {
    let from: PageStart;
    if (typeof given === "string") from = given;
    else {
      const epoch = (given.isOld ? this.#epochs[0] : this.#epochs.at(-1)) ?? "";
      const position = { epoch, offset: given.offset };
      from = given.end === "after" ? { after: position } : { before: position };
    }
    const page: Page = await this.engine.read(this.#channel, from, limit);
    const { offset } = page.top;
    const read = page.publications.map((one) => [
      one.offset,
      one.previous?.offset ?? null,
      one.data.byteLength,
      one.key,
      one.removed,
    ]);
    return { read, top: offset, epoch: this.#number(page.top.epoch), floor: page.floor, more: page.more };
  }

  #plain({ position, publication, duplicate }: Ack): unknown {
    const { offset } = position;
    const previous = publication?.previous?.offset ?? null;
    return {
      offset,
      epoch: this.#number(position.epoch),
      previous,
      bytes: publication?.data.byteLength,
      duplicate,
      key: publication?.key,
    };
  }

  #number(epoch: string): number {
    if (!this.#epochs.includes(epoch)) this.#epochs.push(epoch);
    return this.#epochs.indexOf(epoch);
  }
}
