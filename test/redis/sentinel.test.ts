// Redis behind Sentinels: the engine is where the primary is, and a promotion that loses acks tells no lie about it.
import { redisEngine } from "@tidewire/server/redis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { engineContract } from "../../packages/server/src/engine/contract.ts";
import { RecordingSink } from "../../packages/server/src/engine/contract/recording-sink.ts";
import { everything, textsOf } from "../../packages/server/src/engine/contract/trial.ts";
import { Keys } from "../../packages/server/src/engines/redis/keys.ts";
import { type RedisEngine, redisEngineOf } from "../../packages/server/src/engines/redis/redis-engine.ts";
import { keeping, redisPath, valkeyPath, withoutRedis, withoutValkey } from "../services/redis.ts";
import { isPrimary, WatchedRedis } from "../services/redis-sentinel.ts";
import { say, startEngine } from "./engines.ts";
import { expectInOrder, Load, news, twoNodes } from "./load.ts";
import { movedScript, moveTime } from "./moved-time.ts";
import { cutOff, inStep } from "./replicas.ts";

describe.for([
  ["redis", redisPath, withoutRedis],
  ["valkey", valkeyPath, withoutValkey],
] as const)("a primary that three Sentinels name: %s", ([, program, reason]) => {
  if (program === undefined) return it("is not here", (context) => context.skip(reason));
  let watched: WatchedRedis;
  let tries = 0;
  beforeAll(async () => {
    watched = await WatchedRedis.start({ program, replicas: 1, downAfterMs: 60_000 });
  });
  afterAll(() => watched.remove());

  engineContract("redis, Sentinels", {
    create: () => {
      tries += 1;
      const prefix = `try-${tries}`;
      const make = (): RedisEngine =>
        redisEngineOf({ client: watched.client, sentinel: watched.sentinels, prefix }, movedScript);
      return { engine: make(), reopen: make, advance: (ms) => moveTime(watched.servers[0], ms) };
    },
  });
});

/** Two nodes on it. */
function nodesOn(watched: WatchedRedis): ReturnType<typeof twoNodes> {
  return twoNodes(() => ({ client: watched.client, sentinel: watched.sentinels }));
}

it(
  "kill -9 of a primary whose replica lags: acks are lost, no reader is told that it has everything (S5, S8)",
  { timeout: 60_000 },
  async (context) => {
    const watched = await WatchedRedis.forTest(context, { replicas: 1 });
    const load = new Load(await nodesOn(watched), news);
    await load.progress();
    const [former] = watched.servers;
    await cutOff(former);
    // Nobody but the primary has these.
    await load.progress(100);
    await former.kill();
    await watched.replaced(former);
    await load.progress();
    const outcome = await load.end();
    expectInOrder(outcome);
    const { acked, history, checker } = outcome;
    // A few were on their way when it was cut off.
    expect(acked.filter((op) => !history.includes(op)).length).toBeGreaterThan(80);
    expect(checker.recoveries).toMatchObject({ recovered: 0, unrecovered: 4 });
  },
);

it(
  "an operator's failover, there and back, under load: everybody is told of each, and goes on",
  { timeout: 60_000 },
  async (context) => {
    const watched = await WatchedRedis.forTest(context, { replicas: 1 });
    const [first] = watched.servers;
    const load = new Load(await nodesOn(watched), news);
    await load.progress();
    await watched.failOver();
    const second = await watched.replaced(first);
    // The first one serves until it is told.
    await watched.together();
    await load.progress();
    await watched.failOver();
    expect(await watched.replaced(second)).toBe(first);
    await watched.together();
    await load.progress();
    const outcome = await load.end();
    expectInOrder(outcome);
    expect(outcome.checker.recoveries).toMatchObject({ recovered: 0, unrecovered: 8 });
  },
);

it(
  "a primary that was replaced and has not heard of it is left within seconds",
  { timeout: 60_000 },
  async (context) => {
    const watched = await WatchedRedis.forTest(context, { replicas: 1 });
    const [former, replica = former] = watched.servers;
    const { engine, sink } = await startEngine(former.url, { client: watched.client, sentinel: watched.sentinels });
    const before = await say(engine, "news", "1");
    await inStep(replica, former);
    // It goes on being a primary, whatever the Sentinels tell it.
    await former.ask("ACL", "SETUSER", "default", "-replicaof", "-slaveof", "-client");
    await watched.failOver();
    await watched.replaced(former);
    expect(await isPrimary(former)).toBe(true);
    await sink.until(() => sink.healths.includes("up"));
    const after = await say(engine, "news", "2");
    expect(after.position).toMatchObject({ offset: 2 });
    expect(after.position.epoch).not.toBe(before.position.epoch);
    expect(textsOf((await engine.read("news", "oldest", everything)).publications)).toEqual(["1", "2"]);
    expect(await replica.ask("XLEN", new Keys("tidewire").ofAll("news")[1] ?? "")).toBe(2);
  },
);

it("acks are volatile, whatever the servers sync: a replica may have less", { timeout: 60_000 }, async (context) => {
  const watched = await WatchedRedis.forTest(context, { replicas: 1, settings: keeping.always });
  const { engine } = await startEngine("", { client: watched.client, sentinel: watched.sentinels });
  expect((await say(engine, "news", "1")).durability).toBe("volatile");
  expect(() => redisEngine({ client: watched.client, sentinel: watched.sentinels, durable: true })).toThrow(TypeError);
});

it("one Sentinel of three is enough, and none while all is well", { timeout: 60_000 }, async (context) => {
  const watched = await WatchedRedis.forTest(context, { replicas: 1 });
  await watched.endSentinel(0);
  watched.hangSentinel(1);
  const { engine, sink } = await startEngine("", { client: watched.client, sentinel: watched.sentinels });
  await watched.endSentinel(2);
  await say(engine, "news", "1");
  await watched.endSentinel(1);
  const other = redisEngine({ client: watched.client, sentinel: watched.sentinels });
  await expect(other.start(new RecordingSink())).rejects.toThrow(
    /no Sentinel of 3 names a primary "tides": .*ECONNREFUSED/,
  );
  expect(sink.healths).toEqual([]);
});

it("a name that no Sentinel knows, and what cannot be together", { timeout: 60_000 }, async (context) => {
  const watched = await WatchedRedis.forTest(context, { replicas: 0 });
  const { client, sentinels } = watched;
  const engine = redisEngine({ client, sentinel: { ...sentinels, name: "other" } });
  await expect(engine.start(new RecordingSink())).rejects.toThrow(/names a primary "other": .*No such master/);
  expect(() => redisEngine({ client, sentinel: { name: "tides", clients: [] } })).toThrow(TypeError);
  expect(() => redisEngine({ client, sentinel: { ...sentinels, name: "" } })).toThrow(TypeError);
  expect(() => redisEngine({ client: [client, client], sentinel: sentinels })).toThrow(TypeError);
  expect(() => redisEngine({ client: [] })).toThrow(TypeError);
});
