// Members over several nodes: everybody knows the same, whatever becomes of a node, of Redis or of an announcement (R1–R3).
import { createClient } from "@redis/client";
import { redisEngine, type RedisClient } from "@tidewire/server/redis";
import { describe, expect, it, type TestContext } from "vitest";
import { Keys } from "../../packages/server/src/engines/redis/keys.ts";
import { redisEngineOf } from "../../packages/server/src/engines/redis/redis-engine.ts";
import { connected, listening } from "../centrifuge-client.ts";
import { ann, bob, type MemberEngineOn, MemberNode, memberNodes } from "../member-nodes.ts";
import { RedisServer } from "../services/redis.ts";
import { open, serve } from "../serving.ts";
import { lossy } from "./engines.ts";
import { movedScript, moveTime } from "./moved-time.ts";

const hash = new Keys("tidewire").ofMembers("news");

function onRedis(client: RedisClient): MemberEngineOn {
  return (options) => redisEngineOf({ client, ...options }, movedScript);
}

async function twoNodes(context: TestContext): Promise<{ server: RedisServer; one: MemberNode; two: MemberNode }> {
  const server = await RedisServer.forTest(context);
  const engineOn = onRedis(createClient({ url: server.url }));
  return { server, one: await MemberNode.start(context, engineOn), two: await MemberNode.start(context, engineOn) };
}

describe("redis", () => {
  memberNodes(async (context) => {
    const server = await RedisServer.forTest(context);
    const engineOn = onRedis(createClient({ url: server.url }));
    return { engineOn, kill: () => server.kill(), start: () => server.start() };
  });
});

it("of a node that ends without a word all have left as soon as its lease is over; nothing of it stays", async (context) => {
  const { server, one, two } = await twoNodes(context);
  one.members.enter("news", ann);
  two.members.enter("news", bob);
  await two.until(() => two.here.size === 1);
  // The clock of the first stands still, as of a process that was killed.
  await moveTime(server, 28_000);
  const enoughForALease = two.clock.now() + 10_000;
  await two.until(() => two.clock.now() >= enoughForALease);
  expect(two.here.size).toBe(1);
  await moveTime(server, 3_000);
  await two.until(() => two.here.size === 0);
  expect(two.told).toEqual(["join ann", "leave ann"]);
  await two.engine.tops(["news"]);
  expect(await server.ask("HKEYS", hash)).toEqual(["s-bob"]);
});

it("a node that was stopped for longer than its lease says everything again, under another name", async (context) => {
  const { server, one, two } = await twoNodes(context);
  one.members.enter("news", ann);
  await two.until(() => two.here.size === 1);
  await moveTime(server, 31_000);
  await two.until(() => two.here.size === 0);
  // Also when something else has taken the lease before its turn comes.
  expect(await one.members.list("news")).toEqual([]);
  await one.until(() => one.clock.now() > 12_000);
  await two.until(() => two.here.size === 1);
  expect(two.told).toEqual(["join ann", "leave ann", "join ann"]);
});

it("a lost announcement of a member is noticed by the next one of its lane", async (context) => {
  const server = await RedisServer.forTest(context);
  const client = createClient({ url: server.url });
  const one = await MemberNode.start(context, onRedis(client));
  const two = await MemberNode.start(
    context,
    onRedis(lossy(client, (message) => message.includes('"user":"ann"') || message.includes("s-bob\n"))),
  );
  one.members.enter("news", ann);
  await two.until(() => two.here.size === 1);
  expect([...two.here.values()]).toEqual([ann]);
});

it("what others write among the members is nobody", async (context) => {
  const { server, one, two } = await twoNodes(context);
  const [node = ""] = (await server.ask("ZRANGE", new Keys("tidewire").ofNodes(), "0", "-1")) as string[];
  const entries = ["", "x", node, `${node} `, `${node} {}`, `${node} {"session":"other","user":"x"}`, `${node} null`];
  for (const entry of [...entries, 'nobody {"session":"s","user":"x"}']) await server.ask("HSET", hash, "s", entry);
  const three = await MemberNode.start(context, onRedis(createClient({ url: server.url })));
  expect(three.told).toEqual([]);
  await server.ask("SET", hash, "text");
  await server.ask("SET", new Keys("tidewire").ofNodes(), "text");
  one.members.enter("news", ann);
  await one.until(() => one.clock.now() > 12_000);
  await two.until(() => two.here.size === 1);
  expect([...two.here.values()]).toEqual([ann]);
});

it("presence is the same at both nodes, and where nobody of the channel is", async (context) => {
  const { url } = await RedisServer.forTest(context);
  const apiKey = "0123456789abcdef";
  const [one, two] = await Promise.all(
    [1, 2].map(() => serve({ apiKey, engine: redisEngine({ client: createClient({ url }) }) })),
  );
  if (one === undefined || two === undefined) throw new Error("two nodes were expected");
  const clientsAt = async ({ httpUrl }: typeof one, method = "presence_stats"): Promise<unknown> => {
    const headers = { "content-type": "application/json", "x-api-key": apiKey };
    const body = JSON.stringify({ channel: "public:a" });
    const response = await fetch(`${httpUrl}/api/${method}`, { method: "POST", headers, body });
    return ((await response.json()) as { result: unknown }).result;
  };
  await listening(await connected(one.socketUrl), "public:a");
  await expect.poll(() => clientsAt(two)).toEqual({ num_clients: 1, num_users: 1 });
  await listening(await connected(two.socketUrl), "public:a");
  for (const node of [one, two]) await expect.poll(() => clientsAt(node)).toMatchObject({ num_clients: 2 });
  expect(await clientsAt(one, "presence")).toEqual(await clientsAt(two, "presence"));
  expect(two.tide.channel(open, { name: "a" }).members()).toHaveLength(2);
  await one.stop();
  await expect.poll(() => clientsAt(two), { timeout: 10_000 }).toMatchObject({ num_clients: 1 });
}, 20_000);
