// What a BullMQ store refuses: a Redis that forgets, one that is full, one that is away, and entries that nobody can have added.
import * as library from "bullmq";
import { createClient } from "@redis/client";
import { bullmqStore } from "@tidewire/jobs/bullmq";
import { expect, onTestFinished, test, vi } from "vitest";
import { draft, wanted } from "../a-job.ts";
import { keeping, RedisServer } from "../services/redis.ts";
import { opened, storeOn } from "./jobs-site.ts";

test("a Redis that may lose what it has acked is refused, unless it is trusted", async (context) => {
  const server = await RedisServer.forTest(context, { settings: keeping.everySecond });
  const refused = storeOn(server).open();
  await expect(refused).rejects.toMatchObject({ reason: "engine_unavailable" });
  await expect(refused).rejects.toThrow('expected a Redis with "appendfsync always", got "appendfsync everysec"');
  const store = storeOn(server, { durability: "trusted" });
  await store.open();
  expect(await store.add([draft])).toEqual([{ id: "one", isDuplicate: false }]);
});

test("a Redis that evicts is refused", async (context) => {
  const settings = { ...keeping.always, "maxmemory-policy": "allkeys-lru" };
  const server = await RedisServer.forTest(context, { settings });
  await expect(storeOn(server).open()).rejects.toThrow('"maxmemory-policy noeviction"');
});

test("a Redis that is full takes no more jobs, and hands out those that it has when there is room", async (context) => {
  const { server, store } = await opened(context);
  await store.add([draft]);
  await server.ask("CONFIG", "SET", "maxmemory", "1mb");
  await expect(store.add([{ ...draft, id: "two" }])).rejects.toMatchObject({ reason: "limit_exceeded" });
  await server.ask("CONFIG", "SET", "maxmemory", "0");
  expect((await store.claim(wanted)).runs.map(({ id }) => id)).toEqual(["one"]);
});

test(
  "of a Redis that is away nothing is asked, and all is there when it is back",
  { timeout: 40_000 },
  async (context) => {
    const { server, store } = await opened(context);
    await store.add([draft]);
    await server.kill();
    // The first may have been on its way.
    const refusal = (): Promise<unknown> => store.claim(wanted).catch((thrown: unknown) => thrown);
    await expect.poll(refusal, { timeout: 15_000 }).toMatchObject({ reason: "engine_unavailable" });
    await server.start();
    await expect
      .poll(async () => (await store.claim(wanted).catch(() => null))?.runs, { timeout: 15_000 })
      .toMatchObject([{ id: "one" }]);
  },
);

test("entries that cannot be read are set apart and keep nothing else waiting", async (context) => {
  const { server, store } = await opened(context);
  const damaged = ["no JSON", "null", '{"id":"c"}', JSON.stringify({ ...draft, id: "d", input: "{" })];
  for (const [n, data] of damaged.entries()) {
    await store.add([{ ...draft, id: `damaged-${n}` }]);
    await server.ask("HSET", `tidewire-jobs:nn:jdamaged-${n}`, "data", data);
  }
  await store.add([draft]);
  const { runs, refused } = await store.claim(wanted);
  expect(runs.map(({ id }) => id)).toEqual(["one"]);
  expect(refused).toHaveLength(damaged.length);
  const dead = await store.read({ kind: "page", state: "dead", after: null, limit: 10 });
  expect(dead.map(({ id, reason }) => ({ id, reason }))).toEqual(
    damaged.map((_, n) => ({ id: `damaged-${n}`, reason: "malformed" })),
  );
  expect((await store.claim(wanted)).refused).toEqual([]);
});

test("what has ended is forgotten after its time", async (context) => {
  const { server } = await opened(context);
  const store = bullmqStore({
    library,
    client: createClient({ url: server.url }),
    keepEndedMs: 1,
    keepDeadMs: 3_600_000,
  });
  onTestFinished(() => store.close());
  await store.open();
  await store.add([draft, { ...draft, id: "two" }]);
  const [done, dead] = (await store.claim(wanted)).runs;
  await store.settle(done ?? expect.unreachable(), { kind: "done", output: "1" });
  await store.settle(dead ?? expect.unreachable(), { kind: "dead", reason: "denied", message: "" });
  const states = async (): Promise<readonly string[]> => {
    // Each store keeps house when it begins.
    await store.close();
    await store.open();
    await store.claim({ ...wanted, endings: 0 });
    const records = await Promise.all(["one", "two"].map((id) => store.read({ kind: "one", id })));
    return records.flat().map(({ state }) => state);
  };
  await expect.poll(states).toEqual(["dead"]);
});

test("a store that has only read outlives its Redis, and asks again", { timeout: 60_000 }, async (context) => {
  // No queue of BullMQ's was made that would hear what becomes of the connection.
  const { server, store } = await opened(context);
  await server.kill();
  await expect(store.read({ kind: "one", id: "one" })).rejects.toMatchObject({ temporary: true });
  await server.start();
  const read = async (): Promise<unknown> => await store.read({ kind: "one", id: "one" }).catch(() => "away");
  await vi.waitFor(async () => expect(await read()).toEqual([]), { timeout: 30_000, interval: 50 });
});
