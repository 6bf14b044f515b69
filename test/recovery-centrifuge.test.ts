// What the official SDK is told and given after a cut, a restart, a kill and a gap: S2 to S6, P2.
import { once } from "node:events";
import { defineChannel } from "@tidewire/protocol";
import { sqliteEngine } from "@tidewire/server/sqlite";
import type { Centrifuge } from "centrifuge";
import { describe, expect, onTestFinished, test } from "vitest";
import { connected, Listener, listening, sessionOf, carrierNames } from "./centrifuge-client.ts";
import { freePort, nodeOn, temporaryFile } from "./killable-node.ts";
import { open, serve } from "./serving.ts";

describe.each(carrierNames)("over %s", (name) => {
  test("after a cut of the socket nothing is lost, doubled or reordered", async () => {
    const { socketUrl, tide } = await serve();
    const ann = await connected(socketUrl, name);
    const listener = await listening(ann, "public:a");
    const channel = tide.channel(open, { name: "a" });
    let published = 0;
    for (let round = 1; round <= 5; round += 1) {
      for (let n = 0; n < 5; n += 1) await channel.publish((published += 1));
      expect(tide.cut(sessionOf(ann))).toBe(true);
      for (let n = 0; n < 5; n += 1) await channel.publish((published += 1));
      await listener.until(({ establishments }) => establishments.length === round + 1);
    }
    await listener.until(({ publications }) => publications.length >= published);
    expect(listener.values).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
    expect(listener.establishments.slice(1)).toEqual(Array(5).fill({ wasRecovering: true, recovered: true }));
  });

  test("after a restart on the same SQLite file: recovered", async () => {
    const file = temporaryFile();
    const port = await freePort();
    const first = await serve({ engine: sqliteEngine({ path: file }), port });
    const listener = await listening(await connected(first.socketUrl, name), "public:a");
    for (let n = 1; n <= 3; n += 1) await first.tide.channel(open, { name: "a" }).publish(n);
    await listener.until(({ publications }) => publications.length === 3);
    await first.stop();
    const second = await serve({ engine: sqliteEngine({ path: file }), port });
    for (let n = 4; n <= 6; n += 1) await second.tide.channel(open, { name: "a" }).publish(n);
    await listener.until(({ publications }) => publications.length === 6);
    expect(listener.values).toEqual([1, 2, 3, 4, 5, 6]);
    expect(listener.offsets).toEqual([1, 2, 3, 4, 5, 6]);
    expect(listener.establishments.at(-1)).toEqual({ wasRecovering: true, recovered: true });
  });

  test("after a restart of the memory engine: not recovered, and the subscription goes on", async () => {
    const port = await freePort();
    const first = await serve({ port });
    const listener = await listening(await connected(first.socketUrl, name), "public:a");
    for (let n = 1; n <= 3; n += 1) await first.tide.channel(open, { name: "a" }).publish(n);
    await listener.until(({ publications }) => publications.length === 3);
    await first.stop();
    const second = await serve({ port });
    for (let n = 4; n <= 6; n += 1) await second.tide.channel(open, { name: "a" }).publish(n);
    await listener.until(({ establishments }) => establishments.length === 2);
    expect(listener.establishments.at(-1)).toEqual({ wasRecovering: true, recovered: false });
    expect(listener.values).toEqual([1, 2, 3]);
    await second.tide.channel(open, { name: "a" }).publish(7);
    await listener.until(({ publications }) => publications.length === 4);
    expect(listener.values).toEqual([1, 2, 3, 7]);
  });

  test("a reader behind retention is unsubscribed with 2500, subscribes again and is told: not recovered", async () => {
    const small = defineChannel("small:{name}", { history: { size: 10, ttlMs: 60_000 } });
    const { socketUrl, tide } = await serve({ channels: [small], limits: { tailBytes: 4_096 } });
    const ann = await connected(socketUrl, name);
    const listener = new Listener(ann, "small:a");
    await listener.subscription.ready();
    const codes: number[] = [];
    listener.subscription.on("subscribing", ({ code }) => codes.push(code));
    const channel = tide.channel(small, { name: "a" });
    await channel.publish({ n: 0 });
    await listener.until(({ publications }) => publications.length === 1);
    await ann.rpc("tide.pause", { channel: "small:a" });
    for (let n = 1; n <= 200; n += 1) await channel.publish({ n, text: "x".repeat(100) });
    await ann.rpc("tide.resume", { channel: "small:a" });
    await listener.until(({ establishments }) => establishments.length === 2);
    expect(codes).toEqual([2500]);
    expect(listener.establishments.at(-1)).toEqual({ wasRecovering: true, recovered: false });
    await channel.publish({ n: 201 });
    await listener.until(({ publications }) => publications.length === 2);
    expect(listener.values).toEqual([{ n: 0 }, { n: 201 }]);
  });
});

test("cache recovery: the newest publication alone follows the reply, and then what is new", async () => {
  const cached = defineChannel("cached:{name}", { recovery: "cache", history: { size: 10, ttlMs: 60_000 } });
  const { socketUrl, tide } = await serve({ channels: [cached] });
  const channel = tide.channel(cached, { name: "a" });
  const ann = await connected(socketUrl);
  const since = { offset: 0, epoch: "" };
  const early = new Listener(ann, "cached:empty", { since });
  await early.subscription.ready();
  expect(early.establishments).toEqual([{ wasRecovering: true, recovered: false }]);
  for (let n = 1; n <= 5; n += 1) await channel.publish(n);
  const listener = new Listener(ann, "cached:a", { since });
  await listener.until(({ publications }) => publications.length === 1);
  tide.cut(sessionOf(ann));
  for (let n = 6; n <= 8; n += 1) await channel.publish(n);
  await listener.until(({ establishments }) => establishments.length === 2);
  await channel.publish(9);
  await listener.until(({ values }) => values.at(-1) === 9);
  expect([listener.values, listener.offsets]).toEqual([
    [5, 8, 9],
    [5, 8, 9],
  ]);
  expect(listener.establishments).toEqual(Array(2).fill({ wasRecovering: true, recovered: true }));
});

test("a position of another life of the server, or ahead of the log, is not recovered", async () => {
  const { socketUrl, tide } = await serve();
  await tide.channel(open, { name: "a" }).publish(1);
  const { epoch } = await (await connected(socketUrl)).history("public:a");
  const establishment = async (since: { epoch: string; offset: number }): Promise<unknown> => {
    const client = await connected(socketUrl);
    const listener = new Listener(client, "public:a", { since });
    await listener.until(({ establishments }) => establishments.length === 1);
    // Whatever is ready comes before this reply.
    await client.presenceStats("public:a");
    return [listener.establishments[0]?.recovered, listener.values];
  };
  expect(await establishment({ epoch, offset: 0 })).toEqual([true, [1]]);
  expect(await establishment({ epoch, offset: 1 })).toEqual([true, []]);
  expect(await establishment({ epoch, offset: 2 })).toEqual([false, []]);
  expect(await establishment({ epoch: "another", offset: 1 })).toEqual([false, []]);
});

test("kill -9 under 500 publishes a second: all that was acked arrives once and in order, recovered", async () => {
  const [file, port] = [temporaryFile(), await freePort()];
  let child = await nodeOn(file, port);
  const socketUrl = `ws://127.0.0.1:${port}`;
  const listener = await listening(await connected(socketUrl), "public:a");
  const publisher = new Publisher(await connected(socketUrl));
  onTestFinished(() => publisher.stop());
  // Killed with nothing, with some and with all of a burst unanswered.
  for (const [index, inFlight] of [0, 5, 10].entries()) {
    const round = index + 1;
    const target = publisher.acked.length + 250;
    await publisher.until(() => publisher.acked.length >= target && publisher.inFlight >= inFlight);
    child.kill("SIGKILL");
    await once(child, "exit");
    child = await nodeOn(file, port);
    await listener.until(({ establishments }) => establishments.length === round + 1);
  }
  publisher.stop();
  await publisher.until(() => publisher.inFlight === 0);
  const last = publisher.acked.at(-1) ?? 0;
  await listener.until(({ publications }) => publications.some(({ data }) => data === last));
  const arrived = listener.values as number[];
  expect(new Set(arrived).size).toBe(arrived.length);
  expect(arrived).toEqual(arrived.toSorted((a, b) => a - b));
  expect(publisher.acked.filter((value) => !new Set(arrived).has(value))).toEqual([]);
  expect(listener.offsets).toEqual(arrived.map((_, index) => index + 1));
  expect(listener.establishments.slice(1)).toEqual(Array(3).fill({ wasRecovering: true, recovered: true }));
  expect(publisher.acked.length).toBeGreaterThanOrEqual(750);
}, 30_000);

/** Publishes 1, 2, 3 … at 500 a second while it is connected, and remembers which of them were acked. */
class Publisher {
  readonly acked: number[] = [];
  readonly #client: Centrifuge;
  readonly #timer: NodeJS.Timeout;
  #next = 1;
  #inFlight = 0;
  #waiting: (() => void)[] = [];

  constructor(client: Centrifuge) {
    this.#client = client;
    this.#timer = setInterval(() => this.#publish(10), 20);
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => void this.#waiting.push(resolve));
  }

  #publish(count: number): void {
    if (this.#client.state !== "connected") return;
    for (let n = 0; n < count; n += 1) {
      const value = this.#next;
      this.#next += 1;
      this.#inFlight += 1;
      this.#client.publish("public:a", value).then(
        () => this.#settled(value),
        () => this.#settled(null),
      );
    }
    this.#wake();
  }

  #settled(acked: number | null): void {
    this.#inFlight -= 1;
    if (acked !== null) this.acked.push(acked);
    this.#wake();
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
