// Tells everybody of the judge: who waits, who leads. The database is what is true, and the channel shows it.
import { isDeepStrictEqual } from "node:util";
import type { Log } from "@tidewire/server";
import type { News } from "../../contract/judge.ts";
import type { Database } from "../data/schema.ts";
import { readLeaders, readLine } from "../data/submissions.ts";

export interface JudgeNewsOptions {
  readonly db: Database;
  readonly log: Log;
  /** Puts it on the channel. */
  readonly publish: (news: News) => Promise<unknown>;
}

export interface JudgeNewsTeller {
  /** Says that it changed. What is told is what the database has then; nobody has to wait for it. */
  changed(kind: News["kind"]): void;
  /** Resolves when nothing is being told. */
  idle(): Promise<void>;
}

/** Looks that one change leads to, where others keep changing it: each of these tells of its own. */
const mostLooks = 5;

export function createJudgeNews({ db, log, publish }: JudgeNewsOptions): JudgeNewsTeller {
  const telling = new Map<News["kind"], Promise<void>>();
  const asked = new Set<News["kind"]>();

  async function read(kind: News["kind"]): Promise<News> {
    return kind === "leaders" ? { kind, leaders: await readLeaders(db) } : { kind, ...(await readLine(db)) };
  }

  /** Several processes tell of the same; whoever publishes last looks again after it, so what stands in the end is true. */
  async function tell(kind: News["kind"]): Promise<void> {
    let told = await read(kind);
    for (let looks = 0; looks < mostLooks; looks += 1) {
      await publish(told);
      const now = await read(kind);
      if (isDeepStrictEqual(now, told)) return;
      told = now;
    }
  }

  async function tellWhileAsked(kind: News["kind"]): Promise<void> {
    while (asked.delete(kind)) {
      await tell(kind).catch((thrown: unknown) =>
        log.warn("news of the judge could not be told", { kind, reason: String(thrown) }),
      );
    }
  }

  return {
    changed(kind) {
      asked.add(kind);
      if (telling.has(kind)) return;
      telling.set(
        kind,
        tellWhileAsked(kind).finally(() => telling.delete(kind)),
      );
    },
    async idle() {
      await Promise.all(telling.values());
    },
  };
}
