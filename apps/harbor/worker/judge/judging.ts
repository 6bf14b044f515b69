// Judges what was handed in: runs it in the sandbox, tells its owner on the way, keeps what came of it.
import { availableParallelism } from "node:os";
import { setTimeout } from "node:timers/promises";
import type { JobContext } from "@tidewire/jobs";
import { fail } from "@tidewire/protocol";
import { judgeNews, judgeRun, type JudgeProgress, type JudgeStep } from "../../contract/judge.ts";
import { judge } from "../../judge/judge.ts";
import { beginSubmission, endSubmission, findSubmission } from "../../server/data/submissions.ts";
import { createJudgeNews } from "../../server/judge/news.ts";
import type { Handling } from "../handling.ts";
import { ProgressLine } from "./progress-line.ts";

/** Sandboxes at once: one processor is left for everything else. */
export const judgeConcurrency = Math.min(4, Math.max(1, availableParallelism() - 1));

export const judging: Handling = (worker, { api, db, log }) => {
  const news = createJudgeNews({ db, log, publish: (each) => api.publish(judgeNews.name({}), each) });

  worker.handle(judgeRun, async ({ submission: id }, job) => {
    const found = await findSubmission(db, id);
    if (found === null) fail("invalid_data", `a submission that is kept was expected, got ${id}`);
    // Judged by a run that could not say so any more.
    if (found.judged !== null) return found.judged;
    // Whoever waits sees it leave the line; that this cannot be kept just now keeps nobody from judging.
    await beginSubmission(db, id).catch((thrown: unknown) => {
      log.warn("a program stays in the line while it is judged", { submission: id, reason: String(thrown) });
    });
    news.changed("line");
    const judgedNow = await judgeAndTell(found, job);
    await untilKept(
      () => endSubmission(db, id, judgedNow),
      job.signal,
      (reason) => {
        log.warn("a verdict could not be kept yet", { submission: id, reason });
      },
    );
    if (judgedNow.judged.verdict === "accepted") news.changed("leaders");
    const kept = await findSubmission(db, id);
    return kept?.judged ?? judgedNow.judged;
  });
};

const firstAgainMs = 500;
const longestAgainMs = 10_000;

/** What passes: SQLITE_BUSY, LOCKED, READONLY, IOERR, FULL and CANTOPEN. */
const passing: ReadonlySet<number> = new Set([5, 6, 8, 10, 13, 14]);

function isPassing(thrown: unknown): boolean {
  const { errcode } = Object(thrown) as { readonly errcode?: unknown };
  // The first byte; the others say more of the same.
  return typeof errcode === "number" && passing.has(errcode & 255);
}

/** As long as the job is ours: what was judged is not judged anew because a disk stands still. @throws the signal's reason. */
async function untilKept(
  keep: () => Promise<void>,
  signal: AbortSignal,
  failed: (reason: string) => void,
): Promise<void> {
  for (let pauseMs = firstAgainMs; ; pauseMs = Math.min(longestAgainMs, pauseMs * 2)) {
    signal.throwIfAborted();
    try {
      return await keep();
    } catch (thrown) {
      if (!isPassing(thrown)) throw thrown;
      if (pauseMs === firstAgainMs) failed(String(thrown));
      await setTimeout(pauseMs);
    }
  }
}

/** Each is a message through the server that others chat through. */
const tellEveryMs = 250;

type Judgement = Awaited<ReturnType<typeof judge>>;

async function judgeAndTell(program: Parameters<typeof judge>[0], job: JobContext<JudgeProgress>): Promise<Judgement> {
  const line = new ProgressLine({ publish: (progress) => job.progress(progress), rest: () => setTimeout(tellEveryMs) });
  const told = (step: JudgeStep): void => line.tell(step);
  // Behind everybody else, so that nobody notices it; where that gives it nothing, the next attempt asks for a little.
  const standing = job.attempt === 1 ? "last" : "low";
  const judgement = await judge(program, { told, signal: job.signal, standing });
  await line.told();
  return judgement;
}
