// Redis and the memory engine obey the same orders, and must answer alike: each is the other's model.
import { createClient } from "@redis/client";
import fc from "fast-check";
import { expect, it } from "vitest";
import { memoryEngine } from "../../packages/server/src/engines/memory/memory-engine.ts";
import { redisEngineOf } from "../../packages/server/src/engines/redis/redis-engine.ts";
import { FakeClock } from "../../packages/server/src/testing/fake-clock.ts";
import { type Order, order, Side, tableOrder } from "../agreeing.ts";
import { RedisServer } from "../services/redis.ts";
import { heldScript, holdTime } from "./moved-time.ts";

it.for([
  ["any orders", order],
  ["orders on tables", tableOrder],
] as const)("answers alike to %s", { timeout: 60_000 }, async ([, orderOf], context) => {
  const server = await RedisServer.forTest(context);
  const clock = new FakeClock({ defer: setImmediate });
  const memory = new Side(memoryEngine({ clock }));
  const redis = new Side(redisEngineOf({ client: createClient({ url: server.url }) }, heldScript));
  let nowMs = 1_000_000;
  await holdTime(server, nowMs);
  for (const { engine, sink } of [memory, redis]) {
    context.onTestFinished(() => engine.stop());
    await engine.start(sink);
  }
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.array<Order>(orderOf, { maxLength: 25 }), async (orders) => {
      run += 1;
      for (const side of [memory, redis]) await side.begin(`run-${run}`);
      for (const one of orders) {
        if (one.kind === "wait") {
          clock.advance(one.ms);
          nowMs += one.ms;
          await holdTime(server, nowMs);
        } else {
          expect(await redis.obey(one)).toEqual(await memory.obey(one));
        }
      }
      const expected = memory.announced;
      expect(await redis.end(expected)).toEqual(await memory.end());
    }),
    { numRuns: 300 },
  );
});
