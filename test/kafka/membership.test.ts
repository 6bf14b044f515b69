// One membership of a group with a consumer that does what the test says: order, commits, and how it ends. No Kafka is asked.
import { FakeClock } from "@tidewire/server/testing";
import { expect, it } from "vitest";
import type { KafkaConsumer, KafkaMessage } from "../../packages/bridges/src/kafka/consumer.ts";
import { Membership } from "../../packages/bridges/src/kafka/membership.ts";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A membership, what it asked for, and what is answered. */
class Trial {
  readonly clock = new FakeClock();
  /** Places of records, `partition/offset`: as often as they were given, and as they were committed. */
  readonly given: string[] = [];
  readonly commits: string[] = [];
  reads = 0;
  closes = 0;
  /** What closing the consumer ends with. */
  closing: () => Promise<void> = () => Promise.resolve();
  /** What a commit ends with. */
  committing: () => Promise<void> = () => Promise.resolve();
  readonly member: Membership;
  readonly ended: Promise<string>;
  readonly #records: KafkaMessage[] = [];
  readonly #answers = new Map<string, PromiseWithResolvers<boolean>>();
  #more = Promise.withResolvers<void>();

  constructor() {
    const consumer: KafkaConsumer = {
      consume: () => Promise.resolve(this.#read()),
      on: () => undefined,
      close: () => {
        this.closes += 1;
        return this.closing();
      },
    };
    this.member = new Membership(consumer, {
      topics: ["orders"],
      begin: "earliest",
      clock: this.clock,
      holdMs: 60_000,
      give: ({ partition, offset }) => this.#give(`${partition}/${offset}`),
      joined: () => undefined,
    });
    this.ended = this.member.run().then(
      () => "left",
      (thrown: unknown) => String(thrown),
    );
  }

  /** Kafka has records with these places. */
  async has(...places: readonly string[]): Promise<void> {
    for (const place of places) {
      const [partition, offset] = place.split("/").map(Number);
      this.#records.push({
        topic: "orders",
        partition: partition ?? 0,
        offset: BigInt(offset ?? 0),
        timestamp: 0n,
        key: null,
        value: null,
        headers: new Map(),
        commit: () => {
          this.commits.push(place);
          return this.committing();
        },
      });
    }
    this.#more.resolve();
    this.#more = Promise.withResolvers();
    await turn();
  }

  /** Whether the record that was given is done with. */
  async answer(place: string, isDone: boolean): Promise<void> {
    const { resolve } = this.#answers.get(place) ?? expect.fail(`${place} was expected to be in hand`);
    this.#answers.delete(place);
    resolve(isDone);
    await turn();
  }

  #give(place: string): Promise<boolean> {
    this.given.push(place);
    const answer = Promise.withResolvers<boolean>();
    this.#answers.set(place, answer);
    return answer.promise;
  }

  async *#read(): AsyncGenerator<KafkaMessage> {
    for (;;) {
      const next = this.#records.shift();
      if (next === undefined) await this.#more.promise;
      else {
        this.reads += 1;
        yield next;
      }
    }
  }
}

it("gives the records of a partition one after the other, and no partition waits for another", async () => {
  const trial = new Trial();
  await trial.has("0/0", "0/1", "1/0", "0/2");
  expect(trial.given).toEqual(["0/0", "1/0"]);
  await trial.answer("0/0", true);
  expect(trial.given).toEqual(["0/0", "1/0", "0/1"]);
  trial.member.leave();
  await trial.answer("0/1", true);
  await trial.answer("1/0", true);
  expect(await trial.ended).toBe("left");
  expect(trial.given).toEqual(["0/0", "1/0", "0/1"]);
});

it("asks again for what is not done, and commits it and what is behind it only then", async () => {
  const trial = new Trial();
  await trial.has("0/0", "0/1");
  await trial.answer("0/0", false);
  expect([trial.given, trial.commits]).toEqual([["0/0"], []]);
  trial.clock.advance(1_000);
  await turn();
  expect(trial.given).toEqual(["0/0", "0/0"]);
  await trial.answer("0/0", true);
  await trial.answer("0/1", true);
  expect(trial.commits).toEqual(["0/0", "0/1"]);
});

it("finishes what is in hand before it leaves, commits that, and closes its consumer", async () => {
  const trial = new Trial();
  await trial.has("0/0", "0/1");
  trial.member.leave();
  await turn();
  expect(trial.closes).toBe(0);
  await trial.answer("0/0", true);
  expect(await trial.ended).toBe("left");
  expect([trial.given, trial.commits, trial.closes]).toEqual([["0/0"], ["0/0"], 1]);
});

it("has one commit on its way, and leaves when the last one is accepted", async () => {
  const trial = new Trial();
  const commit = Promise.withResolvers<void>();
  trial.committing = () => commit.promise;
  await trial.has("0/0", "0/1", "0/2");
  for (const place of ["0/0", "0/1"]) await trial.answer(place, true);
  expect(trial.commits).toEqual(["0/0"]);
  trial.member.leave();
  await trial.answer("0/2", true);
  expect([trial.commits, trial.closes]).toEqual([["0/0"], 0]);
  commit.resolve();
  expect(await trial.ended).toBe("left");
  // The newest of the partition says it of those before it.
  expect(trial.commits).toEqual(["0/0", "0/2"]);
});

it("does not wait for what could not be done when it leaves, and does not commit it", async () => {
  const trial = new Trial();
  await trial.has("0/0");
  await trial.answer("0/0", false);
  trial.member.leave();
  expect(await trial.ended).toBe("left");
  expect([trial.given, trial.commits]).toEqual([["0/0"], []]);
});

it("reads nothing more with 256 records in hand", async () => {
  const trial = new Trial();
  await trial.has(...Array.from({ length: 300 }, (_, n) => `${n}/0`));
  expect(trial.reads).toBe(256);
  await trial.answer("7/0", true);
  expect(trial.reads).toBe(257);
  for (const place of ["8/0", "9/0"]) await trial.answer(place, true);
  expect(trial.reads).toBe(259);
});

it("has room for as many as were done while there was nothing to read", async () => {
  const trial = new Trial();
  await trial.has(...Array.from({ length: 256 }, (_, n) => `${n}/0`));
  for (let n = 0; n < 10; n += 1) await trial.answer(`${n}/0`, true);
  await trial.has(...Array.from({ length: 20 }, (_, n) => `${300 + n}/0`));
  expect(trial.reads).toBe(266);
});

it("ends with a record that was read too long ago: another member may have it", async () => {
  const trial = new Trial();
  await trial.has("0/0");
  await trial.answer("0/0", false);
  trial.clock.advance(1_000);
  await turn();
  trial.clock.advance(58_000);
  await trial.answer("0/0", false);
  trial.clock.advance(1_000);
  await turn();
  // A minute to the millisecond is not too long.
  expect(trial.given).toHaveLength(3);
  await trial.answer("0/0", false);
  trial.clock.advance(1_000);
  expect(await trial.ended).toBe("Error: a record that was read 60000 ms ago is read anew");
  expect(trial.given).toHaveLength(3);
});

it("asks a consumer that does not close five times, since it would join again by itself", async () => {
  const trial = new Trial();
  trial.closing = () => Promise.reject(new Error("busy"));
  await turn();
  trial.member.leave();
  for (let seconds = 0; seconds < 4; seconds += 1) {
    await turn();
    expect(trial.closes).toBe(seconds + 1);
    trial.clock.advance(1_000);
  }
  expect(await trial.ended).toBe("Error: busy");
  expect(trial.closes).toBe(5);
});
