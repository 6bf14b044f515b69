// Orders the judging of what was handed in, and sees to it that nothing waits for ever: a program whose job was never ordered,
// since the server died between the two, or whose job was given up.
import { randomBytes } from "node:crypto";
import type { Jobs } from "@tidewire/jobs";
import type { Log } from "@tidewire/server";
import { judgeRun, type Judged, type Language, type Submission } from "../../contract/judge.ts";
import type { Database } from "../data/schema.ts";
import { endSubmission, findSubmission, keepSubmission, unfinishedSubmissions } from "../data/submissions.ts";

export interface HandedIn {
  readonly guest: string;
  readonly problem: string;
  readonly language: Language;
  readonly source: string;
  readonly nonce: string;
}

/**
 * Some four minutes together, pauses doubling up to one: a disk that stands still or a worker that is killed is no reason to give
 * a program up. One that brings down whoever judges it is given up after that.
 */
const attempts = 10;
const firstDelayMs = 1_000;
const longestDelayMs = 60_000;
/** All tests of a program on a machine that has hardly any time for it. */
const timeoutMs = 900_000;

/** Younger ones are being ordered. */
const orderedAfterMs = 5_000;

export async function handIn(db: Database, jobs: Jobs, given: HandedIn): Promise<Submission> {
  const submission = await keepSubmission(db, { ...given, job: randomBytes(16).toString("base64url") });
  // Kept already: should this fail, it is ordered later, and whoever hands it in again gets the same one.
  if (submission.judged === null) await order(jobs, { ...submission, guest: given.guest });
  return submission;
}

export interface Mending {
  readonly db: Database;
  readonly jobs: Jobs;
  readonly log: Log;
}

/** @returns Whether there is news of the line. */
export async function mendSubmissions({ db, jobs, log }: Mending): Promise<boolean> {
  const unfinished = await unfinishedSubmissions(db, Date.now() - orderedAfterMs);
  let isMended = false;
  for (const each of unfinished) {
    const job = await jobs.find(each.job);
    if (job === null) await order(jobs, each);
    else if (job.state !== "waiting" && job.state !== "running") {
      // Its verdict may have come after we looked at the database: it is there before the job is done.
      if ((await findSubmission(db, each.id))?.judged !== null) continue;
      const { state, reason, message } = job;
      log.error("a program was not judged", { submission: each.id, state, reason, message });
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
  const terms = { attempts, firstDelayMs, longestDelayMs, timeoutMs };
  const draft = await jobs.draft(judgeRun, { submission: id }, { owner: guest, ...terms });
  await jobs.add([{ ...draft, id: job }]);
}
