// What is no longer wanted leaves Redis: expired publications, and channels that nobody wrote to for long.
import { createClient } from "@redis/client";
import { expect, it } from "vitest";
import { RecordingSink } from "../../packages/server/src/engine/contract/recording-sink.ts";
import { everything } from "../../packages/server/src/engine/contract/trial.ts";
import { Keys } from "../../packages/server/src/engines/redis/keys.ts";
import { redisEngineOf } from "../../packages/server/src/engines/redis/redis-engine.ts";
import { FakeClock } from "../../packages/server/src/testing/fake-clock.ts";
import { RedisServer } from "../services/redis.ts";
import { say } from "./engines.ts";
import { movedScript, moveTime } from "./moved-time.ts";

const keys = new Keys("tidewire").ofAll("news");

it("what has expired is let go, and a channel that is forgotten never comes back to an epoch it had (S1)", async (context) => {
  const server = await RedisServer.forTest(context);
  const clock = new FakeClock({ defer: setImmediate });
  const engine = redisEngineOf({ client: createClient({ url: server.url }), clock }, movedScript);
  context.onTestFinished(() => engine.stop());
  await engine.start(new RecordingSink());
  const lengthOf = async (): Promise<unknown> => await server.ask("XLEN", keys[1] ?? "");
  const isKept = async (): Promise<unknown> => await server.ask("EXISTS", ...keys);
  /** Until every lane was visited; what is asked after a turn is answered after what the turn asked. */
  const visitAll = async (isDone: () => Promise<boolean>): Promise<void> => {
    for (let turn = 0; turn < 1_000 && !(await isDone()); turn += 1) {
      clock.advance(1_000);
      await engine.tops(["other"]);
    }
    expect(await isDone()).toBe(true);
  };
  await say(engine, "news", "0");
  await moveTime(server, 1_800_000);
  const { position } = await say(engine, "news", "1");
  expect([await isKept(), await lengthOf()]).toEqual([2, 2]);
  await moveTime(server, 2 * 3_600_000);
  await visitAll(async () => (await lengthOf()) === 0);
  expect(await engine.tops(["news"])).toEqual([position]);
  expect((await engine.read("news", "oldest", everything)).publications).toEqual([]);
  // A day and ten minutes after the first, and not yet a day after the last.
  await moveTime(server, 21 * 3_600_000 + 2_400_000);
  for (let turn = 0; turn < 64; turn += 1) {
    clock.advance(1_000);
    await engine.tops(["other"]);
  }
  expect(await engine.tops(["news"])).toEqual([position]);
  expect(await isKept()).toBe(2);
  await moveTime(server, 36 * 3_600_000);
  await visitAll(async () => (await isKept()) === 0);
  const anew = await say(engine, "news", "2");
  expect(anew.position.offset).toBe(1);
  expect(anew.position.epoch).not.toBe(position.epoch);
});

it("when a channel is looked at next is written down once, not at each publish", async (context) => {
  const server = await RedisServer.forTest(context);
  const engine = redisEngineOf({ client: createClient({ url: server.url }) }, movedScript);
  context.onTestFinished(() => engine.stop());
  await engine.start(new RecordingSink());
  await say(engine, "news", "first");
  await moveTime(server, 2 * 3_600_000);
  await server.ask("CONFIG", "RESETSTAT");
  for (let n = 0; n < 5; n += 1) await say(engine, "news", `${n}`);
  expect(String(await server.ask("INFO", "commandstats"))).toMatch(/cmdstat_zadd:calls=1,/);
});
