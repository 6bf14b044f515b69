// The server's part of the analytics: it says that there is something to count, and shows what workers have counted.
import path from "node:path";
import type { Jobs } from "@tidewire/jobs";
import { fail } from "@tidewire/protocol";
import type { Log, Tidewire } from "@tidewire/server";
import { analytics, orderRecount, type Overview, recount } from "../../contract/analytics.ts";
import type { Database } from "../data/schema.ts";
import { readOverview } from "./overview.ts";
import { createPrompter } from "./prompter.ts";
import { openAnalytics } from "./tables.ts";

export interface AnalyticsParts {
  readonly tide: Tidewire;
  readonly db: Database;
  readonly jobs: Jobs;
  readonly dataFolder: string;
  /** Whether whoever looks may have everything counted again, which a large log makes slow. */
  readonly isDevelopment: boolean;
  readonly log: Log;
}

export interface AnalyticsService {
  /** A message was published. Costs nothing, and waits for nothing. */
  readonly moved: () => void;
  stop(): Promise<void>;
}

const lookMs = 1_000;

export const analyticsFile = (dataFolder: string): string => path.join(dataFolder, "analytics.db");

export async function serveAnalytics(parts: AnalyticsParts): Promise<AnalyticsService> {
  const { tide, db, jobs, dataFolder, isDevelopment, log } = parts;
  const tables = await openAnalytics(analyticsFile(dataFolder));
  const prompter = createPrompter(jobs, log);

  // Looked at while somebody looks on. A worker that told it itself could be overtaken by one that read it earlier.
  tide.source(analytics, async function* ({ signal, sleep }): AsyncGenerator<Overview> {
    for (let shown = ""; !signal.aborted; await sleep(lookMs)) {
      const overview = await readOverview(tables, db, Date.now());
      if (JSON.stringify(overview) === shown) continue;
      shown = JSON.stringify(overview);
      yield overview;
    }
  });

  tide.handle(orderRecount, async (_input, { user }) => {
    if (!isDevelopment) fail("denied", "expected the operator, at the machine itself");
    const { id, isDuplicate } = await jobs.enqueue(recount, null, { owner: user, key: "recount", timeoutMs: 600_000 });
    if (isDuplicate) fail("conflict", "somebody has it counted already");
    return { id };
  });

  return {
    moved: prompter.moved,
    async stop() {
      prompter.stop();
      await tables.destroy();
    },
  };
}
