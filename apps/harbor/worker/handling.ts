// What a handler of Harbor's workers may use, and how it is named to a worker.
import type { Jobs, JobWorker } from "@tidewire/jobs";
import type { Log } from "@tidewire/server";
import type { Config } from "../server/config.ts";
import type { Database } from "../server/data/schema.ts";
import type { ServerApi } from "./server-api.ts";

export interface WorkerParts {
  readonly config: Config;
  /** Harbor's own database, which the server has open as well. */
  readonly db: Database;
  readonly jobs: Jobs;
  readonly api: ServerApi;
  /** Aborted when the worker is told to end. */
  readonly signal: AbortSignal;
  readonly log: Log;
}

/** Names the worker's functions for jobs of one kind. */
export type Handling = (worker: JobWorker, parts: WorkerParts) => void;
