// Judges what was handed in: runs it in the sandbox, tells its owner on the way, keeps what came of it.
import { availableParallelism } from "node:os";
import path from "node:path";
import type { JobContext, JobWorker } from "@tidewire/jobs";
import { fail, TidewireError } from "@tidewire/protocol";
import type { Log } from "@tidewire/server";
import { keptSecret, makeApiKey } from "tidewire/host";
import { judgeNews, judgeRun, type JudgeProgress, type News } from "../../contract/judge.ts";
import { judge } from "../../judge/judge.ts";
import type { Config } from "../../server/config.ts";
import type { Database } from "../../server/data/schema.ts";
import { beginSubmission, endSubmission, findSubmission } from "../../server/data/submissions.ts";
import { createJudgeNews } from "../../server/judge/news.ts";
import { ProgressLine } from "./progress-line.ts";

/** Sandboxes at once: one processor is left for everything else. */
export const judgeConcurrency = Math.min(4, Math.max(1, availableParallelism() - 1));

export interface JudgingParts {
  readonly config: Config;
  readonly db: Database;
  readonly log: Log;
}

export function judging(worker: JobWorker, { config, db, log }: JudgingParts): void {
  const news = createJudgeNews({ db, log, publish: newsPublisher(config) });

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
}

type Judgement = Awaited<ReturnType<typeof judge>>;

async function judgeAndTell(program: Parameters<typeof judge>[0], job: JobContext<JudgeProgress>): Promise<Judgement> {
  const line = new ProgressLine((progress) => job.progress(progress));
  const judgement = await judge(program, { told: (progress) => line.tell(progress), signal: job.signal });
  await line.told();
  return judgement;
}

const answerMs = 5_000;

/** To the server, by its API: the channel is everybody's, not a job's. */
function newsPublisher({ apiKey, dataFolder, serverUrl }: Config): (news: News) => Promise<void> {
  const key = apiKey ?? keptSecret(path.join(dataFolder, "api-key"), makeApiKey);
  return async (data) => {
    const response = await fetch(new URL("/api/publish", serverUrl), {
      method: "POST",
      headers: { "content-type": "application/json", "x-api-key": key },
      body: JSON.stringify({ channel: judgeNews.name({}), data }),
      signal: AbortSignal.timeout(answerMs),
    });
    const answer = (await response.json()) as { readonly error?: { readonly message?: unknown } };
    if (!response.ok || answer.error !== undefined)
      throw new TidewireError("engine_unavailable", `the server did not take it: ${String(answer.error?.message)}`);
  };
}
