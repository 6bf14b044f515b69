// Both engines obey the same orders, and must answer alike: each is the other's model.
import fc from "fast-check";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { type Order, order, Side, tableOrder } from "./agreeing.ts";
import { systemClock } from "../packages/server/src/ports/clock.ts";
import { FakeClock } from "../packages/server/src/testing/fake-clock.ts";
import { temporaryFolder } from "../packages/server/src/testing/temporary-folder.ts";
import { memoryEngine } from "../packages/server/src/engines/memory/memory-engine.ts";
import { sqliteEngine } from "../packages/server/src/engines/sqlite/sqlite-engine.ts";

describe("memory and sqlite", () => {
  it.each([
    ["any orders", order],
    ["orders on tables", tableOrder],
  ] as const)("answer alike to %s", { timeout: 60_000 }, async (_, orderOf) => {
    const clock = new FakeClock({ defer: (act) => systemClock.defer(act) });
    const path = join(temporaryFolder(), "log.db");
    const sides = [new Side(memoryEngine({ clock })), new Side(sqliteEngine({ path, clock }))];
    onTestFinished(async () => void (await Promise.all(sides.map(({ engine }) => engine.stop()))));
    await Promise.all(sides.map(({ engine, sink }) => engine.start(sink)));
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array<Order>(orderOf, { maxLength: 25 }), async (orders) => {
        run += 1;
        await Promise.all(sides.map((side) => side.begin(`run-${run}`)));
        for (const one of orders) {
          if (one.kind === "wait") clock.advance(one.ms);
          else {
            const [memory, sqlite] = await Promise.all(sides.map((side) => side.obey(one)));
            expect(sqlite).toEqual(memory);
          }
        }
        const [memory, sqlite] = await Promise.all(sides.map((side) => side.end()));
        expect(sqlite).toEqual(memory);
      }),
      { numRuns: 1_000 },
    );
  });
});
