// The window of idempotency keys: how long and how many.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { KeyWindow, keyWindowMs } from "./key-window.ts";

describe("KeyWindow", () => {
  it("remembers a key for exactly its time", () => {
    const window = new KeyWindow<string>(10);
    window.add("k", "first", 1_000);
    expect(window.find("k", 1_000 + keyWindowMs - 1)).toBe("first");
    expect(window.find("k", 1_000 + keyWindowMs)).toBeUndefined();
    window.expire(1_000 + keyWindowMs);
    expect(window.size).toBe(0);
  });

  it("remembers the newest ones", () => {
    const window = new KeyWindow<number>(1_000);
    for (let n = 0; n < 1_003; n += 1) window.add(`${n}`, n, 0);
    expect(window.size).toBe(1_000);
    expect([2, 3].map((n) => window.find(`${n}`, 0))).toEqual([undefined, 3]);
  });

  it("forgets many in parts, and answers for none of them meanwhile", () => {
    const window = new KeyWindow<number>(100_000);
    for (let n = 0; n < 50_000; n += 1) window.add(`${n}`, n, 0);
    window.expire(keyWindowMs);
    expect(window.size).toBe(30_000);
    expect(window.find("49999", keyWindowMs)).toBeUndefined();
    for (let n = 0; n < 30_000; n += 1) window.add(`${n}`, n, keyWindowMs);
    expect(window.size).toBe(30_000);
    expect(window.find("29999", keyWindowMs)).toBe(29_999);
  });

  it("is a list of keys with their times, for any order of adding and waiting", () => {
    const step = fc.record({ key: fc.integer({ min: 0, max: 30 }), waitMs: fc.nat(keyWindowMs / 4) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const window = new KeyWindow<number>(1_000);
        const added = new Map<number, number>();
        let nowMs = 0;
        for (const { key, waitMs } of steps) {
          nowMs += waitMs;
          const addedMs = added.get(key);
          const isKnown = addedMs !== undefined && nowMs - addedMs < keyWindowMs;
          expect(window.find(`${key}`, nowMs)).toBe(isKnown ? addedMs : undefined);
          if (isKnown) continue;
          window.add(`${key}`, nowMs, nowMs);
          added.set(key, nowMs);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
