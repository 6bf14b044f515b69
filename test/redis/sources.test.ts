// Sources over several nodes: each runs at one node, another one goes on, and who has lost it is refused.
import { createClient } from "@redis/client";
import { defineChannel } from "@tidewire/protocol";
import { redisEngine } from "@tidewire/server/redis";
import { expect, it } from "vitest";
import { textBody } from "../../packages/server/src/engine/contract/trial.ts";
import { type RedisEngine, redisEngineOf } from "../../packages/server/src/engines/redis/redis-engine.ts";
import { RecordingSink } from "../../packages/server/src/engine/contract/recording-sink.ts";
import { Keys } from "../../packages/server/src/engines/redis/keys.ts";
import { connected, listening } from "../centrifuge-client.ts";
import { RedisServer } from "../services/redis.ts";
import { serve } from "../serving.ts";
import { movedScript, moveTime } from "./moved-time.ts";

const feed = defineChannel("feed:{name}", { history: { size: 100, ttlMs: 60_000 } });

it("one node has the lease; when it is over another one takes it, and the first is refused what it says too late", async (context) => {
  const server = await RedisServer.forTest(context);
  const [one, two] = await Promise.all(
    [1, 2].map(async () => {
      const engine = redisEngineOf({ client: createClient({ url: server.url }) }, movedScript);
      context.onTestFinished(() => engine.stop());
      await engine.start(new RecordingSink());
      return engine;
    }),
  );
  if (one === undefined || two === undefined) throw new Error("two engines were expected");
  const publish = (engine: RedisEngine, fence: number | null): Promise<unknown> => {
    const body = textBody("x");
    return engine.publish("feed:a", { kind: "value", body, retention: { size: 9, ttlMs: 60_000 }, fence: fence ?? 0 });
  };
  const first = await one.sources.take("feed:a", 9_000);
  expect(first).toBeGreaterThan(0);
  expect(await two.sources.take("feed:a", 9_000)).toBeNull();
  expect(await two.sources.take("feed:b", 9_000)).toBeGreaterThan(0);
  await moveTime(server, 6_000);
  expect(await one.sources.take("feed:a", 9_000)).toBe(first);
  await moveTime(server, 6_000);
  await publish(one, first);
  await moveTime(server, 4_000);
  // Nobody has taken it yet, and still nobody may rely on it.
  await expect(publish(one, first)).rejects.toMatchObject({ reason: "conflict" });
  const second = await two.sources.take("feed:a", 9_000);
  expect(second).not.toBe(first);
  await publish(two, second);
  await expect(publish(one, first)).rejects.toMatchObject({ reason: "conflict" });
  await expect(publish(one, null)).rejects.toMatchObject({ reason: "conflict" });
  one.sources.release("feed:a");
  expect(await one.sources.take("feed:a", 9_000)).toBeNull();
  two.sources.release("feed:a");
  await two.tops(["feed:a"]);
  expect(await one.sources.take("feed:a", 9_000)).toBeGreaterThan(second ?? 0);
  expect(await one.tops(["feed:a"])).toMatchObject([{ offset: 2 }]);
  await server.ask("SET", new Keys("tidewire").ofSource("feed:a"), "text");
  await expect(publish(one, first)).rejects.toMatchObject({ reason: "conflict" });
  expect(await two.sources.take("feed:a", 9_000)).toBeGreaterThan(0);
});

it("a source runs at one of two nodes, and at the other one as soon as that is gone", async (context) => {
  const { url } = await RedisServer.forTest(context);
  const starts: string[] = [];
  const start = async (name: string): ReturnType<typeof serve> => {
    const served = await serve({ channels: [feed], engine: redisEngine({ client: createClient({ url }) }) });
    served.tide.source(feed, async function* ({ signal, sleep }) {
      starts.push(name);
      for (let n = 0; !signal.aborted; n += 1) {
        yield `${name} ${n}`;
        await sleep(20);
      }
    });
    return served;
  };
  const [one, two] = [await start("one"), await start("two")];
  const atOne = await listening(await connected(one.socketUrl), "feed:a");
  await atOne.until(({ values }) => values.length > 0);
  const atTwo = await listening(await connected(two.socketUrl), "feed:a");
  await atTwo.until(({ values }) => values.length > 10);
  expect(starts).toEqual(["one"]);
  expect(atTwo.values.every((value) => String(value).startsWith("one "))).toBe(true);
  await one.stop();
  await atTwo.until(({ values }) => values.some((value) => String(value).startsWith("two ")));
  expect(starts).toEqual(["one", "two"]);
}, 20_000);
