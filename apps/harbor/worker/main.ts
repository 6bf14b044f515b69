// Harbor's worker: does what the server has ordered as jobs. `npm start` runs one beside the server, `npm run worker` another.
import { mkdirSync } from "node:fs";
import path from "node:path";
import { createWorker, httpPublisher, jobDesk } from "@tidewire/jobs";
import { consoleLog, endOnSignal, failWith, keptSecret, makeApiKey, shownAddress } from "tidewire/host";
import { type Config, parseConfig } from "../server/config.ts";
import { openDatabase } from "../server/data/open-database.ts";
import { harborJobs } from "../server/jobs/harbor-jobs.ts";
import { openJobs } from "../server/jobs/job-store.ts";
import { ownUrl } from "../server/own-url.ts";
import { openWorkerDoor, type WorkerDoor } from "./door.ts";
import { busyConcurrency, busyHandlings, handlings } from "./handlers.ts";
import { serverApi } from "./server-api.ts";

/** What runs longer is given back, for another worker. */
const graceMs = 5_000;
/** Whether a server has started this process. */
const isBeside = process.send !== undefined;

try {
  const config = parseConfig(process.env, process.argv.slice(2));
  const { door, stop } = await startWorker(config);
  if (isBeside) endWithServer(stop);
  else {
    endOnSignal(stop);
    const lines = [
      `Harbor's worker, ready in ${Math.round(performance.now())} ms`,
      `Jobs        ${shown(config)}`,
      ...(door === null
        ? []
        : [`Metrics     ${ownUrl(config.workerDoor?.hosts[0] ?? "localhost", door.port)}/metrics`]),
    ];
    process.stdout.write(lines.map((line) => `  ${line}\n`).join(""));
  }
} catch (thrown) {
  failWith(thrown);
}

/** When the server says so, or however it has ended: killed, it tells nobody. */
function endWithServer(stop: () => Promise<void>): void {
  const end = (): void => {
    stop().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  // That of its group, and the server's own.
  process.on("SIGTERM", end);
  process.once("disconnect", end);
  // A Ctrl-C in the terminal comes to the whole group: the server hears it, and lets us finish.
  process.on("SIGINT", () => undefined);
  // It may have gone while this one started.
  if (!process.connected) end();
}

interface StartedWorker {
  /** Where it tells its figures; `null`: nowhere. */
  readonly door: WorkerDoor | null;
  /** Ends it: what runs is finished, or given back. */
  readonly stop: () => Promise<void>;
}

async function startWorker(config: Config): Promise<StartedWorker> {
  const { dataFolder } = config;
  mkdirSync(dataFolder, { recursive: true, mode: 0o700 });
  const log = consoleLog(config.mode === "development" ? "info" : "warn");
  const apiKey = config.apiKey ?? keptSecret(path.join(dataFolder, "api-key"), makeApiKey);
  const db = await openDatabase(path.join(dataFolder, "harbor.db"));
  const jobs = await openJobs({ kept: config.jobs, dataFolder, of: "worker", log });
  const publisher = httpPublisher({ url: new URL("/api", config.serverUrl).href, apiKey });
  const worker = createWorker({ jobs, publisher, log });
  const stopping = new AbortController();
  const busy = createWorker({ jobs, publisher, log, concurrency: busyConcurrency });
  const parts = { config, db, jobs, api: serverApi(config, apiKey), signal: stopping.signal, log };
  for (const handling of handlings) handling(worker, parts);
  for (const handling of busyHandlings) handling(busy, parts);
  const { signal } = stopping;
  const desk = jobDesk({ jobs, definitions: harborJobs, workers: [worker, busy] });
  // Before it takes a job: a port that is taken ends the process.
  const { workerDoor } = config;
  const door = workerDoor === null ? null : await openWorkerDoor({ ...workerDoor, desk, apiKey, signal, log });
  worker.start();
  busy.start();
  let ended: Promise<void> | null = null;
  const end = async (): Promise<void> => {
    stopping.abort();
    await Promise.all([worker.stop({ graceMs }), busy.stop({ graceMs })]);
    door?.close();
    await jobs.store.close();
    await db.destroy();
  };
  return { door, stop: () => (ended ??= end()) };
}

function shown({ jobs, dataFolder }: Config): string {
  return jobs === "embedded" ? path.join(dataFolder, "jobs.db") : shownAddress(jobs);
}
