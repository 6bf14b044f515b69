// The tests of each problem that are not shown. Large inputs are made by rule, not by chance: a program meets the same ones
// whenever it is judged.
import type { ShownTest } from "../contract/judge-problems.ts";

const tests: Readonly<Record<string, () => readonly ShownTest[]>> = {
  "two-berths": () => [
    { input: [[5, 5], 10], answer: [0, 1] },
    { input: [[1, 4, 3, 90], 4], answer: [0, 2] },
    manyBerths(50_000),
  ],
  "signal-flags": () => [
    { input: [""], answer: 0 },
    { input: ["{[()()]}]()"], answer: 8 },
    { input: ["([)]"], answer: 0 },
    { input: ["()".repeat(20_000) + "["], answer: 40_000 },
    { input: ["(".repeat(20_000) + ")".repeat(20_000)], answer: 40_000 },
  ],
  "tide-table": () => [
    { input: [[4, 4, 4], 0], answer: 3 },
    { input: [[7], 3], answer: 1 },
    // Up one hour and down for long: the highest of a stay leaves it only at its end.
    { input: [Array.from({ length: 100_000 }, (_, hour) => 100_000 - hour), 49_999], answer: 50_000 },
    { input: [Array.from({ length: 100_000 }, (_, hour) => hour % 7), 6], answer: 100_000 },
  ],
  "harbour-walls": () => [
    { input: [[]], answer: [] },
    { input: [["~"]], answer: [1] },
    { input: [["~#~#~", "~~~#~", "###~#", "~~#~~"]], answer: [5, 3, 2, 2] },
    // One basin that winds through the whole map: too long for a function that calls itself for each step.
    { input: [winding(160)], answer: [160 * 80 + 79] },
  ],
  "loading-order": () => [
    { input: [1, []], answer: [0] },
    { input: [3, []], answer: [0, 1, 2] },
    {
      input: [
        3,
        [
          [0, 1],
          [1, 2],
          [2, 1],
        ],
      ],
      answer: [],
    },
    {
      input: [10_000, Array.from({ length: 9_999 }, (_, index) => [index + 1, index])],
      answer: Array.from({ length: 10_000 }, (_, index) => 9_999 - index),
    },
  ],
  "anchor-chain": () => [
    { input: [2], answer: 2 },
    { input: [4], answer: 4 },
    { input: [100], answer: 703_522_804 },
    { input: [1_000_000], answer: chain(1_000_000) },
  ],
};

const made = new Map<string, readonly ShownTest[]>();

/** @throws {TypeError} for a problem that is not there. */
export function hiddenTests(problem: string): readonly ShownTest[] {
  const make = tests[problem];
  if (make === undefined) throw new TypeError(`expected a problem with tests, got "${problem}"`);
  const known = made.get(problem) ?? make();
  made.set(problem, known);
  return known;
}

/** Lengths of which no other two have the sum: all but two of them are even. */
function manyBerths(count: number): ShownTest {
  const berths = Array.from({ length: count }, (_, index) => 2 * ((index * 7_919) % 1_000_003));
  const [first, second] = [count - 1_234, count - 5];
  berths[first] = 3_000_001;
  berths[second] = 4_000_002;
  return { input: [berths, 7_000_003], answer: [first, second] };
}

/** Lines of water joined at alternate ends. */
function winding(lines: number): string[] {
  const water = "~".repeat(lines);
  return Array.from({ length: lines - 1 }, (_, line) => {
    if (line % 2 === 0) return water;
    const wall = "#".repeat(lines - 1);
    return line % 4 === 1 ? `${wall}~` : `~${wall}`;
  });
}

function chain(length: number): number {
  const modulus = 1_000_000_007n;
  const threes = length % 3 === 1 ? Math.floor(length / 3) - 1 : Math.floor(length / 3);
  let product = BigInt(length - 3 * threes || 1);
  for (let piece = 0; piece < threes; piece += 1) product = (product * 3n) % modulus;
  return Number(product);
}
