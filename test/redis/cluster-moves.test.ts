// A Redis cluster that changes under load: slots move, primaries go, and the history checker reads what everybody was told.
import { createClient } from "@redis/client";
import { redisEngine, type RedisClient } from "@tidewire/server/redis";
import { expect, it } from "vitest";
import { RecordingSink } from "../../packages/server/src/engine/contract/recording-sink.ts";
import { everything, textsOf } from "../../packages/server/src/engine/contract/trial.ts";
import { laneOf } from "../../packages/server/src/engines/redis/keys.ts";
import { slotOf } from "../../packages/server/src/engines/redis/slots.ts";
import { FakeClock } from "../../packages/server/src/testing/fake-clock.ts";
import { keeping, RedisServer } from "../services/redis.ts";
import { RedisCluster } from "../services/redis-cluster.ts";
import { say, startEngine } from "./engines.ts";
import { channels, expectInOrder, Load, news, twoNodes } from "./load.ts";
import { cutOff } from "./replicas.ts";

function slotOfChannel(name: string): number {
  return slotOf(`{${laneOf(name)}}`);
}

const slot = slotOfChannel("news");

function clientOf(cluster: RedisCluster): RedisClient {
  return createClient({ url: cluster.servers[0]?.url ?? "" });
}

it(
  "a slot moves there and back under load, durable: nothing is lost, repeated or reordered, and nobody notices",
  { timeout: 60_000 },
  async (context) => {
    const cluster = await RedisCluster.forTest(context, { primaries: 2, replicas: 0, settings: keeping.always });
    const load = new Load(await twoNodes(() => ({ client: clientOf(cluster), durable: true })), news);
    await load.progress();
    for (let round = 0; round < 4; round += 1) {
      const from = await cluster.ownerOf(slot);
      const to = cluster.servers.find((server) => server !== from) ?? from;
      await cluster.move(slot, to, () => refusedAt(from));
      await load.progress();
    }
    const outcome = await load.end();
    expectInOrder(outcome);
    expect(outcome).toMatchObject({ rejected: [], indeterminate: [] });
    expect(outcome.acked.filter((op) => !outcome.history.includes(op))).toEqual([]);
    expect(outcome.checker.recoveries).toMatchObject({ recovered: 0, unrecovered: 0 });
  },
);

it(
  "a slot moves to a server that is new: everybody is told, and nothing is lost (S8)",
  { timeout: 60_000 },
  async (context) => {
    const cluster = await RedisCluster.forTest(context, { primaries: 2, replicas: 0 });
    const load = new Load(await twoNodes(() => ({ client: clientOf(cluster) })), news);
    await load.progress();
    const grown = await cluster.grow();
    const added = grown.servers.at(-1) ?? expect.fail("a server was expected");
    context.onTestFinished(() => added.remove());
    const from = await cluster.ownerOf(slot);
    await grown.move(slot, added, () => refusedAt(from));
    await load.progress();
    const outcome = await load.end();
    expectInOrder(outcome);
    expect(outcome).toMatchObject({ rejected: [], indeterminate: [] });
    expect(outcome.acked.filter((op) => !outcome.history.includes(op))).toEqual([]);
    // Another process has it, and nobody can prove that it has all (S8).
    expect(outcome.checker.recoveries).toMatchObject({ recovered: 0, unrecovered: 4 });
  },
);

it(
  "a slot that is on its way for long refuses publishes for certain; the other lanes go on",
  { timeout: 60_000 },
  async (context) => {
    const cluster = await RedisCluster.forTest(context, { primaries: 2, replicas: 0 });
    const { engine, sink } = await startEngine("", { client: clientOf(cluster) });
    await engine.follow("news");
    await say(engine, "news", "before");
    const from = await cluster.ownerOf(slot);
    const to = cluster.servers.find((server) => server !== from) ?? from;
    await cluster.move(slot, to, async () => {
      const outcomes = await Promise.allSettled([say(engine, "news", "1"), say(engine, "news", "2")]);
      expect(outcomes).toMatchObject([
        { reason: { reason: "engine_unavailable" } },
        { reason: { reason: "engine_unavailable" } },
      ]);
      for (const { pattern } of channels.slice(1)) expect((await say(engine, pattern, "1")).position.offset).toBe(1);
    });
    await say(engine, "news", "after");
    expect(textsOf((await engine.read("news", "oldest", everything)).publications)).toEqual(["before", "after"]);
    await sink.until(() => sink.of("news").length === 2);
    expect(textsOf(sink.of("news"))).toEqual(["before", "after"]);
    expect(sink.healths).toEqual([]);
  },
);

it(
  "a slot that is on its way for longer than a lane may be silent ends nothing",
  { timeout: 60_000 },
  async (context) => {
    const cluster = await RedisCluster.forTest(context, { primaries: 2, replicas: 0 });
    const clock = new FakeClock({ defer: setImmediate });
    const { engine, sink } = await startEngine("", { client: clientOf(cluster), clock });
    for (const channel of ["news", "fees"]) await engine.follow(channel);
    const from = await cluster.ownerOf(slot);
    const to = cluster.servers.find((server) => server !== from) ?? from;
    const passes = async (ms: number): Promise<void> => {
      for (let passed = 0; passed < ms; passed += 250) {
        clock.advance(250);
        // Whoever is slow to answer is so on this clock as well.
        await Promise.all([engine.tops(["fees"]), ...[from, to].map((server) => server.ask("PING"))]);
      }
    };
    await cluster.move(slot, to, () => passes(20_000));
    // What it held is asked again, at the other server.
    await passes(2_000);
    await say(engine, "news", "after");
    expect(sink.healths).toEqual([]);
  },
);

it("whoever only listens hears the lane where it is now", { timeout: 60_000 }, async (context) => {
  const cluster = await RedisCluster.forTest(context, { primaries: 2, replicas: 0 });
  // Its time stands still: it asks nothing by itself.
  const clock = new FakeClock({ defer: setImmediate });
  const { engine, sink } = await startEngine("", { client: clientOf(cluster), clock });
  const other = await startEngine("", { client: clientOf(cluster) });
  await engine.follow("news");
  const from = await cluster.ownerOf(slot);
  const to = cluster.servers.find((server) => server !== from) ?? from;
  for (const [text, server] of [
    ["1", to],
    ["2", from],
    ["3", to],
  ] as const) {
    const told = sink.suspects.length;
    await cluster.move(slot, server);
    await sink.until(() => sink.suspects.length > told);
    expect(sink.suspects.at(-1)).toEqual(["news"]);
    await say(other.engine, "news", text);
    await sink.until(() => textsOf(sink.of("news")).includes(text));
  }
  expect(textsOf(sink.of("news"))).toEqual(["1", "2", "3"]);
  expect(sink.healths).toEqual([]);
});

it(
  "kill -9 of a primary whose replica lags: acks are lost there, no reader is told that it has everything (S5, S8)",
  { timeout: 60_000 },
  async (context) => {
    const cluster = await RedisCluster.forTest(context, { primaries: 3, replicas: 1 });
    const former = await cluster.ownerOf(slot);
    const survivor = cluster.primaries.find((server) => server !== former) ?? former;
    const elsewhere = await channelAt(cluster, survivor);
    const served = await twoNodes(() => ({ client: createClient({ url: survivor.url }) }));
    const [load, other] = [new Load(served, news), new Load(served, elsewhere)];
    await Promise.all([load.progress(), other.progress()]);
    await cutOff(former);
    await load.progress(100);
    await former.kill();
    const running = cluster.servers.filter((server) => server !== former);
    await cluster.whole(running);
    await Promise.all([load.progress(), other.progress()]);
    const [outcome, apart] = await Promise.all([load.end(), other.end()]);
    for (const each of [outcome, apart]) expectInOrder(each);
    // A few were on their way when it was cut off.
    expect(outcome.acked.filter((op) => !outcome.history.includes(op)).length).toBeGreaterThan(80);
    expect(outcome.checker.recoveries).toMatchObject({ recovered: 0, unrecovered: 4 });
    // Whose server is still the same has lost nothing.
    expect(apart.acked.filter((op) => !apart.history.includes(op))).toEqual([]);
    expect(apart.checker.recoveries).toMatchObject({ unrecovered: 0 });
  },
);

it(
  "an operator's failover under load: everybody is told, and goes on where the replica is primary",
  { timeout: 60_000 },
  async (context) => {
    const cluster = await RedisCluster.forTest(context, { primaries: 2, replicas: 1 });
    const load = new Load(await twoNodes(() => ({ client: clientOf(cluster) })), news);
    await load.progress();
    const former = await cluster.ownerOf(slot);
    const replica = cluster.servers[cluster.servers.indexOf(former) + 2] ?? expect.fail("a replica was expected");
    await replica.ask("CLUSTER", "FAILOVER");
    await cluster.owns(replica, slot);
    await load.progress();
    const outcome = await load.end();
    expectInOrder(outcome);
    // The primary waits for its replica here.
    expect(outcome.acked.filter((op) => !outcome.history.includes(op))).toEqual([]);
    expect(outcome.checker.recoveries).toMatchObject({ recovered: 0, unrecovered: 4 });
  },
);

it(
  "a primary without a replica dies: the node is not ready, publishes are refused, and all is well when it is back",
  { timeout: 60_000 },
  async (context) => {
    const cluster = await RedisCluster.forTest(context, { primaries: 3, replicas: 0, settings: keeping.always });
    const { engine, sink } = await startEngine("", { client: clientOf(cluster), durable: true });
    const { position } = await say(engine, "news", "1");
    const owner = await cluster.ownerOf(slot);
    await owner.kill();
    await sink.until(() => sink.healths.includes("down"));
    const refused = await Promise.allSettled([say(engine, "news", "2")]);
    expect(refused).toMatchObject([{ reason: { reason: "engine_unavailable" } }]);
    await owner.start();
    await sink.until(() => sink.healths.includes("up"));
    expect(await engine.tops(["news"])).toEqual([position]);
    expect((await say(engine, "news", "2")).position.offset).toBe(2);
  },
);

async function refusalOf(options: Parameters<typeof redisEngine>[0]): Promise<string> {
  const engine = redisEngine(options);
  const thrown: unknown = await engine.start(new RecordingSink()).catch((error: unknown) => error);
  expect(thrown).toMatchObject({ reason: "engine_unavailable" });
  return (thrown as Error).message;
}

it(
  "half a cluster, and one that cannot be durable, are refused at the start; so are several servers that are none",
  { timeout: 60_000 },
  async (context) => {
    const cluster = await RedisCluster.forTest(context, { primaries: 2, replicas: 0, settings: keeping.always });
    const owner = await cluster.ownerOf(slot);
    await owner.ask("CLUSTER", "DELSLOTS", `${slot}`);
    expect(await refusalOf({ client: createClient({ url: owner.url }) })).toMatch(
      /the Redis cluster cannot be used: 1 of the \d+ slots that are needed have no server/,
    );
    await owner.ask("CLUSTER", "ADDSLOTS", `${slot}`);
    await cluster.whole();
    expect(await refusalOf({ client: createClient({ url: `${owner.url}/1` }) })).toMatch(
      /SELECT is not allowed in cluster/,
    );
    const alone = await RedisServer.forTest(context);
    const both = [alone, await RedisServer.forTest(context)].map(({ url }) => createClient({ url }));
    expect(await refusalOf({ client: both })).toMatch(/nodes of a cluster were expected, got redis .* of its own/);
  },
);

it(
  "a durable one with replicas is refused, and its acks without are volatile; without replicas they are what it syncs",
  { timeout: 60_000 },
  async (context) => {
    const settings = keeping.always;
    const replicated = await RedisCluster.forTest(context, { primaries: 1, replicas: 1, settings });
    expect(await refusalOf({ client: clientOf(replicated), durable: true })).toMatch(
      /has no replicas.* this one has 1/,
    );
    const behind = createClient({ url: replicated.servers[1]?.url ?? "" });
    const { engine } = await startEngine("", { client: behind });
    expect((await say(engine, "news", "1")).durability).toBe("volatile");
    const lone = await RedisCluster.forTest(context, { primaries: 2, replicas: 0, settings });
    const nobody = createClient({ url: "redis://127.0.0.1:1" });
    const { engine: other } = await startEngine("", { client: [nobody, clientOf(lone)], durable: true });
    expect((await say(other, "news", "1")).durability).toBe("fsync");
  },
);

/** Resolves when the server has refused somebody's command, since the slot's keys are on their way. */
async function refusedAt(server: RedisServer): Promise<void> {
  await server.ask("CONFIG", "RESETSTAT");
  await expect
    .poll(async () => String(await server.ask("INFO", "errorstats")), { timeout: 10_000, interval: 10 })
    .toMatch(/errorstat_(ASK|TRYAGAIN)/);
}

/** A channel of the load that this one has. */
async function channelAt(cluster: RedisCluster, server: RedisServer): Promise<(typeof channels)[number]> {
  for (const channel of channels) {
    if ((await cluster.ownerOf(slotOfChannel(channel.pattern))) === server) return channel;
  }
  return expect.fail("a channel of that server was expected");
}

it("a user of the cluster who may do what the guide allows", { timeout: 60_000 }, async (context) => {
  const cluster = await RedisCluster.forTest(context, { primaries: 2, replicas: 0 });
  const rights = ["+@all", "-@admin", "-@dangerous", "+info", "+config|get"];
  for (const server of cluster.servers) {
    await server.ask("ACL", "SETUSER", "app", "on", ">word", "~tidewire:*", "&tidewire:*", ...rights);
  }
  const url = `redis://app:word@127.0.0.1:${cluster.servers[0]?.port ?? 0}`;
  const { engine } = await startEngine(url);
  for (const { pattern } of channels) {
    await engine.follow(pattern);
    expect((await say(engine, pattern, "1")).position.offset).toBe(1);
  }
});
