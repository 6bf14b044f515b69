// Judges what was handed in: runs it in the sandbox, tells its owner on the way, keeps what came of it.
import { availableParallelism } from "node:os";
import type { JobContext } from "@tidewire/jobs";
import { fail } from "@tidewire/protocol";
import { judgeNews, judgeRun, type JudgeProgress } from "../../contract/judge.ts";
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
    await beginSubmission(db, id);
    news.changed("line");
    const judgedNow = await judgeAndTell(found, job);
    await endSubmission(db, id, judgedNow);
    if (judgedNow.judged.verdict === "accepted") news.changed("leaders");
    const kept = await findSubmission(db, id);
    return kept?.judged ?? judgedNow.judged;
  });
};

type Judgement = Awaited<ReturnType<typeof judge>>;

async function judgeAndTell(program: Parameters<typeof judge>[0], job: JobContext<JudgeProgress>): Promise<Judgement> {
  const line = new ProgressLine((progress) => job.progress(progress));
  const judgement = await judge(program, { told: (progress) => line.tell(progress), signal: job.signal });
  await line.told();
  return judgement;
}
