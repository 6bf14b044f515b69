// NATS and the memory engine obey the same orders on tables, and must answer alike: each is the other's model.
import { natsEngine } from "@tidewire/server/nats";
import fc from "fast-check";
import { expect, it } from "vitest";
import { memoryEngine } from "../../packages/server/src/engines/memory/memory-engine.ts";
import { systemClock } from "../../packages/server/src/ports/clock.ts";
import { FakeClock } from "../../packages/server/src/testing/fake-clock.ts";
import { type Order, Side, tableOrder } from "../agreeing.ts";
import { connecting, NatsServer, withoutNatsTables } from "../services/nats.ts";

it("answers alike to orders on tables", { timeout: 120_000 }, async (context) => {
  const reason = withoutNatsTables();
  if (reason !== null) context.skip(reason);
  const server = await NatsServer.forTest(context);
  const moved = new FakeClock({ defer: setImmediate });
  const memory = new Side(memoryEngine({ clock: moved }));
  // What it waits for is waited for in earnest; what it keeps is as old as the other one's.
  const clock = { ...systemClock, wall: () => moved.wall() };
  const nats = new Side(natsEngine({ connect: connecting(server.url), clock }));
  for (const { engine, sink } of [memory, nats]) {
    context.onTestFinished(() => engine.stop());
    await engine.start(sink);
  }
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.array<Order>(tableOrder, { maxLength: 25 }), async (orders) => {
      run += 1;
      for (const side of [memory, nats]) await side.begin(`run-${run}`);
      for (const one of orders) {
        if (one.kind === "wait") moved.advance(one.ms);
        else expect(await nats.obey(one)).toEqual(await memory.obey(one));
      }
      const expected = memory.announced;
      expect(await nats.end(expected)).toEqual(await memory.end());
    }),
    { numRuns: 60 },
  );
});
