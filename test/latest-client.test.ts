// `latest` channels through our client and a line that breaks: at rest it shows what the server has (F1, F2, F3, F4).
import { type Channel, type Client, createClient } from "@tidewire/client";
import { type Latest, type LatestOptions, latestOf } from "@tidewire/client/latest";
import { createFaultProxy, type FaultProxy } from "@tidewire/client/testing";
import { defineCall, defineChannel } from "@tidewire/protocol";
import { expect, onTestFinished, test } from "vitest";
import { serve, type Served } from "./serving.ts";

interface Quote {
  readonly symbol: string;
  readonly price: number;
  readonly text?: string;
}

const market = defineChannel("market:{venue}", { mode: "latest", key: (value) => (value as Quote).symbol });
const noop = defineCall("noop");

interface Line {
  readonly served: Served;
  readonly proxy: FaultProxy;
}

async function lineTo(options: Parameters<typeof serve>[0] = {}): Promise<Line> {
  const served = await serve({ channels: [market], ...options });
  served.tide.handle(noop, () => null);
  const proxy = await createFaultProxy({ to: { host: "127.0.0.1", port: served.port } });
  onTestFinished(() => proxy.close());
  return { served, proxy };
}

interface Reader {
  readonly client: Client;
  readonly channel: Channel;
  readonly latest: Latest;
}

function readerOn({ proxy }: Line, options?: LatestOptions): Reader {
  const client = createClient({ url: `ws://127.0.0.1:${proxy.port}/connection/websocket` });
  onTestFinished(() => client.close());
  const channel = client.channel(market, { venue: "x" });
  const latest = latestOf(channel, options);
  onTestFinished(latest.subscribe(() => undefined));
  client.connect();
  return { client, channel, latest };
}

/** Resolves as soon as it is so, looking again at each snapshot. */
function until({ latest }: Reader, isSo: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const stop = latest.subscribe(() => look());
    function look(): void {
      if (!isSo()) return;
      stop();
      resolve();
    }
    look();
  });
}

function shown({ latest }: Reader): ReadonlyMap<string, number> {
  const { keys, table } = latest.getSnapshot();
  return new Map(keys.map((key) => [key, (table.get(key)?.data as Quote | undefined)?.price ?? Number.NaN]));
}

async function held({ served }: Line): Promise<ReadonlyMap<string, number>> {
  const values = await served.tide.channel(market, { venue: "x" }).history(10_000);
  return new Map(values.map(({ data }) => [(data as Quote).symbol, (data as Quote).price]));
}

const sorted = (values: ReadonlyMap<string, number>): (readonly [string, number])[] =>
  [...values].sort(([one], [other]) => (one < other ? -1 : 1));

async function fill({ served }: Line, count: number): Promise<void> {
  const channel = served.tide.channel(market, { venue: "x" });
  await Promise.all(
    Array.from({ length: count }, (_, index) =>
      channel.publish({ symbol: `s${index}`, price: 0, text: "x".repeat(100) }),
    ),
  );
}

/** Sets and removals of keys all over the table; a new one in the end, that nothing supersedes. */
async function change({ served }: Line, round: number): Promise<string> {
  const channel = served.tide.channel(market, { venue: "x" });
  for (let index = round; index < 5_000; index += 7) {
    if (index % 3 === 0) await channel.remove(`s${index}`);
    else await channel.publish({ symbol: `s${index}`, price: round });
  }
  const last = `last${round}`;
  await channel.publish({ symbol: last, price: round });
  return last;
}

async function isBack({ client }: Reader): Promise<void> {
  await new Promise<void>((resolve) => {
    const stop = client.onState(({ kind }) => {
      if (kind === "waiting") client.retry();
      if (kind !== "connected") return;
      stop();
      resolve();
    });
  });
}

test("cut inside the table of 5,000 keys, with sets and removals meanwhile: then it shows what the server has", async () => {
  const line = await lineTo();
  await fill(line, 5_000);
  // Slow enough that a cut falls into the table: it is some 900 kB.
  await line.proxy.set({ bytesPerSecond: 1_500_000 }, { direction: "down" });
  const reader = readerOn(line);
  const cutAt: number[] = [];
  for (let round = 1; round <= 3; round += 1) {
    await until(reader, () => reader.latest.getSnapshot().received > 1_000 * round);
    const back = isBack(reader);
    line.proxy.cut("reset");
    cutAt.push(reader.latest.getSnapshot().keys.length);
    await change(line, round);
    await back;
  }
  await line.proxy.clear();
  const last = await change(line, 4);
  await until(reader, () => reader.latest.getSnapshot().table.get(last) !== undefined);
  expect(cutAt.every((keys) => keys > 0 && keys < 5_000)).toBe(true);
  expect(sorted(shown(reader))).toEqual(sorted(await held(line)));
  expect(reader.latest.getSnapshot()).toMatchObject({ isStale: false, resets: 0, status: { kind: "live" } });
}, 60_000);

test("removals that were forgotten while it was away: the whole table, and nothing that was removed (F4)", async () => {
  const line = await lineTo();
  const channel = line.served.tide.channel(market, { venue: "x" });
  for (const symbol of ["a", "b", "c"]) await channel.publish({ symbol, price: 1 });
  const reader = readerOn(line);
  await until(reader, () => shown(reader).size === 3);
  await line.proxy.set({ refuse: true });
  line.proxy.cut("reset");
  await channel.remove("a");
  // As many removals are kept as there may be keys: these push out the first.
  for (let index = 0; index < 10_001; index += 1) {
    await channel.publish({ symbol: `t${index}`, price: 1 });
    await channel.remove(`t${index}`);
  }
  await channel.publish({ symbol: "b", price: 2 });
  await line.proxy.clear();
  reader.client.retry();
  await until(reader, () => shown(reader).get("b") === 2);
  expect(sorted(shown(reader))).toEqual([
    ["b", 2],
    ["c", 1],
  ]);
  expect(reader.latest.getSnapshot()).toMatchObject({ resets: 1, isStale: false });
}, 60_000);

test("another server without a store: the old values go when the first new one comes", async () => {
  const first = await lineTo();
  await first.served.tide.channel(market, { venue: "x" }).publish({ symbol: "a", price: 1 });
  const reader = readerOn(first);
  await until(reader, () => shown(reader).size === 1);
  await first.served.stop();
  const second = await serve({ channels: [market], port: first.served.port });
  await second.tide.channel(market, { venue: "x" }).publish({ symbol: "b", price: 2 });
  await until(reader, () => shown(reader).has("b"));
  expect(sorted(shown(reader))).toEqual([["b", 2]]);
  expect(reader.latest.getSnapshot().resets).toBe(1);
}, 30_000);

test("paused, nothing comes; resumed, the newest of every key does, once (F1, F2)", async () => {
  const line = await lineTo();
  const channel = line.served.tide.channel(market, { venue: "x" });
  for (const symbol of ["a", "b"]) await channel.publish({ symbol, price: 0 });
  const reader = readerOn(line, { rate: 20 });
  await until(reader, () => shown(reader).size === 2);
  reader.channel.pause();
  await reader.client.call(noop, null);
  const { received } = reader.latest.getSnapshot();
  for (let price = 1; price <= 100; price += 1) await channel.publish({ symbol: "a", price });
  await channel.remove("b");
  await reader.client.call(noop, null);
  expect(reader.latest.getSnapshot()).toMatchObject({ received, isPaused: true, isStale: true });
  // Over a cut too.
  const back = isBack(reader);
  line.proxy.cut("reset");
  await back;
  await reader.client.call(noop, null);
  expect(reader.latest.getSnapshot().received).toBe(received);
  reader.channel.resume();
  await until(reader, () => shown(reader).get("a") === 100);
  expect(sorted(shown(reader))).toEqual([["a", 100]]);
  expect(reader.latest.getSnapshot().received).toBe(received + 2);
}, 30_000);

test("the rate is kept over a cut, and changes without a new subscription (F5)", async () => {
  const line = await lineTo();
  const channel = line.served.tide.channel(market, { venue: "x" });
  await channel.publish({ symbol: "a", price: 0 });
  const reader = readerOn(line, { rate: 0.1 });
  await until(reader, () => shown(reader).get("a") === 0);
  const back = isBack(reader);
  line.proxy.cut("reset");
  await channel.publish({ symbol: "a", price: 1 });
  await back;
  // The first pull after coming back is at once, the next one 10 s later.
  await until(reader, () => shown(reader).get("a") === 1);
  await channel.publish({ symbol: "a", price: 2 });
  await reader.client.call(noop, null);
  await reader.client.call(noop, null);
  expect(shown(reader).get("a")).toBe(1);
  let subscribes = 0;
  reader.channel.onState(({ kind }) => {
    if (kind === "subscribing") subscribes += 1;
  });
  onTestFinished(latestOf(reader.channel, { rate: 60 }).subscribe(() => undefined));
  await until(reader, () => shown(reader).get("a") === 2);
  expect(subscribes).toBe(0);
}, 30_000);

test("at 400 kbit/s a table that changes faster than that is the newest within two intervals and a second (F3)", async () => {
  const line = await lineTo();
  const keys = 200;
  const rate = 5;
  const bytesPerSecond = 50_000;
  await line.proxy.set({ bytesPerSecond }, { direction: "down" });
  const reader = readerOn(line, { rate });
  const carried = (): number => line.proxy.connections().reduce((sum, { down }) => sum + down.sentBytes, 0);
  let price = 0;
  const isOver = Promise.withResolvers<void>();
  // Ten times a second each, which is four times what the line carries at that rate, until it has carried that for a while.
  line.served.tide.source(market, async function* ({ signal, sleep }) {
    while (carried() < 8 * bytesPerSecond) {
      price += 1;
      for (let key = 0; key < keys; key += 1) yield { symbol: `s${key}`, price };
      await sleep(100);
    }
    isOver.resolve();
    while (!signal.aborted) await sleep(60_000);
  });
  await isOver.promise;
  const atEnd = carried();
  await until(reader, () => [...shown(reader).values()].every((each) => each === price));
  expect(sorted(shown(reader))).toEqual(sorted(await held(line)));
  // On this line bytes are time, on a busy machine too.
  expect((carried() - atEnd) / bytesPerSecond).toBeLessThan(2 / rate + 1);
}, 120_000);
