// What Harbor's workers do: the one list of their handlers. Each is in a file of its own.
import type { Jobs, JobWorker } from "@tidewire/jobs";
import type { Log } from "@tidewire/server";
import type { Config } from "../server/config.ts";
import type { Database } from "../server/data/schema.ts";
import { handleAnalytics } from "./analytics.ts";

/** What a handler may use. */
export interface WorkerParts {
  readonly config: Config;
  /** Harbor's own database, which the server has open as well. */
  readonly db: Database;
  readonly jobs: Jobs;
  /** Aborted when the worker is told to end. */
  readonly signal: AbortSignal;
  readonly log: Log;
}

/** Names the worker's functions for jobs of one kind. */
export type Handling = (worker: JobWorker, parts: WorkerParts) => void;

export const handlings: readonly Handling[] = [handleAnalytics];
