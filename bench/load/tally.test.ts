// A generator that loses count is none: planted faults must be counted, each as what it is.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Counted } from "../talk.ts";
import { Tally } from "./tally.ts";

const clean: Counted = { received: 0, lost: 0, repeated: 0, reordered: 0, strays: 0 };
const numbers = (to: number): number[] => Array.from({ length: to }, (_, at) => at + 1);

function counted(given: readonly number[], published: number): Counted {
  const tally = new Tally();
  tally.begin(1);
  for (const n of given) tally.add(1, n);
  return tally.result(published);
}

describe("the counts of one subscriber", () => {
  it("finds nothing in a stream as it was published", () => {
    expect(counted(numbers(100), 100)).toEqual({ ...clean, received: 100 });
  });

  it.each([
    ["in the middle", [1, 2, 4, 5], { lost: 1 }],
    ["at the beginning", [2, 3, 4, 5], { lost: 1 }],
    ["at the end", [1, 2, 3], { lost: 2 }],
    ["altogether", [], { lost: 5 }],
  ])("a loss %s", (_, given, found) => {
    expect(counted(given, 5)).toEqual({ ...clean, received: given.length, ...found });
  });

  it.each([
    ["at once", [1, 2, 2, 3]],
    ["later", [1, 2, 3, 1]],
  ])("a repeat %s", (_, given) => {
    expect(counted(given, 3)).toEqual({ ...clean, received: 4, repeated: 1 });
  });

  it("a reorder, which is neither a loss nor a repeat", () => {
    expect(counted([1, 3, 2, 4], 4)).toEqual({ ...clean, received: 4, reordered: 1 });
    expect(counted([1, 3, 2, 2, 4], 4)).toEqual({ ...clean, received: 5, reordered: 1, repeated: 1 });
  });

  it("what was left of another phase, which it does not mix in", () => {
    const tally = new Tally();
    tally.begin(1);
    tally.add(1, 1);
    tally.begin(2);
    expect([tally.add(1, 2), tally.add(2, 1)]).toEqual([false, true]);
    expect(tally.result(1)).toEqual({ ...clean, received: 1, strays: 1 });
  });

  it("all of it at once: what is lost, repeated and received adds up to what was published", () => {
    const stream = fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 60 });
    fc.assert(
      fc.property(stream, (given) => {
        const { received, lost, repeated, reordered } = counted(given, 30);
        const distinct = new Set(given);
        const late = [...distinct].filter((n) => given.slice(0, given.indexOf(n)).some((before) => before > n));
        expect([received, lost, repeated, reordered]).toEqual([
          given.length,
          30 - distinct.size,
          given.length - distinct.size,
          late.length,
        ]);
      }),
      { numRuns: 1_000 },
    );
  });
});
