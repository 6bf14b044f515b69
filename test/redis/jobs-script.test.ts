// The script around BullMQ's commands: what it counts and notes on a real Redis, where keys are missing, damaged or others'.
import * as library from "bullmq";
import { createClient } from "@redis/client";
import type { Run } from "@tidewire/jobs";
import { bullmqStore } from "@tidewire/jobs/bullmq";
import { expect, onTestFinished, test } from "vitest";
import { draft, wanted } from "../a-job.ts";
import { keeping, RedisServer } from "../services/redis.ts";
import { age } from "./aged-jobs.ts";
import { opened, storeOn } from "./jobs-site.ts";

const done = { kind: "done", output: "1" } as const;
const prefix = "tidewire-jobs";

const idsOf = (runs: readonly Run[]): readonly string[] => runs.map(({ id }) => id);

test("a BullMQ whose commands are not known is refused", async (context) => {
  const server = await RedisServer.forTest(context, { settings: keeping.always });
  // BullMQ defines no command that its client has.
  const createNodeRedisClient: typeof library.createNodeRedisClient = (client) =>
    new Proxy(library.createNodeRedisClient(client), {
      get: (target, name) => String(name).startsWith("moveToActive:") || (Reflect.get(target, name) as unknown),
    });
  const store = bullmqStore({
    library: { ...library, createNodeRedisClient },
    client: createClient({ url: server.url }),
  });
  onTestFinished(() => store.close());
  await expect(store.open()).rejects.toMatchObject({
    reason: "engine_unavailable",
    message: "expected BullMQ 6, whose moveToActive takes 11 keys, got one with 0",
  });
});

test("more jobs than one call hands out or ends", async (context) => {
  const { store } = await opened(context);
  const ids = Array.from({ length: 250 }, (_, n) => `${n}`);
  await store.add(ids.map((id) => ({ ...draft, id })));
  const { runs } = await store.claim({ ...wanted, runs: 240 });
  expect(idsOf(runs)).toEqual(ids.slice(0, 240));
  const ends = await Promise.all(runs.map((run) => store.settle(run, done)));
  expect(new Set(ends)).toEqual(new Set(["done"]));
  expect(await store.counts()).toMatchObject([{ name: "n", state: "waiting", count: 10 }]);
});

test("an end that is recorded at the second try is its worker's to tell as well", async (context) => {
  const server = await RedisServer.forTest(context, { settings: keeping.always });
  let losses = 1;
  class Queue extends library.Queue {
    override async getJob(id: string): Promise<library.Job | undefined> {
      losses -= 1;
      if (losses === 0) throw new Error("the connection was lost");
      return await super.getJob(id);
    }
  }
  const store = bullmqStore({ library: { ...library, Queue }, client: createClient({ url: server.url }) });
  onTestFinished(() => store.close());
  await store.open();
  await store.add([draft]);
  const [run] = (await store.claim(wanted)).runs;
  if (run === undefined) return expect.unreachable();
  const dead = { kind: "dead", reason: "denied", message: "no" } as const;
  await expect(store.settle(run, dead)).rejects.toMatchObject({ reason: "indeterminate" });
  expect(await store.settle(run, dead)).toBe("dead");
  expect((await store.claim(wanted)).endings).toEqual([]);
  await age(server, prefix, wanted.leaseMs);
  expect((await store.claim(wanted)).endings).toMatchObject([{ id: draft.id, state: "dead", reason: "denied" }]);
});

test("what is left of another end says nothing of one that is done", async (context) => {
  const { server, store } = await opened(context);
  await store.add([draft]);
  await server.ask("HSET", `${prefix}:nn:jone`, "failedReason", "of an attempt before");
  const [run] = (await store.claim(wanted)).runs;
  if (run === undefined) return expect.unreachable();
  expect(await store.settle(run, done)).toBe("done");
  expect(await store.read({ kind: "one", id: "one" })).toMatchObject([{ state: "done", output: "1" }]);
});

test("what is done at its second attempt does not say what the first one failed of", async (context) => {
  const { store } = await opened(context);
  await store.add([draft]);
  const failed = { kind: "failed", reason: "internal", message: "no", delayMs: 0 } as const;
  for (const outcome of [failed, done]) {
    const [run] = (await store.claim(wanted)).runs;
    if (run === undefined) return expect.unreachable();
    await store.settle(run, outcome);
  }
  const found = await store.read({ kind: "one", id: "one" });
  expect(found).toMatchObject([{ state: "done", attempt: 2, reason: "", message: "" }]);
});

test("of two hands in one process the newer one's word counts (J2)", async (context) => {
  const { server, store } = await opened(context);
  await store.add([draft]);
  const [first] = (await store.claim(wanted)).runs;
  await age(server, prefix, 10_000);
  const [second] = (await store.claim(wanted)).runs;
  if (first === undefined || second === undefined) return expect.unreachable();
  expect(second.fence).toBeGreaterThan(first.fence);
  expect(await store.settle(first, done)).toBeNull();
  // Nor is anything noted of it.
  expect(await server.ask("EXISTS", `${prefix}:~:ends`)).toBe(0);
  expect(await store.settle(second, done)).toBe("done");
});

test("a run says when it could begin", async (context) => {
  const { store } = await opened(context);
  const sinceMs = Date.now();
  await store.add([draft]);
  const [run] = (await store.claim(wanted)).runs;
  const [record] = await store.read({ kind: "one", id: "one" });
  expect(run?.dueMs).toBe(record?.addedMs);
  expect(record?.addedMs).toBeGreaterThanOrEqual(sinceMs);
});

test("a job whose key is another kind of value keeps no other one waiting, also at its end", async (context) => {
  const { server, store } = await opened(context);
  await store.add([draft, { ...draft, id: "two" }, { ...draft, id: "three" }]);
  await server.ask("SET", `${prefix}:nn:jone`, "no hash");
  const { runs } = await store.claim(wanted);
  expect(idsOf(runs)).toEqual(["two", "three"]);
  await server.ask("DEL", `${prefix}:nn:jtwo`);
  await server.ask("SET", `${prefix}:nn:jtwo`, "no hash");
  const ends = await Promise.allSettled(runs.map((run) => store.settle(run, done)));
  expect(ends).toMatchObject([{ reason: { reason: "indeterminate" } }, { value: "done" }]);
  await store.add([{ ...draft, id: "four" }]);
  await server.ask("SET", `${prefix}:nn:jfour`, "no hash");
  await expect(store.claim({ ...wanted, endings: 0 })).rejects.toThrow("WRONGTYPE");
});

test("what is damaged is told to nobody, and does not come back", async (context) => {
  const { server, store } = await opened(context);
  await store.add([draft]);
  await server.ask("HSET", `${prefix}:nn:jone`, "data", JSON.stringify({ ...draft, input: "{" }));
  expect((await store.claim(wanted)).refused).toHaveLength(1);
  expect((await store.claim(wanted)).endings).toEqual([]);
  await server.ask("HSET", `${prefix}:nn:jone`, "data", "no JSON");
  expect(await store.change("one", "replay")).toBe(false);
});

test("damaged options of BullMQ set a job apart before it begins", async (context) => {
  const { server, store } = await opened(context);
  await store.add([draft]);
  await server.ask("HSET", `${prefix}:nn:jone`, "opts", "{");
  const { runs, refused } = await store.claim(wanted);
  expect({ runs, refused }).toEqual({ runs: [], refused: ["jone: its data cannot be read"] });
});

test("a job that somebody has removed while it ran is no job any more", async (context) => {
  const { server, store } = await opened(context);
  await store.add([draft, { ...draft, id: "two" }]);
  await store.claim(wanted);
  await server.ask("DEL", `${prefix}:nn:jone`);
  await age(server, prefix, 10_000);
  expect(idsOf((await store.claim(wanted)).runs)).toEqual(["two"]);
  expect(await server.ask("LRANGE", `${prefix}:nn:active`, "0", "-1")).toEqual(["jtwo"]);
});

test("a job that was damaged while it ran is set apart when its lease is over", async (context) => {
  const { server, store } = await opened(context);
  await store.add([draft]);
  await store.claim(wanted);
  await server.ask("HSET", `${prefix}:nn:jone`, "data", "no JSON");
  await age(server, prefix, 10_000);
  const { runs, refused } = await store.claim(wanted);
  expect({ runs, refused }).toEqual({ runs: [], refused: ["jone: its data cannot be read"] });
});

test("notes of ends that did not come, and of jobs that are gone, are told to nobody", async (context) => {
  const { server, store } = await opened(context);
  await store.add([draft]);
  await server.ask("ZADD", `${prefix}:~:ends`, "1", "jone", "1", "jgone");
  expect((await store.claim({ ...wanted, runs: 0 })).endings).toEqual([]);
  // The one may still come.
  expect(await server.ask("ZRANGE", `${prefix}:~:ends`, "0", "-1")).toEqual(["jone"]);
});

test("ends are told in the order in which their jobs arrived", async (context) => {
  const { server, store } = await opened(context);
  await store.add([draft, { ...draft, id: "two" }]);
  await store.change("one", "cancel");
  await store.change("two", "cancel");
  await server.ask("ZADD", `${prefix}:~:ends`, "2", "jone", "1", "jtwo");
  const { endings } = await store.claim({ ...wanted, runs: 0 });
  expect(endings.map(({ id }) => id)).toEqual(["one", "two"]);
});

test("an end that is still to be told is its worker's, and prolonged, when it renews", async (context) => {
  const { server, store } = await opened(context);
  await store.add([draft]);
  const { runs } = await store.claim(wanted);
  const [run] = runs;
  if (run === undefined) return expect.unreachable();
  await store.settle(run, done);
  const dueMs = async (): Promise<number> => Number(await server.ask("ZSCORE", `${prefix}:~:ends`, "jone"));
  const before = await dueMs();
  expect(await store.renew([run, { ...run, fence: run.fence + 1 }], 60_000)).toEqual(["held", "lost"]);
  expect(await dueMs()).toBeGreaterThan(before + 30_000);
  await store.settle(run, { kind: "told" });
  expect(await store.renew([run], 60_000)).toEqual(["lost"]);
  expect(await server.ask("EXISTS", `${prefix}:~:ends`)).toBe(0);
});

test("arrivals are in order though the time of Redis was set back", async (context) => {
  const { server, store } = await opened(context);
  await store.add([{ ...draft, id: "z" }]);
  await server.ask("ZADD", `${prefix}:~:arrivals`, String(Date.now() * 2_000), "jz");
  await store.add([{ ...draft, id: "a" }]);
  const page = await store.read({ kind: "page", state: "waiting", after: null, limit: 10 });
  expect(page.map(({ id }) => id)).toEqual(["z", "a"]);
});

test("BullMQ knows of ends without a worker: their set, their reason, and no lock", async (context) => {
  const { server, store } = await opened(context);
  await store.add([
    { ...draft, terms: { ...draft.terms, attempts: 1 } },
    { ...draft, id: "two" },
  ]);
  await store.claim({ ...wanted, runs: 1 });
  await store.change("two", "cancel");
  await age(server, prefix, 10_000);
  await store.claim(wanted);
  const client = createClient({ url: server.url });
  client.on("error", () => undefined);
  const queue = new library.Queue("nn", { prefix, connection: library.createNodeRedisClient(client) });
  const [dead] = await queue.getFailed();
  expect(dead).toMatchObject({ id: "jone", failedReason: expect.stringContaining("its last attempt") as unknown });
  expect((await queue.getCompleted()).map(({ id }) => id)).toEqual(["jtwo"]);
  expect(await queue.getJobCounts()).toMatchObject({ active: 0, waiting: 0, prioritized: 0, delayed: 0 });
  await queue.close();
  client.destroy();
});

test("orphans: not before their time, also those that waited for it; arrivals of nobody are forgotten", async (context) => {
  const { server, store } = await opened(context);
  const orphanMs = 100_000;
  await store.add([
    { ...draft, name: "m", dueMs: Date.now() + 60_000 },
    { ...draft, id: "two", name: "m", dueMs: Date.now() + 600_000 },
  ]);
  await server.ask("ZADD", `${prefix}:~:arrivals`, "1", "jgone");
  await age(server, prefix, 200_000);
  const again = storeOn(server);
  await again.open();
  await again.claim({ ...wanted, orphanMs });
  const states = await again.read({ kind: "page", state: "waiting", after: null, limit: 10 });
  expect(states.map(({ id }) => id)).toContain("two");
  expect(await server.ask("ZRANGE", `${prefix}:~:arrivals`, "0", "-1")).toEqual(["jone", "jtwo"]);
});
