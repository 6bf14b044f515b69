// The pace of rated subscriptions: F5 for any rate, any lateness, and any resting (property).
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fastestRate, Pace, slowestRate } from "./pace.ts";

const rate = fc.oneof(
  fc.double({ min: slowestRate, max: fastestRate, noNaN: true }),
  fc.integer({ min: 1, max: fastestRate }),
  fc.constantFrom(0.1, 0.5, 0.99, 1.5, 2.99, 59.9, 60),
);
/** How late a due pull happens, and how long after the one before something changes. */
const lateness = fc.oneof(fc.double({ min: 0, max: 20, noNaN: true }), fc.double({ min: 0, max: 3_000, noNaN: true }));
const turns = fc.array(fc.record({ lateMs: lateness, quietMs: lateness, isResumed: fc.boolean() }), {
  minLength: 100,
  maxLength: 200,
});

/** The most pulls in any second that begins with one. */
function densest(times: readonly number[]): number {
  let most = 0;
  for (let first = 0, last = 0; last < times.length; last += 1) {
    while ((times[last] ?? 0) - (times[first] ?? 0) >= 1_000) first += 1;
    most = Math.max(most, last - first + 1);
  }
  return most;
}

describe("Pace", () => {
  it("gives at most as many pulls as agreed in any second, and one more", () => {
    fc.assert(
      fc.property(rate, turns, fc.double({ min: 0, max: 100_000, noNaN: true }), (perSecond, given, startMs) => {
        const pace = new Pace(perSecond);
        const times: number[] = [];
        let nowMs = startMs;
        for (const { lateMs, quietMs, isResumed } of given) {
          nowMs += quietMs < 20 ? 0 : quietMs;
          // A pull out of turn is for those that rested; others wait for their due time.
          if (!(isResumed && pace.mayPull(nowMs))) nowMs += pace.waitMs(nowMs) + lateMs;
          pace.pulled(nowMs);
          times.push(nowMs);
        }
        expect(densest(times)).toBeLessThanOrEqual(perSecond + 1);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([0.1, 0.5, 1, 3, 5, 10, 30, 60])("reaches %d a second where nothing is late", (perSecond) => {
    const pace = new Pace(perSecond);
    let pulls = 0;
    for (let nowMs = 0.5; nowMs < 100_000; pulls += 1) {
      nowMs += pace.waitMs(nowMs) + 5;
      pace.pulled(nowMs);
    }
    expect(pulls).toBeGreaterThanOrEqual(Math.floor(perSecond * 98));
    expect(pulls).toBeLessThanOrEqual(perSecond * 100 + 1);
  });

  it("has one grid for all subscriptions of one rate", () => {
    const paces = [1, 40, 77].map((lastMs) => {
      const pace = new Pace(5);
      pace.pulled(lastMs);
      return lastMs + pace.waitMs(lastMs);
    });
    expect(paces).toEqual([200, 400, 400]);
  });

  it("counts the last pull when the rate changes", () => {
    const pace = new Pace(60);
    pace.pulled(1_000);
    expect(new Pace(1, pace).mayPull(1_100)).toBe(false);
    expect(new Pace(1).mayPull(1_100)).toBe(true);
  });
});
