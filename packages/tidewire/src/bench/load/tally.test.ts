// A generator that loses count is none: planted faults must be counted, each as what it is.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Counted, oneChannel } from "../talk.ts";
import { ChannelsTally, ChannelTally, KeysTally } from "./tally.ts";

const clean = { received: 0, lost: 0, repeated: 0, reordered: 0, strays: 0 };
const numbers = (to: number): number[] => Array.from({ length: to }, (_, at) => at + 1);

function counted(given: readonly number[], published: number, after = 0): Omit<Counted, "expected"> {
  const tally = new ChannelTally(0);
  tally.begin(1, after);
  for (const n of given) tally.add({ phase: 1, place: 0, n, atUs: 0 });
  const { expected, ...counts } = tally.result(published, oneChannel);
  expect(expected).toBe(published - after);
  return counts;
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
    const tally = new ChannelTally(0);
    const add = (phase: number, n: number): boolean => tally.add({ phase, place: 0, n, atUs: 0 });
    tally.begin(1, 0);
    add(1, 1);
    tally.begin(2, 0);
    expect([add(1, 2), add(2, 1)]).toEqual([false, true]);
    expect(tally.result(1, oneChannel)).toEqual({ ...clean, expected: 1, received: 1, strays: 1 });
  });

  it("nothing of what came before the place it began at", () => {
    expect(counted([4, 5], 5, 3)).toEqual({ ...clean, received: 2 });
    expect(counted([5], 5, 3)).toEqual({ ...clean, received: 1, lost: 1 });
    expect(counted([3, 4, 5], 5, 3)).toEqual({ ...clean, received: 3, repeated: 1 });
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

describe("the counts of several channels on one connection", () => {
  // Of ten publications over channels 4 to 7 the first two get three each, the others two.
  const spread = { of: "channels", first: 4, count: 4 } as const;

  function given(...marks: readonly (readonly [place: number, n: number])[]): ChannelsTally {
    const tally = new ChannelsTally(5, 2);
    tally.begin(1, 0);
    for (const [place, n] of marks) tally.add({ phase: 1, place, n, atUs: 0 });
    return tally;
  }

  it("each its own, and complete when all are", () => {
    const tally = given([5, 1], [6, 1], [5, 2], [5, 3]);
    expect(tally.isComplete(10, spread)).toBe(false);
    expect(tally.result(10, spread)).toEqual({ ...clean, expected: 5, received: 4, lost: 1 });
    tally.add({ phase: 1, place: 6, n: 2, atUs: 0 });
    expect(tally.isComplete(10, spread)).toBe(true);
  });

  it("what came from a channel that is not its own is astray", () => {
    expect(given([4, 1], [7, 1]).result(0, spread)).toEqual({ ...clean, expected: 0, strays: 2 });
  });
});

describe("the counts of a table's keys", () => {
  // Of seven updates over three keys the first gets three, the others two.
  const spread = { of: "keys", first: 0, count: 3 } as const;

  function counts(...marks: readonly (readonly [place: number, n: number])[]): Counted {
    const tally = new KeysTally();
    tally.begin(1);
    for (const [place, n] of marks) tally.add({ phase: 1, place, n, atUs: 0 });
    expect(tally.isComplete(7, spread)).toBe(tally.result(7, spread).lost === 0);
    return tally.result(7, spread);
  }

  it("may pass over values, and may not miss a key's last", () => {
    expect(counts([0, 3], [1, 2], [2, 1], [2, 2])).toEqual({ ...clean, expected: 4, received: 4 });
    expect(counts([0, 3], [1, 1])).toEqual({ ...clean, expected: 4, received: 2, lost: 2 });
  });

  it("may not go back", () => {
    const all = [
      [0, 3],
      [1, 2],
      [2, 2],
    ] as const;
    expect(counts(...all, [0, 3])).toMatchObject({ lost: 0, repeated: 1, reordered: 0 });
    expect(counts(...all, [0, 2])).toMatchObject({ lost: 0, repeated: 0, reordered: 1 });
  });
});
