// How long a job waits before it is tried again.
import fc from "fast-check";
import { expect, it } from "vitest";
import { backoffMs } from "./backoff.ts";

it("waits between half of its step and all of it, and steps double up to the longest", () => {
  const terms = fc.record({
    firstDelayMs: fc.integer({ min: 0, max: 86_400_000 }),
    longestDelayMs: fc.integer({ min: 0, max: 86_400_000 }),
  });
  const fraction = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  fc.assert(
    fc.property(terms, fc.integer({ min: 1, max: 100 }), fraction, (given, attempt, chance) => {
      const random = { fraction: () => chance, token: () => "" };
      const waitMs = backoffMs({ ...given, attempts: 5, timeoutMs: 1 }, attempt, random);
      const stepMs = Math.min(given.longestDelayMs, given.firstDelayMs * 2 ** (attempt - 1));
      expect(waitMs).toBeGreaterThanOrEqual(Math.floor(stepMs / 2));
      expect(waitMs).toBeLessThanOrEqual(stepMs);
      expect(Number.isSafeInteger(waitMs)).toBe(true);
    }),
    { numRuns: 1_000 },
  );
});

it("is not the same for jobs that failed together", () => {
  const terms = { attempts: 5, firstDelayMs: 1_000, longestDelayMs: 60_000, timeoutMs: 1 };
  const waits = [0, 0.25, 0.5, 0.999].map((chance) => backoffMs(terms, 2, { fraction: () => chance, token: () => "" }));
  expect(waits).toEqual([1_000, 1_250, 1_500, 1_999]);
});
