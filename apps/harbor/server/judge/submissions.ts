// Orders the judging of what was handed in, and sees to it that nothing waits for ever: a program whose job was never ordered,
// since the server died between the two, or whose job was given up.
import { randomBytes } from "node:crypto";
import type { Jobs } from "@tidewire/jobs";
import { judgeRun, type Judged, type Language, type Submission } from "../../contract/judge.ts";
import type { Database } from "../data/schema.ts";
import { endSubmission, keepSubmission, unfinishedSubmissions } from "../data/submissions.ts";

export interface HandedIn {
  readonly guest: string;
  readonly problem: string;
  readonly language: Language;
  readonly source: string;
  readonly nonce: string;
}

/** A judge that dies with a program three times is killed by it. */
const attempts = 3;
const firstDelayMs = 500;
/** All tests of a program on a machine that has little time for it. */
const timeoutMs = 300_000;

/** Younger ones are being ordered. */
const orderedAfterMs = 5_000;

export async function handIn(db: Database, jobs: Jobs, given: HandedIn): Promise<Submission> {
  const submission = await keepSubmission(db, { ...given, job: randomBytes(16).toString("base64url") });
  // Kept already: should this fail, it is ordered later, and whoever hands it in again gets the same one.
  if (submission.judged === null) await order(jobs, { ...submission, guest: given.guest });
  return submission;
}

/** @returns Whether there was something to mend. */
export async function mendSubmissions(db: Database, jobs: Jobs): Promise<boolean> {
  const unfinished = await unfinishedSubmissions(db, Date.now() - orderedAfterMs);
  let isMended = false;
  for (const each of unfinished) {
    const state = (await jobs.find(each.job))?.state;
    if (state === undefined) await order(jobs, each);
    // Judged ones are in the database before their job is done.
    if (state === "dead" || state === "canceled" || state === "done") {
      await endSubmission(db, each.id, { judged: lost, rows: [], log: "" });
      isMended = true;
    }
  }
  return isMended;
}

const lost: Judged = {
  verdict: "lost",
  passed: 0,
  tests: 0,
  ms: 0,
  kb: 0,
  message: "The judge failed with it several times. Hand it in again.",
};

/** Under the id that the submission names: ordered again, it is the same job. */
async function order(jobs: Jobs, { id, guest, job }: { id: number; guest: string; job: string }): Promise<void> {
  const terms = { attempts, firstDelayMs, timeoutMs };
  const draft = await jobs.draft(judgeRun, { submission: id }, { owner: guest, ...terms });
  await jobs.add([{ ...draft, id: job }]);
}
