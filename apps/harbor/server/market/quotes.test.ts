// The market's source: how many quotes it makes in a time, and that they are quotes.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { companies } from "../../contract/companies.ts";
import { quote, type Quote } from "../../contract/market.ts";
import { quotes, quotesPerSecond } from "./quotes.ts";
import { createWalk } from "./random-walk.ts";

const symbols = Object.keys(companies);

/** Deterministic, and as good as chance here. */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return state / 2 ** 32;
  };
}

/** Runs the source for so many sleeps, each as long as `passed` says. */
async function run(passedMs: readonly number[]): Promise<readonly Quote[][]> {
  const abort = new AbortController();
  const made: Quote[][] = [[]];
  let nowMs = 1_000;
  let sleeps = 0;
  const sleep = async (): Promise<void> => {
    nowMs += passedMs[sleeps] ?? 0;
    sleeps += 1;
    made.push([]);
    if (sleeps > passedMs.length) abort.abort();
  };
  const source = quotes(createWalk(symbols, dice(1)), () => nowMs);
  for await (const each of source({ channel: "market:harbor", params: {}, signal: abort.signal, sleep })) {
    made.at(-1)?.push(each);
  }
  return made;
}

describe("the source", () => {
  test("begins with every symbol once", async () => {
    const [first] = await run([]);
    expect(first?.map(({ symbol }) => symbol)).toEqual(symbols);
    expect(symbols).toHaveLength(200);
  });

  test("makes 2,000 a second, however uneven the time between its portions is", async () => {
    const made = await run([10, 1, 30, 9, 50, 0, 100, 200, 10.4, 9.6]);
    const portions = made.slice(1).map(({ length }) => length);
    expect(portions.reduce((sum, length) => sum + length, 0)).toBe((420 * quotesPerSecond) / 1_000);
    expect(portions.slice(0, 3)).toEqual([20, 2, 60]);
  });

  test("does not make up for a long sleep", async () => {
    const made = await run([60_000]);
    expect(made[1]).toHaveLength(quotesPerSecond / 4);
  });
});

describe("the walk", () => {
  test("makes quotes as the contract has them, near where they opened, with volumes that only grow", () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 3_000 }), (seed, count) => {
        const walk = createWalk(symbols, dice(seed));
        const volumes = new Map(walk.all().map(({ symbol, volume }) => [symbol, volume]));
        for (let made = 0; made < count; made += 1) {
          const next = walk.next();
          expect(quote.parse(next)).toEqual(next);
          expect(Math.abs(next.change)).toBeLessThan(25);
          expect(next.volume).toBeGreaterThan(volumes.get(next.symbol) ?? 0);
          volumes.set(next.symbol, next.volume);
        }
      }),
      { numRuns: 20 },
    );
  });

  test("trades a quarter of them half of the time, and every one some time", () => {
    const walk = createWalk(symbols, dice(3));
    const counts = new Map<string, number>();
    for (let made = 0; made < 20_000; made += 1) {
      const { symbol } = walk.next();
      counts.set(symbol, (counts.get(symbol) ?? 0) + 1);
    }
    expect(counts.size).toBe(symbols.length);
    const busiest = [...counts.values()].toSorted((one, other) => other - one).slice(0, 50);
    expect(busiest.reduce((sum, count) => sum + count, 0) / 20_000).toBeCloseTo(0.5, 1);
  });
});
