// Questions between nodes on one Redis: who hears them, who is waited for, and what is refused.
import { createClient } from "@redis/client";
import { type RedisEngineOptions, redisEngine } from "@tidewire/server/redis";
import { expect, it, onTestFinished } from "vitest";
import { RecordingSink } from "../../packages/server/src/engine/contract/recording-sink.ts";
import type { Engine, EngineCluster } from "../../packages/server/src/engine/engine.ts";
import { Keys } from "../../packages/server/src/engines/redis/keys.ts";
import { FakeClock } from "../../packages/server/src/testing/fake-clock.ts";
import { RedisServer } from "../services/redis.ts";
import { RecordedLog } from "../serving.ts";

const keys = new Keys("tidewire");

interface Node {
  readonly engine: Engine;
  readonly cluster: EngineCluster;
  readonly sink: RecordingSink;
  readonly clock: FakeClock;
  readonly log: RecordedLog;
}

type Answer = (text: string) => Promise<Uint8Array>;

interface NodeOptions extends Partial<RedisEngineOptions> {
  readonly answer?: Answer;
}

/** A node by this name that repeats what it is asked behind its name, unless it answers otherwise. */
async function nodeAt(url: string, name: string, { answer, ...options }: NodeOptions = {}): Promise<Node> {
  const [clock, log, sink] = [new FakeClock({ defer: setImmediate }), new RecordedLog(), new RecordingSink()];
  const engine: Engine = redisEngine({ client: createClient({ url }), clock, log, ...options });
  const { cluster } = engine;
  if (cluster === undefined) throw new Error("an engine of several nodes was expected");
  const repeat: Answer = (text) => Promise.resolve(Buffer.from(`${name}:${text}`));
  cluster.listen(name, (question) => (answer ?? repeat)(Buffer.from(question).toString()));
  onTestFinished(() => engine.stop());
  await engine.start(sink);
  return { engine, cluster, sink, clock, log };
}

async function askedAll({ cluster }: Node, text = "hi"): Promise<readonly string[]> {
  return (await cluster.askAll(Buffer.from(text))).map((answer) => Buffer.from(answer).toString()).toSorted();
}

async function asked({ cluster }: Node, name: string, text = "hi"): Promise<string | null> {
  const answer = await cluster.ask(name, Buffer.from(text));
  return answer === null ? null : Buffer.from(answer).toString();
}

/** Time passes, and Redis answers what was asked in it. */
async function pass({ clock, engine }: Node, ms: number): Promise<void> {
  for (let at = 0; at < ms; at += 500) {
    clock.advance(500);
    await engine.tops(["news"]);
    await engine.tops(["news"]);
  }
}

it("reach one node, or all others; a node that is not there gives null, one that fails nothing", async (context) => {
  const { url } = await RedisServer.forTest(context);
  const [x] = [await nodeAt(url, "x"), await nodeAt(url, "y"), await nodeAt(url, "v")];
  const z = await nodeAt(url, "z", { answer: () => Promise.reject(new Error("no")) });
  // No clock moves: nobody waits for a deadline.
  expect(await asked(x, "y")).toBe("y:hi");
  expect(await asked(x, "z")).toBeNull();
  for (const name of ["w", "", "a b", "x".repeat(65), "y\n"]) expect(await asked(x, name)).toBeNull();
  expect(await askedAll(x)).toEqual(["v:hi", "y:hi"]);
  expect(await askedAll(z, "\u0000\n")).toEqual(["v:\u0000\n", "x:\u0000\n", "y:\u0000\n"]);
  expect(z.log.troubles[0]?.fields).toMatchObject({ asker: "x", reason: "no" });
});

it("do not wait for a node that has gone", async (context) => {
  const { url } = await RedisServer.forTest(context);
  const [x, y, z] = [await nodeAt(url, "x"), await nodeAt(url, "y"), await nodeAt(url, "z")];
  expect(await askedAll(x)).toEqual(["y:hi", "z:hi"]);
  await y.engine.stop();
  expect(await asked(x, "y")).toBeNull();
  expect(await askedAll(x)).toEqual(["z:hi"]);
  await z.engine.stop();
  expect(await askedAll(x)).toEqual([]);
});

it("end after five seconds where a node says nothing", async (context) => {
  const { url } = await RedisServer.forTest(context);
  const [x] = [await nodeAt(url, "x"), await nodeAt(url, "y")];
  const silent = Promise.withResolvers<Uint8Array>();
  const heard: string[] = [];
  await nodeAt(url, "z", { answer: (text) => (heard.push(text), silent.promise) });
  let answers: readonly string[] | null = null;
  const asking = Promise.all([askedAll(x, "all"), asked(x, "z", "one")]).then(([all, one]) => {
    expect(one).toBeNull();
    answers = all;
  });
  await expect.poll(() => heard.toSorted()).toEqual(["all", "one"]);
  await pass(x, 4_500);
  expect(answers).toBeNull();
  await pass(x, 500);
  await asking;
  expect(answers).toEqual(["y:all"]);
  // What is said too late is nobody's answer.
  silent.resolve(Buffer.from("late"));
  expect(await asked(x, "y")).toBe("y:hi");
});

it("do not wait for a connection without a node behind it, once it has no lease", async (context) => {
  const { url } = await RedisServer.forTest(context);
  const [x] = [await nodeAt(url, "x"), await nodeAt(url, "y")];
  const ghost = createClient({ url });
  await ghost.connect();
  onTestFinished(() => ghost.destroy());
  await ghost.sSubscribe(keys.ofQuestions(), () => undefined);
  await pass(x, 11_000);
  expect(await askedAll(x)).toEqual(["y:hi"]);
});

it("reach everybody when Redis has forgotten who is there, and when it is full", async (context) => {
  const server = await RedisServer.forTest(context);
  const [x, y] = [await nodeAt(server.url, "x"), await nodeAt(server.url, "y")];
  await pass(x, 11_000);
  await server.ask("FLUSHALL");
  expect(await askedAll(x)).toEqual(["y:hi"]);
  expect(await askedAll(y)).toEqual(["x:hi"]);
  await server.ask("CONFIG", "SET", "maxmemory", "1");
  expect(await askedAll(x)).toEqual(["y:hi"]);
});

it("fail where Redis has gone, and are heard again when it is back", async (context) => {
  const server = await RedisServer.forTest(context);
  const x = await nodeAt(server.url, "x");
  const silent = Promise.withResolvers<Uint8Array>();
  const heard: string[] = [];
  const y = await nodeAt(server.url, "y", {
    answer: (text) => (heard.push(text), text === "wait" ? silent.promise : Promise.resolve(Buffer.from("y"))),
  });
  const asking = expect(x.cluster.askAll(Buffer.from("wait"))).rejects.toMatchObject({ reason: "engine_unavailable" });
  await expect.poll(() => heard).toEqual(["wait"]);
  await server.kill();
  await asking;
  await expect(x.cluster.ask("y", Buffer.from("hi"))).rejects.toMatchObject({ reason: "engine_unavailable" });
  await server.start();
  for (const { clock, sink } of [x, y]) {
    await sink.until(() => sink.healths.includes("down"));
    clock.advance(100);
    await expect.poll(() => (clock.advance(50), sink.healths.at(-1)), { timeout: 10_000 }).toBe("up");
  }
  expect(await askedAll(x)).toEqual(["y"]);
});

it("are bounded: what is too large is refused on both sides", async (context) => {
  const { url } = await RedisServer.forTest(context);
  const x = await nodeAt(url, "x");
  const y = await nodeAt(url, "y", { answer: (text) => Promise.resolve(Buffer.alloc(Number(text))) });
  await expect(x.cluster.askAll(Buffer.alloc(8 * 1024 * 1024 + 1))).rejects.toMatchObject({ reason: "too_large" });
  expect((await x.cluster.ask("y", Buffer.from(`${8 * 1024 * 1024}`)))?.byteLength).toBe(8 * 1024 * 1024);
  expect(await x.cluster.ask("y", Buffer.from(`${8 * 1024 * 1024 + 1}`))).toBeNull();
  expect(y.log.troubles).toMatchObject([{ message: "an answer to another node is too large" }]);
});

it("that no node has asked are refused and counted, and those who ask notice nothing", async (context) => {
  const server = await RedisServer.forTest(context);
  const [x, y] = [await nodeAt(server.url, "x"), await nodeAt(server.url, "y")];
  const poison = [
    "",
    "q",
    "q y",
    "q y 1",
    "q y x\nhi",
    "q  1\nhi",
    "s y 1\nhi",
    `q ${"y".repeat(65)} 1\n`,
    "q y 1e9\n",
  ];
  for (const message of [...poison, "\u0000\n", "a y\n1", "x".repeat(100_000), "a w 1\nforged", "a y 999\nlate"]) {
    for (const name of [keys.ofQuestions(), keys.ofNode("x")]) await server.ask("SPUBLISH", name, message);
  }
  expect(await askedAll(x)).toEqual(["y:hi"]);
  await pass(x, 10_000);
  await server.ask("SPUBLISH", keys.ofNode("x"), "q");
  await expect
    .poll(() => x.log.troubles.map(({ message, fields }) => [message, fields["times"]]))
    .toEqual([
      ["Redis carried a question that no node has asked", 1],
      ["Redis carried a question that no node has asked", 25],
    ]);
  await server.ask("SET", keys.ofAnswering(), "text");
  await pass(y, 6_000);
  expect(await askedAll(x)).toEqual(["y:hi"]);
});
