// Members over several nodes: everybody knows the same, whatever becomes of a node, of Redis or of an announcement (R1–R3).
import { createClient } from "@redis/client";
import type { Member } from "@tidewire/protocol";
import { redisEngine, type RedisClient } from "@tidewire/server/redis";
import { expect, it, type TestContext } from "vitest";
import { RecordingSink } from "../../packages/server/src/engine/contract/recording-sink.ts";
import type { EngineMembers } from "../../packages/server/src/engine/engine.ts";
import { Keys } from "../../packages/server/src/engines/redis/keys.ts";
import { type RedisEngine, redisEngineOf } from "../../packages/server/src/engines/redis/redis-engine.ts";
import { FakeClock } from "../../packages/server/src/testing/fake-clock.ts";
import { connected, listening } from "../centrifuge-client.ts";
import { RedisServer } from "../services/redis.ts";
import { open, serve } from "../serving.ts";
import { lossy } from "./engines.ts";
import { movedScript, moveTime } from "./moved-time.ts";

const hash = new Keys("tidewire").ofMembers("news");
const ann: Member = { session: "s-ann", user: "ann", info: { name: "Ann 😀" } };
const bob: Member = { session: "s-bob", user: "" };

/** A node that is told of `news`, and what it was told. */
class Node {
  readonly clock = new FakeClock({ defer: setImmediate });
  readonly sink = new RecordingSink();
  readonly told: string[] = [];
  readonly here = new Map<string, Member>();
  readonly engine: RedisEngine;

  private constructor(client: RedisClient) {
    this.engine = redisEngineOf({ client, clock: this.clock }, movedScript);
  }

  static async start(context: TestContext, client: RedisClient): Promise<Node> {
    const node = new Node(client);
    context.onTestFinished(() => node.engine.stop());
    await node.engine.start(node.sink);
    await node.engine.follow("news");
    await node.members.watch("news", ({ kind, member }) => {
      node.told.push(`${kind} ${member.user}`);
      if (kind === "join") node.here.set(member.session, member);
      else node.here.delete(member.session);
    });
    return node;
  }

  get members(): EngineMembers {
    return this.engine.members;
  }

  /** Lets seconds pass, each with the answers to what was asked in it, until it is so. */
  async until(isSo: () => boolean): Promise<void> {
    for (let second = 0; second < 100 && !isSo(); second += 1) {
      this.clock.advance(1_000);
      for (let asked = 0; asked < 4; asked += 1) await this.engine.tops(["news"]).catch(() => undefined);
    }
    expect(isSo()).toBe(true);
  }
}

async function twoNodes(context: TestContext): Promise<{ server: RedisServer; one: Node; two: Node }> {
  const server = await RedisServer.forTest(context);
  const client = createClient({ url: server.url });
  return { server, one: await Node.start(context, client), two: await Node.start(context, client) };
}

it("who comes and leaves at one node is told at the others, and who was there before to whoever asks later", async (context) => {
  const { server, one, two } = await twoNodes(context);
  one.members.enter("news", ann);
  one.members.enter("news", bob);
  await two.until(() => two.here.size === 2);
  expect([...two.here.values()]).toEqual([ann, bob]);
  one.members.leave("news", "s-bob");
  await two.until(() => two.here.size === 1);
  expect(two.told).toEqual(["join ann", "join ", "leave "]);
  expect(one.told).toEqual([]);
  const three = await Node.start(context, createClient({ url: server.url }));
  expect([...three.here.values()]).toEqual([ann]);
  expect(await two.members.list("news")).toEqual([ann]);
  expect(await one.members.list("news")).toEqual([]);
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

it("a node that ends in good order is gone at once", async (context) => {
  const { one, two } = await twoNodes(context);
  one.members.enter("news", ann);
  await two.until(() => two.here.size === 1);
  await one.engine.stop();
  await two.until(() => two.here.size === 0);
  expect(two.clock.now()).toBeLessThan(15_000);
});

it("Redis forgets everything: each node says what it knows again, and all are told the same as before", async (context) => {
  const { server, one, two } = await twoNodes(context);
  one.members.enter("news", ann);
  two.members.enter("news", bob);
  await two.until(() => two.here.size === 1);
  await one.until(() => one.here.size === 1);
  await server.kill();
  for (const { sink } of [one, two]) await sink.until(() => sink.healths.includes("down"));
  two.members.enter("news", { session: "s-cid", user: "cid" });
  await server.start();
  while (![one, two].every(({ sink }) => sink.healths.includes("up"))) {
    for (const { clock } of [one, two]) clock.advance(100);
    // As long as a connection takes.
    await server.ask("PING");
  }
  for (let second = 0; second < 10; second += 1) {
    for (const { clock, engine } of [one, two]) {
      clock.advance(1_000);
      await engine.tops(["news"]);
    }
  }
  expect([...one.here.keys()].toSorted()).toEqual(["s-bob", "s-cid"]);
  expect([...two.here.keys()]).toEqual(["s-ann"]);
});

it("a lost announcement of a member is noticed by the next one of its lane", async (context) => {
  const server = await RedisServer.forTest(context);
  const client = createClient({ url: server.url });
  const one = await Node.start(context, client);
  const two = await Node.start(
    context,
    lossy(client, (message) => message.includes('"user":"ann"') || message.includes("s-bob\n")),
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
  const three = await Node.start(context, createClient({ url: server.url }));
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
