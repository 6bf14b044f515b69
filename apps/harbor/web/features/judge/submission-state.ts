// What is known of one submission: what the server has kept of it, and what its job tells meanwhile. Pure.
import type { JobSnapshot } from "@tidewire/client/job";
import type { judgeRun, Judged, News, TestRow, WholeSubmission } from "../../../contract/judge.ts";

export type JudgeJob = JobSnapshot<NonNullable<(typeof judgeRun)["~shape"]>>;

export type Stage =
  /** `before`: programs that are judged first; `null` while that is not known. */
  | { readonly kind: "waiting"; readonly before: number | null }
  | { readonly kind: "running"; readonly test: number; readonly tests: number | null }
  /** The judge failed, and tries again. */
  | { readonly kind: "retrying" }
  | { readonly kind: "judged"; readonly judged: Judged };

export interface SubmissionView {
  readonly stage: Stage;
  readonly rows: readonly TestRow[];
  readonly log: string;
}

type Line = Extract<News, { kind: "line" }>;

const lost: Judged = {
  verdict: "lost",
  passed: 0,
  tests: 0,
  ms: 0,
  kb: 0,
  message: "The judge failed with it several times. Hand it in again.",
};

export function viewOf(whole: WholeSubmission, job: JudgeJob | null, line: Line | undefined): SubmissionView {
  if (whole.judged !== null) {
    return { stage: { kind: "judged", judged: whole.judged }, rows: whole.rows, log: whole.log };
  }
  const progress = (job?.progress ?? []).flat();
  const rows = progress.flatMap((each) => (each.kind === "tested" ? [each.row] : []));
  const log = progress.map((each) => (each.kind === "said" ? each.text : "")).join("");
  return { stage: stageOf(whole.id, job, line), rows, log };
}

function stageOf(id: number, job: JudgeJob | null, line: Line | undefined): Stage {
  switch (job?.state) {
    case "done":
      return { kind: "judged", judged: job.output ?? lost };
    case "failed":
    case "canceled":
      return { kind: "judged", judged: lost };
    case "retrying":
      return { kind: "retrying" };
    case "running": {
      const last = job.progress.flat().findLast((each) => each.kind === "testing");
      return { kind: "running", test: last?.test ?? 0, tests: last?.tests ?? null };
    }
    case "waiting":
    case undefined:
      return { kind: "waiting", before: beforeIn(id, line) };
  }
}

function beforeIn(id: number, line: Line | undefined): number | null {
  if (line === undefined) return null;
  const place = line.waiting.indexOf(id);
  if (place >= 0) return place;
  // Behind those that are named, or taken by a worker that has not said so yet.
  return line.behind > 0 && id > (line.waiting.at(-1) ?? 0) ? line.waiting.length : 0;
}
