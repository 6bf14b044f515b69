// The judge's problems as people read them: a statement, a beginning, and the tests that are shown.
import type { Language } from "./judge.ts";

export interface Problem {
  readonly id: string;
  readonly name: string;
  /** Paragraphs; what stands between backquotes is code. */
  readonly statement: readonly string[];
  /** Of `solve`, in TypeScript. */
  readonly parameters: string;
  readonly returns: string;
  readonly shown: readonly ShownTest[];
}

export interface ShownTest {
  /** The arguments of `solve`. */
  readonly input: readonly unknown[];
  readonly answer: unknown;
}

export const problems: readonly Problem[] = [
  {
    id: "two-berths",
    name: "Two berths",
    statement: [
      "A ship of length `length` takes exactly two free berths, which together are as long as the ship.",
      "Given the lengths of the free berths, return the places of the two, counted from 0, the smaller first. There is exactly one such pair.",
      "There are up to 50,000 berths, so trying every pair takes too long.",
    ],
    parameters: "berths: number[], length: number",
    returns: "number[]",
    shown: [
      { input: [[20, 70, 110, 150], 90], answer: [0, 1] },
      { input: [[30, 20, 40], 60], answer: [1, 2] },
    ],
  },
  {
    id: "signal-flags",
    name: "Signal flags",
    statement: [
      "Brackets of flags open and close: `(`, `[` and `{` are closed by `)`, `]` and `}`, the one opened last first.",
      "Return the length of the longest beginning of `flags` in which every bracket is closed in order.",
    ],
    parameters: "flags: string",
    returns: "number",
    shown: [
      { input: ["()[]{}"], answer: 6 },
      { input: ["([])(]"], answer: 4 },
      { input: ["((("], answer: 0 },
    ],
  },
  {
    id: "tide-table",
    name: "Tide table",
    statement: [
      "A ship may lie at the pier as long as the water stands at most `slack` higher at one hour of its stay than at another.",
      "Given the height of the water for each hour, return how many hours in a row it may stay at most.",
      "There are up to 100,000 hours.",
    ],
    parameters: "heights: number[], slack: number",
    returns: "number",
    shown: [
      { input: [[8, 2, 4, 7], 4], answer: 2 },
      { input: [[10, 1, 2, 4, 7, 2], 5], answer: 4 },
    ],
  },
  {
    id: "harbour-walls",
    name: "Harbour walls",
    statement: [
      "The map is a list of lines: `~` is water, `#` is wall. Water that meets water above, below, left or right is one basin.",
      "Return the sizes of all basins, largest first.",
    ],
    parameters: "map: string[]",
    returns: "number[]",
    shown: [
      { input: [["~~#", "##~", "~#~"]], answer: [2, 2, 1] },
      { input: [["###"]], answer: [] },
    ],
  },
  {
    id: "loading-order",
    name: "Loading order",
    statement: [
      "Crates are numbered from 0 to `count - 1`. A pair `[a, b]` of `rules` says that crate `a` is loaded before crate `b`.",
      "Return the order in which all are loaded; of those that may be next, the one with the smallest number comes first. Where the rules contradict each other, return an empty list.",
    ],
    parameters: "count: number, rules: [number, number][]",
    returns: "number[]",
    shown: [
      {
        input: [
          4,
          [
            [1, 0],
            [2, 0],
            [0, 3],
          ],
        ],
        answer: [1, 2, 0, 3],
      },
      {
        input: [
          2,
          [
            [0, 1],
            [1, 0],
          ],
        ],
        answer: [],
      },
    ],
  },
  {
    id: "anchor-chain",
    name: "Anchor chain",
    statement: [
      "A chain of `length` links is cut so that the lengths of the pieces, multiplied with each other, are as much as possible. There may be any number of pieces, also one.",
      "Return that product modulo 1,000,000,007. The chain has up to a million links.",
    ],
    parameters: "length: number",
    returns: "number",
    shown: [
      { input: [5], answer: 6 },
      { input: [10], answer: 36 },
      { input: [1], answer: 1 },
    ],
  },
];

export function findProblem(id: string): Problem | undefined {
  return problems.find((each) => each.id === id);
}

/** What the editor begins with. */
export function beginningOf(problem: Problem, language: Language): string {
  const names = problem.parameters.replaceAll(/: (?:\[[^\]]*\](?:\[\])?|[^,]+)/g, "");
  const head =
    language === "typescript"
      ? `function solve(${problem.parameters}): ${problem.returns} {`
      : `function solve(${names}) {`;
  return `${head}\n  \n}\n`;
}
