// What a page shows of a submission, from what the server has kept and what its job tells.
import { expect, test } from "vitest";
import type { Judged, JudgeProgress, TestRow, WholeSubmission } from "../../../contract/judge.ts";
import { type JudgeJob, viewOf } from "./submission-state.ts";

const whole: WholeSubmission = {
  id: 7,
  problem: "anchor-chain",
  language: "typescript",
  atMs: 0,
  job: "a",
  judged: null,
  source: "",
  rows: [],
  log: "",
};
const accepted: Judged = { verdict: "accepted", passed: 2, tests: 2, ms: 3, kb: 4, message: "" };
const row = (test: number): TestRow => ({ test, verdict: "passed", ms: 1, kb: 1, note: "" });

function job(
  state: JudgeJob["state"],
  progress: readonly JudgeProgress[] = [],
  output: Judged | null = null,
): JudgeJob {
  return {
    state,
    attempt: 1,
    progress,
    output,
    reason: "",
    message: "",
    status: { kind: "idle" },
  } as unknown as JudgeJob;
}

const line = (waiting: number[], behind = 0) => ({ kind: "line" as const, waiting, behind });

test("waits behind those that were handed in before it", () => {
  const before = (at: ReturnType<typeof line> | undefined) => viewOf(whole, job("waiting"), at).stage;
  expect(before(undefined)).toEqual({ kind: "waiting", before: null });
  expect(before(line([5, 6, 7, 9]))).toEqual({ kind: "waiting", before: 2 });
  expect(before(line([7]))).toEqual({ kind: "waiting", before: 0 });
  // Taken, and its worker has not said so yet.
  expect(before(line([9]))).toEqual({ kind: "waiting", before: 0 });
  expect(before(line([5, 6], 4))).toEqual({ kind: "waiting", before: 2 });
});

test("runs: the test that is run, those that are over, and what was said in several pieces", () => {
  const progress: JudgeProgress[] = [
    [{ kind: "testing", test: 1, tests: 2 }],
    [
      { kind: "said", text: "one " },
      { kind: "tested", row: row(1) },
      { kind: "testing", test: 2, tests: 2 },
    ],
    [{ kind: "said", text: "two" }],
  ];
  expect(viewOf(whole, job("running", progress), line([9]))).toEqual({
    stage: { kind: "running", test: 2, tests: 2 },
    rows: [row(1)],
    log: "one two",
  });
  expect(viewOf(whole, job("retrying", progress), undefined).stage).toEqual({ kind: "retrying" });
});

test("is judged by what its job told, and by what was kept, whatever a job tells then", () => {
  expect(viewOf(whole, job("done", [], accepted), undefined).stage).toEqual({ kind: "judged", judged: accepted });
  expect(viewOf(whole, job("failed"), undefined).stage).toMatchObject({ judged: { verdict: "lost" } });
  const kept = { ...whole, judged: accepted, rows: [row(1), row(2)], log: "kept" };
  expect(viewOf(kept, job("running"), undefined)).toEqual({
    stage: { kind: "judged", judged: accepted },
    rows: [row(1), row(2)],
    log: "kept",
  });
});
