// The judge's part of the server: takes programs, answers for those of the caller, tells who waits and who leads.
import { fail } from "@tidewire/protocol";
import type { Jobs } from "@tidewire/jobs";
import type { Log, Tidewire } from "@tidewire/server";
import { judgeNews, listSubmissions, readSubmission, submitProgram } from "../../contract/judge.ts";
import { findProblem } from "../../contract/judge-problems.ts";
import type { Database } from "../data/schema.ts";
import { findSubmission, submissionsOf } from "../data/submissions.ts";
import { createJudgeNews } from "./news.ts";
import { handIn, mendSubmissions } from "./submissions.ts";

export interface JudgeOptions {
  readonly db: Database;
  readonly jobs: Jobs;
  readonly log: Log;
}

export interface JudgeDesk {
  /** Tells what the database has; then looks again and again for programs that were left behind. */
  start(): void;
  /** Resolves when nothing of it is under way. */
  stop(): Promise<void>;
}

const mendEveryMs = 15_000;

export function createJudge(tide: Tidewire, { db, jobs, log }: JudgeOptions): JudgeDesk {
  const channel = tide.channel(judgeNews);
  const news = createJudgeNews({ db, log, publish: (each) => channel.publish(each) });
  let mending = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;

  tide.handle(submitProgram, async ({ problem, language, source, nonce }, { user }) => {
    if (findProblem(problem) === undefined) fail("bad_request", "there is no such problem");
    const submission = await handIn(db, jobs, { guest: user, problem, language, source, nonce });
    news.changed("line");
    return submission;
  });

  tide.handle(listSubmissions, async (_input, { user }) => ({ submissions: [...(await submissionsOf(db, user))] }));

  tide.handle(readSubmission, async ({ id }, { user }) => {
    const found = await findSubmission(db, id);
    // Those of others are not confirmed.
    if (found === null || found.guest !== user) fail("bad_request", "you have handed in no program of this number");
    const { guest: _, ...submission } = found;
    return submission;
  });

  async function mend(): Promise<void> {
    try {
      if (await mendSubmissions({ db, jobs, log })) news.changed("line");
    } catch (thrown) {
      log.warn("programs that were left behind wait", { reason: String(thrown) });
    }
  }

  return {
    start() {
      news.changed("line");
      news.changed("leaders");
      const look = (): void => void (mending = mending.then(mend));
      look();
      timer = setInterval(look, mendEveryMs);
    },
    async stop() {
      clearInterval(timer);
      await mending;
      await news.idle();
    },
  };
}
