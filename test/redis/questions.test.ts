// Questions between nodes on one Redis: who hears them, who is waited for, and what is refused.
import { createClient } from "@redis/client";
import { redisEngine } from "@tidewire/server/redis";
import { describe, expect, it, onTestFinished } from "vitest";
import { Keys } from "../../packages/server/src/engines/redis/keys.ts";
import { askedAll, askingNodes, type EngineOn, nodeAt, pass, poisonedQuestions } from "../asking-nodes.ts";
import { RedisServer } from "../services/redis.ts";

const keys = new Keys("tidewire");

function onRedis(url: string): EngineOn {
  return (options) => redisEngine({ client: createClient({ url }), ...options });
}

describe("redis", () => {
  askingNodes(async (context) => {
    const server = await RedisServer.forTest(context);
    return { engineOn: onRedis(server.url), kill: () => server.kill(), start: () => server.start() };
  });
});

it("do not wait for a connection without a node behind it, once it has no lease", async (context) => {
  const { url } = await RedisServer.forTest(context);
  const engineOn = onRedis(url);
  const [x] = [await nodeAt(engineOn, "x"), await nodeAt(engineOn, "y")];
  const ghost = createClient({ url });
  await ghost.connect();
  onTestFinished(() => ghost.destroy());
  await ghost.sSubscribe(keys.ofQuestions(), () => undefined);
  await pass(x, 11_000);
  expect(await askedAll(x)).toEqual(["y:hi"]);
});

it("reach everybody when Redis has forgotten who is there, and when it is full", async (context) => {
  const server = await RedisServer.forTest(context);
  const engineOn = onRedis(server.url);
  const [x, y] = [await nodeAt(engineOn, "x"), await nodeAt(engineOn, "y")];
  await pass(x, 11_000);
  await server.ask("FLUSHALL");
  expect(await askedAll(x)).toEqual(["y:hi"]);
  expect(await askedAll(y)).toEqual(["x:hi"]);
  await server.ask("CONFIG", "SET", "maxmemory", "1");
  expect(await askedAll(x)).toEqual(["y:hi"]);
});

it("that no node has asked are refused and counted, and those who ask notice nothing", async (context) => {
  const server = await RedisServer.forTest(context);
  const engineOn = onRedis(server.url);
  const [x, y] = [await nodeAt(engineOn, "x"), await nodeAt(engineOn, "y")];
  for (const message of [...poisonedQuestions, "a y\n1", "a w 1\nforged", "a y 999\nlate"]) {
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
