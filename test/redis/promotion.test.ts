// A replica takes the primary's place and has less than it: nobody is told a lie, nothing is numbered twice.
import { createClient } from "@redis/client";
import { expect, it } from "vitest";
import { everything, textsOf } from "../../packages/server/src/engine/contract/trial.ts";
import { keeping, RedisServer } from "../services/redis.ts";
import { isPrimary } from "../services/redis-sentinel.ts";
import { say, startEngine } from "./engines.ts";
import { follow, inStep } from "./replicas.ts";

it(
  "a primary that was replaced by one with less, and is one again, has other epochs than before (S8)",
  { timeout: 60_000 },
  async (context) => {
    const first = await RedisServer.forTest(context);
    const second = await RedisServer.forTest(context);
    await follow(second, first);
    const before = await startEngine(first.url);
    for (let n = 1; n <= 3; n += 1) await say(before.engine, "news", `${n}`);
    await inStep(second, first);
    await second.ask("REPLICAOF", "NO", "ONE");
    const lost = await say(before.engine, "news", "lost");
    await before.engine.stop();
    await follow(first, second);
    await first.ask("REPLICAOF", "NO", "ONE");
    expect(await isPrimary(first)).toBe(true);

    const { engine } = await startEngine(first.url);
    const next = await say(engine, "news", "next");
    const last = await say(engine, "news", "last");
    // The same process, and no word of what it acked.
    expect(next.position.offset).toBe(lost.position.offset);
    expect(next.position.epoch).not.toBe(lost.position.epoch);
    const page = await engine.read("news", { after: lost.position }, everything);
    expect([page.publications, page.top]).toEqual([[], last.position]);
    expect(textsOf((await engine.read("news", "oldest", everything)).publications)).toEqual([
      "1",
      "2",
      "3",
      "next",
      "last",
    ]);
  },
);

it(
  "each promotion ends the epochs, though nothing was lost and nobody looked meanwhile",
  { timeout: 60_000 },
  async (context) => {
    const [first, second] = [await RedisServer.forTest(context), await RedisServer.forTest(context)];
    const epochs = new Set<string>();
    const look = async (server: RedisServer): Promise<void> => {
      const { engine } = await startEngine(server.url, { client: createClient({ url: server.url }) });
      for (const { epoch } of await engine.tops(["news", "quiet"])) epochs.add(epoch);
      await engine.stop();
    };
    await look(first);
    await look(first);
    expect(epochs.size).toBe(2);
    await follow(second, first);
    await second.ask("REPLICAOF", "NO", "ONE");
    await follow(first, second);
    await first.ask("REPLICAOF", "NO", "ONE");
    await look(first);
    expect(epochs.size).toBe(4);
    await look(second);
    expect(epochs.size).toBe(6);
  },
);

it("a server that comes back full shows what it has, under one new epoch, and goes on when there is room", async (context) => {
  const server = await RedisServer.forTest(context, { settings: keeping.always });
  const first = await startEngine(server.url);
  const { position } = await say(first.engine, "news", "1");
  await first.engine.stop();
  await server.kill();
  await server.start({ maxmemory: "1" });
  const { engine } = await startEngine(server.url);
  const page = await engine.read("news", "oldest", everything);
  expect(textsOf(page.publications)).toEqual(["1"]);
  expect(page.top.epoch).not.toBe(position.epoch);
  expect(await engine.tops(["news"])).toEqual([page.top]);
  await server.ask("CONFIG", "SET", "maxmemory", "0");
  expect((await say(engine, "news", "2")).position.offset).toBe(2);
});
