// The judge on real processes: each problem has a solution that it accepts, and says of others what is wrong with them.
import { describe, expect, test } from "vitest";
import type { Judged, JudgeStep } from "../contract/judge.ts";
import { beginningOf, problems } from "../contract/judge-problems.ts";
import { hiddenTests } from "./hidden-tests.ts";
import type { Judgement } from "./account.ts";
import { judge } from "./judge.ts";

const solutions: Readonly<Record<string, string>> = {
  "two-berths": `function solve(berths: number[], length: number): number[] {
    const seen = new Map<number, number>();
    for (const [place, berth] of berths.entries()) {
      const other = seen.get(length - berth);
      if (other !== undefined) return [other, place];
      seen.set(berth, place);
    }
    return [];
  }`,
  "signal-flags": `function solve(flags) {
    const closing = { ")": "(", "]": "[", "}": "{" };
    const open = [];
    let longest = 0;
    for (let index = 0; index < flags.length; index += 1) {
      const flag = flags[index];
      if (!(flag in closing)) open.push(flag);
      else if (open.pop() !== closing[flag]) return longest;
      if (open.length === 0) longest = index + 1;
    }
    return longest;
  }`,
  "tide-table": `function solve(heights, slack) {
    const [high, low] = [[], []];
    let [from, longest, highAt, lowAt] = [0, 0, 0, 0];
    for (let hour = 0; hour < heights.length; hour += 1) {
      while (high.length > highAt && heights[high.at(-1)] <= heights[hour]) high.pop();
      while (low.length > lowAt && heights[low.at(-1)] >= heights[hour]) low.pop();
      high.push(hour); low.push(hour);
      while (heights[high[highAt]] - heights[low[lowAt]] > slack) {
        if (high[highAt] === from) highAt += 1;
        if (low[lowAt] === from) lowAt += 1;
        from += 1;
      }
      longest = Math.max(longest, hour - from + 1);
    }
    return longest;
  }`,
  "harbour-walls": `function solve(map) {
    const water = map.map((line) => [...line].map((place) => place === "~"));
    const sizes = [];
    for (let row = 0; row < water.length; row += 1) for (let column = 0; column < water[row].length; column += 1) {
      const open = [[row, column]];
      let size = 0;
      while (open.length > 0) {
        const [y, x] = open.pop();
        if (!water[y]?.[x]) continue;
        water[y][x] = false;
        size += 1;
        open.push([y - 1, x], [y + 1, x], [y, x - 1], [y, x + 1]);
      }
      if (size > 0) sizes.push(size);
    }
    return sizes.sort((one, other) => other - one);
  }`,
  "loading-order": `function solve(count, rules) {
    const after = Array.from({ length: count }, () => []);
    const before = new Array(count).fill(0);
    for (const [first, second] of rules) { after[first].push(second); before[second] += 1; }
    const order = [];
    const next = before.flatMap((number, crate) => (number === 0 ? [crate] : []));
    while (next.length > 0) {
      next.sort((one, other) => one - other);
      const crate = next.shift();
      order.push(crate);
      for (const each of after[crate]) if ((before[each] -= 1) === 0) next.push(each);
    }
    return order.length === count ? order : [];
  }`,
  "anchor-chain": `function solve(length: number): number {
    let product = 1;
    let left = length;
    while (left > 4) { product = (product * 3) % 1_000_000_007; left -= 3; }
    return (product * left) % 1_000_000_007;
  }`,
};

const never = new AbortController().signal;

interface Heard {
  readonly judgement: Judgement;
  readonly progress: readonly JudgeStep[];
}

async function judged(
  problem: string,
  source: string,
  language: "javascript" | "typescript" = "typescript",
): Promise<Heard> {
  const progress: JudgeStep[] = [];
  const judgement = await judge(
    { problem, language, source },
    { told: (each) => void progress.push(each), signal: never },
  );
  return { judgement, progress };
}

describe("each problem", () => {
  test.each(problems.map(({ id }) => id))("%s is solved by a solution of ours, within its limits", async (id) => {
    const { judgement, progress } = await judged(id, solutions[id] ?? "");
    const tests = (problems.find((each) => each.id === id)?.shown.length ?? 0) + hiddenTests(id).length;
    expect(judgement.rows.filter(({ verdict }) => verdict !== "passed")).toEqual([]);
    expect(judgement.judged).toMatchObject({ verdict: "accepted", passed: tests, tests } satisfies Partial<Judged>);
    expect(progress.map(({ kind }) => kind)).toEqual(judgement.rows.flatMap(() => ["testing", "tested"]));
  });

  test.each(problems)("$id begins with a program in both languages that can be read, and is wrong", async (problem) => {
    for (const language of ["javascript", "typescript"] as const) {
      const { judgement } = await judged(problem.id, beginningOf(problem, language), language);
      expect(judgement.judged.verdict).toBe("wrong");
    }
  });
});

describe("the judge", () => {
  test("says what came instead of the answer where the test is shown, and not where it is hidden", async () => {
    const { judgement } = await judged("anchor-chain", "function solve(n) { return n === 5 ? 6 : 7 }");
    const [first, second, ...others] = judgement.rows;
    expect(first).toMatchObject({ verdict: "passed", note: "" });
    expect(second).toMatchObject({ verdict: "wrong", note: "7" });
    expect(others.slice(1).map(({ note }) => note)).toEqual(["", "", "", ""]);
    expect(judgement.judged).toMatchObject({ verdict: "wrong", passed: 1 });
  });

  test("counts time and memory of each test alone", async () => {
    const source = `function solve(n) {
      const kept = n === 5 ? new Uint8Array(8_000_000) : [];
      let sum = 0;
      if (n === 10) for (let i = 0; i < 2_000_000; i += 1) sum += i;
      return kept.length + sum;
    }`;
    const { judgement } = await judged("anchor-chain", source);
    const [large, slow, plain] = judgement.rows;
    expect(large?.kb).toBeGreaterThanOrEqual(7_812);
    expect(slow?.kb).toBeLessThan(1_000);
    expect(slow?.ms).toBeGreaterThan(plain?.ms ?? Infinity);
    expect(judgement.judged.kb).toBe(large?.kb);
  });

  test("hands on what a program says, in order, and keeps as much of it as is shown", async () => {
    const { judgement, progress } = await judged(
      "anchor-chain",
      `function solve(n) { console.log("got", n, { n: [n] }, undefined) }`,
    );
    const said = progress.flatMap((each) => (each.kind === "said" ? [each.text] : [])).join("");
    expect(said).toBe(judgement.log);
    expect(said.split("\n").slice(0, 2)).toEqual([`got 5 {"n":[5]} undefined`, `got 10 {"n":[10]} undefined`]);
  });

  test("says where a program cannot be read, and runs nothing of it", async () => {
    const { judgement, progress } = await judged("anchor-chain", "console.log(1)\nfunction solve( {", "javascript");
    expect(judgement.judged).toMatchObject({ verdict: "refused", passed: 0 });
    expect(judgement.judged.message).toMatch(/^line 2: /);
    expect([progress, judgement.rows]).toEqual([[], []]);
  });

  test("says what was thrown and where in the program, and nothing of how we came there", async () => {
    const source = `const fall = () => { throw new TypeError("no chain") };\nfunction solve() {\n  return fall();\n}`;
    const { judgement } = await judged("anchor-chain", source, "javascript");
    expect(judgement.rows[0]).toMatchObject({
      verdict: "error",
      note: "TypeError: no chain\n    at fall (solution:1:41)\n    at solve (solution:3:3)",
    });
  });

  test("takes a promise, and says of one that is never settled that it is not", async () => {
    const later = await judged("anchor-chain", "async function solve(n) { await null; return n === 5 ? 6 : 36 }");
    expect(later.judgement.rows.slice(0, 2).map(({ verdict }) => verdict)).toEqual(["passed", "passed"]);
    const nothing = await judged("anchor-chain", "function solve() { return new Promise(() => {}) }");
    expect(nothing.judgement.rows[0]).toMatchObject({
      verdict: "error",
      note: "solve returned a promise that is never settled",
    });
  });

  test("does not go on after one test has used up its time", async () => {
    const { judgement } = await judged("anchor-chain", "function solve(n) { if (n === 10) for (;;); return 6 }");
    expect(judgement.rows.map(({ verdict }) => verdict)).toEqual([
      "passed",
      "time",
      ...Array.from({ length: 5 }, () => "unseen"),
    ]);
    expect(judgement.judged).toMatchObject({ verdict: "time", passed: 1, tests: 7 });
  });

  test("ends a program at once that is not wanted any more", async () => {
    const unwanted = new AbortController();
    const judging = judge(
      { problem: "anchor-chain", language: "javascript", source: "function solve() { for (;;) console.log(1) }" },
      { told: () => unwanted.abort(new Error("not wanted")), signal: unwanted.signal },
    );
    await expect(judging).rejects.toThrow("not wanted");
  });
});
