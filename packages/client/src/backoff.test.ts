// The waits between attempts, for any sequence of failures.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  attemptFailed,
  attemptStarted,
  type Attempts,
  blockedMs,
  longestDelayMs,
  noAttempts,
  retryDelayMs,
  shortestDelayMs,
} from "./backoff.ts";

const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

function after(failures: number): Attempts {
  return { failures, startsMs: [] };
}

describe("the wait after a failure", () => {
  test("lies between half a second and twenty, and its range doubles with each failure", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5_000 }), chance, (failures, random) => {
        const ms = retryDelayMs(after(failures), () => random);
        expect(ms).toBeGreaterThanOrEqual(shortestDelayMs);
        expect(ms).toBeLessThanOrEqual(Math.min(longestDelayMs, shortestDelayMs * 2 ** failures));
      }),
      { numRuns: 1_000 },
    );
  });

  test("uses its whole range", () => {
    expect(retryDelayMs(after(4), () => 0)).toBe(500);
    expect(retryDelayMs(after(4), () => 0.999_999)).toBeCloseTo(8_000, 0);
    expect(retryDelayMs(after(40), () => 0.999_999)).toBeCloseTo(20_000, 0);
  });
});

describe("the count of failures", () => {
  test("starts anew after ten seconds that held, and not before", () => {
    expect(attemptFailed(after(7), 10_000).failures).toBe(1);
    expect(attemptFailed(after(7), 9_999).failures).toBe(8);
    expect(attemptFailed(after(7), -Infinity).failures).toBe(8);
  });
});

test("never more than two attempts in any window of one second, whatever wants to go faster", () => {
  // Each step: how long somebody would like to wait (a click, the network's return, or a failure's own wait).
  const steps = fc.array(
    fc.record({ wishMs: fc.integer({ min: 0, max: 1_500 }), isFailure: fc.boolean(), random: chance }),
    {
      minLength: 3,
      maxLength: 60,
    },
  );
  fc.assert(
    fc.property(steps, (wishes) => {
      let attempts = noAttempts;
      let nowMs = 0;
      const startsMs: number[] = [];
      for (const { wishMs, isFailure, random } of wishes) {
        const wantedMs = isFailure ? retryDelayMs(attempts, () => random) : wishMs;
        nowMs += Math.max(wantedMs, blockedMs(attempts, nowMs), 0);
        startsMs.push(nowMs);
        attempts = attemptFailed(attemptStarted(attempts, nowMs), 0);
      }
      for (const [index, startMs] of startsMs.entries()) {
        const third = startsMs[index + 2];
        if (third !== undefined) expect(third - startMs).toBeGreaterThan(1_000);
      }
    }),
    { numRuns: 1_000 },
  );
});
