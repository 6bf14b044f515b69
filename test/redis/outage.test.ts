// Redis dies, hangs, forgets or refuses: publishes end, nobody is told a lie, and nobody has to start anything again.
import { createClient } from "@redis/client";
import { redisEngine } from "@tidewire/server/redis";
import { expect, it } from "vitest";
import { everything, textsOf } from "../../packages/server/src/engine/contract/trial.ts";
import { scriptsOf } from "../../packages/server/src/engines/redis/script/script.ts";
import { FakeClock } from "../../packages/server/src/testing/fake-clock.ts";
import { connected, listening } from "../centrifuge-client.ts";
import { keeping, RedisServer } from "../services/redis.ts";
import { open, serve } from "../serving.ts";
import { say, startEngine, through } from "./engines.ts";

const reasonsOf = (outcomes: readonly PromiseSettledResult<unknown>[]): unknown[] =>
  outcomes.map((outcome) =>
    outcome.status === "fulfilled" ? "acked" : (outcome.reason as { reason: unknown }).reason,
  );

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it.for([
  ["nothing", "volatile", [0]],
  // All of it as a rule, and less where a sync was not over: what is written meanwhile waits.
  ["everySecond", "volatile", Array.from({ length: 51 }, (_, n) => n)],
  ["always", "fsync", [50]],
] as const)("kill -9, keeping %s: acks said %s, and it is so", async ([how, durability, kept], context) => {
  const server = await RedisServer.forTest(context, { settings: keeping[how] });
  const { engine, sink } = await startEngine(server.url);
  const acks = await Promise.all(Array.from({ length: 50 }, (_, n) => say(engine, "news", `${n}`)));
  expect(new Set(acks.map((ack) => ack.durability))).toEqual(new Set([durability]));
  await server.kill();
  await sink.until(() => sink.healths.includes("down"));
  await server.start();
  await sink.until(() => sink.healths.includes("up"));
  const { publications, top } = await engine.read("news", "oldest", everything);
  expect(kept).toContain(publications.length);
  expect(textsOf(publications)).toEqual(publications.map((_, n) => `${n}`));
  // What it acked is there, and still it cannot be proven (S8).
  expect(top.epoch).not.toBe(acks[0]?.position.epoch);
});

it("kill -9 of a store that is said to be durable: positions stay good", async (context) => {
  const server = await RedisServer.forTest(context, { settings: keeping.always });
  const { engine, sink } = await startEngine(server.url, { durable: true });
  await say(engine, "news", "1");
  const { position } = await say(engine, "news", "2");
  await server.kill();
  await sink.until(() => sink.healths.includes("down"));
  await server.start();
  await sink.until(() => sink.healths.includes("up"));
  expect(await engine.tops(["news"])).toEqual([position]);
  expect((await say(engine, "news", "3")).publication?.previous?.offset).toBe(2);
});

it("a rollback: a reader at 105 is not told that 106 to 108 are what it has missed (S5, S8)", async (context) => {
  const server = await RedisServer.forTest(context);
  const { tide, socketUrl } = await serve({ engine: redisEngine({ client: createClient({ url: server.url }) }) });
  const channel = tide.channel(open, { name: "a" });
  const reader = await listening(await connected(socketUrl), "public:a");
  for (let n = 1; n <= 100; n += 1) await channel.publish(n);
  const putBack = await server.backUp();
  for (let n = 101; n <= 105; n += 1) await channel.publish(n);
  await reader.until(({ values }) => values.includes(105));
  await putBack();
  for (let published = 0; published < 8;) {
    const outcome = await Promise.allSettled([channel.publish(1_001 + published)]);
    if (outcome[0].status === "fulfilled") published += 1;
    else await nextTurn();
  }
  await reader.until(({ establishments }) => establishments.length >= 2);
  expect(reader.establishments.at(-1)).toEqual({ wasRecovering: true, recovered: false });
  await channel.publish("last");
  await reader.until(({ values }) => values.includes("last"));
  const kept = (await channel.history(9)).map(({ data }) => data);
  expect(kept).toEqual([1_001, 1_002, 1_003, 1_004, 1_005, 1_006, 1_007, 1_008, "last"]);
});

it("a server that hangs, its connections open: publishes end within two seconds, and work again when it goes on", async (context) => {
  const server = await RedisServer.forTest(context);
  const clock = new FakeClock({ defer: setImmediate });
  const { engine, sink } = await startEngine(server.url, { clock });
  const { position } = await say(engine, "news", "before");
  server.signal("SIGSTOP");
  const publishing = Promise.allSettled([say(engine, "news", "1"), say(engine, "news", "2")]);
  const reading = Promise.allSettled([engine.read("news", "oldest", everything)]);
  clock.advance(2_000);
  expect(reasonsOf(await publishing)).toEqual(["indeterminate", "indeterminate"]);
  expect(reasonsOf(await reading)).toEqual(["engine_unavailable"]);
  expect(sink.healths).toEqual(["down"]);
  expect(reasonsOf(await Promise.allSettled([say(engine, "news", "3")]))).toEqual(["engine_unavailable"]);
  server.signal("SIGCONT");
  while (!sink.healths.includes("up")) {
    clock.advance(100);
    await nextTurn();
  }
  expect(sink.suspects).toEqual(["all"]);
  // The same process: what it acked is still good, and what nobody knew of may be there.
  const after = await say(engine, "news", "after");
  expect(after.position.epoch).toBe(position.epoch);
  const texts = textsOf((await engine.read("news", "oldest", everything)).publications);
  expect(texts.filter((text) => !["1", "2"].includes(text))).toEqual(["before", "after"]);
});

it("a server without room refuses publishes for certain, shows history, and heals", async (context) => {
  const server = await RedisServer.forTest(context);
  const { engine, sink } = await startEngine(server.url);
  await say(engine, "news", "before");
  await server.ask("CONFIG", "SET", "maxmemory", "1");
  expect(reasonsOf(await Promise.allSettled([say(engine, "news", "x"), say(engine, "quiet", "y")]))).toEqual([
    "engine_unavailable",
    "engine_unavailable",
  ]);
  expect(textsOf((await engine.read("news", "oldest", everything)).publications)).toEqual(["before"]);
  await server.ask("CONFIG", "SET", "maxmemory", "0");
  await say(engine, "news", "after");
  expect(textsOf((await engine.read("news", "oldest", everything)).publications)).toEqual(["before", "after"]);
  expect(sink.healths).toEqual([]);
});

it("a server whose scripts are flushed gets them again, and publishes keep their order (P1)", async (context) => {
  const server = await RedisServer.forTest(context);
  const late: Promise<unknown>[] = [];
  let isFlushed = false;
  const client = through(createClient({ url: server.url }), {
    sent: ([name]) => {
      // The scripts are on their way: what is said now would find its own, before what was refused is said again.
      if (name === "SCRIPT" && isFlushed && late.length === 0) late.push(say(engine, "news", "3"));
    },
  });
  const { engine } = await startEngine(server.url, { client });
  await say(engine, "news", "0");
  await server.ask("SCRIPT", "FLUSH");
  isFlushed = true;
  await Promise.all([say(engine, "news", "1"), say(engine, "news", "2")]);
  await Promise.all(late);
  expect(late).toHaveLength(1);
  const texts = textsOf((await engine.read("news", "oldest", everything)).publications);
  expect(texts).toEqual(["0", "1", "2", "3"]);
});

it.for([
  ["and what is said in that moment comes behind it", []],
  ["and what found none either, in a lane where nothing did, is done", ["other"]],
] as const)(
  "a publish that found no script is refused where a later one found it, %s (P1)",
  async ([, others], context) => {
    const server = await RedisServer.forTest(context);
    const scripts = scriptsOf();
    const late: Promise<unknown>[] = [];
    let [left, isFlushed] = [2 + others.length, false];
    const byAnotherNode = async (): Promise<void> => {
      await Promise.all(scripts.texts.map((text) => server.ask("SCRIPT", "LOAD", text)));
      // Said when the first one is known to be refused, and this one is not answered yet.
      late.push(say(engine, "news", "3"));
    };
    const client = through(createClient({ url: server.url }), {
      before: ([name, script]) => {
        if (!isFlushed || name !== "EVALSHA" || script !== scripts.shaOf("append")) return null;
        left -= 1;
        return left === 0 ? byAnotherNode() : null;
      },
      // Its own are on their way too, and would be found by what did not wait.
      sent: ([name]) => {
        if (isFlushed && name === "SCRIPT" && late.length === 1) late.push(say(engine, "news", "4"));
      },
    });
    const { engine } = await startEngine(server.url, { client });
    for (const channel of ["news", ...others]) await say(engine, channel, "0");
    await server.ask("SCRIPT", "FLUSH");
    isFlushed = true;
    const said = ["news", ...others].map((channel) => say(engine, channel, "1"));
    const outcomes = await Promise.allSettled([...said, say(engine, "news", "2")]);
    expect(reasonsOf(outcomes)).toEqual(["engine_unavailable", ...others.map(() => "acked"), "acked"]);
    while (late.length < 2) await nextTurn();
    await Promise.all(late);
    expect(textsOf((await engine.read("news", "oldest", everything)).publications)).toEqual(["0", "2", "3", "4"]);
    for (const channel of others) {
      expect(textsOf((await engine.read(channel, "oldest", everything)).publications)).toEqual(["0", "1"]);
    }
  },
);

it("a server that is emptied begins other epochs (S8)", async (context) => {
  const server = await RedisServer.forTest(context);
  const { engine, sink } = await startEngine(server.url);
  await engine.follow("news");
  const { position } = await say(engine, "news", "1");
  await server.ask("FLUSHALL");
  const after = await say(engine, "news", "2");
  expect(after.position.offset).toBe(1);
  expect(after.position.epoch).not.toBe(position.epoch);
  await sink.until(() => sink.suspects.length > 0);
});
