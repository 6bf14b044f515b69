// Counts messages and looks at what the nodes do, for the analytics.
import path from "node:path";
import { schedule } from "@tidewire/jobs";
import { keptSecret, makeApiKey } from "tidewire/host";
import { recount } from "../contract/analytics.ts";
import { analyticsFile } from "../server/analytics/analytics.ts";
import { countSoon, everyMinute } from "../server/analytics/analytics-jobs.ts";
import { countMessages } from "../server/analytics/counting.ts";
import { keepNodeMinute } from "../server/analytics/node-minutes.ts";
import { recountMessages } from "../server/analytics/recounting.ts";
import { openAnalytics } from "../server/analytics/tables.ts";
import type { Config } from "../server/config.ts";
import type { Handling } from "./handling.ts";

const answerMs = 5_000;
const progressMs = 500;

export const handleAnalytics: Handling = (worker, { config, db, jobs, signal, log }) => {
  const tables = openAnalytics(analyticsFile(config.dataFolder));
  // Whoever needs them says so; until then nobody else is to hear that they could not be opened.
  tables.catch(() => undefined);
  worker.handle(countSoon, async (_none, job) => await countMessages(await tables, db, job.signal));
  worker.handle(everyMinute, async (_none, job) => {
    await countMessages(await tables, db, job.signal);
    const looking = { look: () => metricsOf(config, job.signal), nowMs: () => Date.now() };
    await keepNodeMinute(await tables, looking).catch((thrown: unknown) => {
      // Not a job that failed: a server that is away for a day would leave a dead letter for each of its minutes.
      log.warn("what the nodes did comes with a later minute", { reason: String(thrown) });
    });
  });
  worker.handle(recount, async (_none, job) => {
    let toldMs = 0;
    const progress = async (rooms: number, of: number): Promise<void> => {
      // Of thousands of small rooms each would be told for longer than it is counted.
      if (rooms < of && Date.now() - toldMs < progressMs) return;
      toldMs = Date.now();
      await job.progress({ rooms, of });
    };
    return await recountMessages(await tables, db, { signal: job.signal, progress });
  });
  const cancel = schedule(
    { name: "analytics", cron: "* * * * *", definition: everyMinute, input: null },
    { jobs, log },
  );
  signal.addEventListener("abort", cancel, { once: true });
};

/** What the server says of itself, and of the other nodes where there are some. */
async function metricsOf(config: Config, signal: AbortSignal): Promise<string> {
  const apiKey = config.apiKey ?? keptSecret(path.join(config.dataFolder, "api-key"), makeApiKey);
  const response = await fetch(new URL("/metrics", config.serverUrl), {
    headers: { "X-API-Key": apiKey },
    signal: AbortSignal.any([signal, AbortSignal.timeout(answerMs)]),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`/metrics answered with ${response.status}`);
  return text;
}
