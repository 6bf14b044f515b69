// What becomes of reports, whoever wrote them: a process that a program has broken out into may say anything.
import { describe, expect, test } from "vitest";
import { type JudgeStep, maxLogLength } from "../contract/judge.ts";
import { Account, type Judgement } from "./account.ts";
import type { Ending, Report } from "./sandbox/order.ts";
import type { SandboxEnd } from "./sandbox/sandbox.ts";

const limits = { timeMs: 1_000, memoryBytes: 67_108_864, outputLength: 65_536 };
const tests = [
  { input: [1], answer: [1, 2] },
  { input: [2], answer: 4 },
];

const returned = (json: string): Ending => ({ kind: "returned", json });
/** Each takes more than the one before. */
const ended = (test: number, ending: Ending): Report => ({ kind: "ended", test, ending, ms: test + 0.2, kb: test });

function account(end: SandboxEnd, ...reports: readonly Report[]): Judgement & { readonly told: readonly JudgeStep[] } {
  const told: JudgeStep[] = [];
  const kept = new Account({ tests, shown: 1, limits }, (step) => void told.push(step));
  for (const report of reports) kept.take(report);
  return { ...kept.close(end), told };
}

const verdicts = ({ rows }: Judgement): unknown => rows.map(({ test, verdict }) => [test, verdict]);

describe("answers", () => {
  test("are compared, and of a test that is shown what came is noted", () => {
    const wrong = account("ended", ended(0, returned("[1]")), ended(1, returned("5")));
    expect(wrong.rows.map(({ verdict, note }) => [verdict, note])).toEqual([
      ["wrong", "[1]"],
      ["wrong", ""],
    ]);
    const right = account("ended", ended(0, returned("[1,2]")), ended(1, returned("4")));
    expect(right.judged).toEqual({ verdict: "accepted", passed: 2, tests: 2, ms: 2, kb: 1, message: "" });
  });

  test.each(["[1,2,3]", "[1]", "[[1,2]]", '{"0":1,"1":2,"length":2}', "no JSON", ""])("%s is none", (json) => {
    expect(account("ended", ended(0, returned(json))).rows[0]?.verdict).toBe("wrong");
  });
});

describe("reports", () => {
  test("are of the next test, whatever they say they are of", () => {
    const both = account("ended", ended(1, returned("[1,2]")), ended(0, returned("4")));
    expect([both.judged.verdict, verdicts(both)]).toEqual([
      "accepted",
      [
        [1, "passed"],
        [2, "passed"],
      ],
    ]);
  });

  test("of more tests than there are count for nothing, and nobody is told of them", () => {
    const { judged, rows, told } = account("ended", ...[0, 1, 2, 3].map((each) => ended(each, returned("4"))));
    expect([judged.tests, rows.length, told.length]).toEqual([2, 2, 2]);
  });

  test("that it cannot be read count for nothing once a test was run", () => {
    const refused: Report = { kind: "refused", message: "x".repeat(2_000) };
    expect(account("ended", ended(0, returned("[1,2]")), refused).judged.verdict).toBe("crashed");
    expect(account("ended", refused).judged).toMatchObject({ verdict: "refused", message: `${"x".repeat(1_000)}…` });
  });

  test("of what was said are kept and told as far as there is room, and it is said that there is none", () => {
    const said = (length: number): Report => ({ kind: "said", test: 0, text: "x".repeat(length) });
    const { log, told } = account("ended", said(maxLogLength - 1), said(2), said(1), said(1_000));
    expect(log.length).toBeLessThanOrEqual(maxLogLength + 30);
    expect(log).toMatch(/^x+\n… the rest is not kept\n$/);
    expect(told.filter(({ kind }) => kind === "said")).toHaveLength(2);
    const full = account("ended", said(maxLogLength), said(1));
    expect(full.told.filter(({ kind }) => kind === "said")).toHaveLength(1);
    expect(full.log).toHaveLength(maxLogLength);
  });
});

describe("an end", () => {
  test("that cut a test off is that test's verdict, and the others were not run", () => {
    const cut = account("time", ended(0, returned("[1,2]")));
    expect(cut.rows[1]).toMatchObject({ test: 2, verdict: "time", ms: limits.timeMs });
    expect(cut.judged).toMatchObject({ verdict: "time", passed: 1 });
    expect(verdicts(account("memory"))).toEqual([
      [1, "memory"],
      [2, "unseen"],
    ]);
    expect(account("memory").rows[0]).toMatchObject({ ms: 0 });
  });

  test("that came when everything was said changes nothing", () => {
    const both = account("crashed", ended(0, returned("[1,2]")), ended(1, returned("4")));
    expect(both.judged.verdict).toBe("accepted");
  });

  test("without a word is nobody's success", () => {
    expect(account("ended").judged).toMatchObject({ verdict: "crashed", passed: 0 });
  });
});
