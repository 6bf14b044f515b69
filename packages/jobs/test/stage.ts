// A store, jobs and workers on a file of their own, for one test; all of it is gone when the test has ended.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { JobEvent } from "@tidewire/protocol";
import type { Log } from "@tidewire/protocol/ports";
import { onTestFinished } from "vitest";
import { embeddedStore } from "../src/embedded/embedded-store.ts";
import { createJobs, type Jobs } from "../src/jobs.ts";
import type { Publisher } from "../src/publisher.ts";
import type { JobStore } from "../src/store/job-store.ts";
import { createWorker, type JobWorker, type WorkerOptions } from "../src/worker.ts";

export function temporaryFile(): string {
  const folder = mkdtempSync(join(tmpdir(), "tidewire-jobs-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }));
  return join(folder, "jobs.db");
}

export class RecordedLog implements Log {
  readonly lines: string[] = [];
  readonly debug = (message: string): void => void this.lines.push(message);
  readonly info = this.debug;
  readonly warn = this.debug;
  readonly error = this.debug;
}

/** What was published, in order; by key, as a server does it, each once. */
export class RecordedPublisher implements Publisher {
  readonly events: { readonly id: string; readonly event: JobEvent }[] = [];
  /** Publishes that fail before one is accepted. */
  failures = 0;
  readonly #keys = new Set<string>();
  readonly #listeners = new Set<() => void>();

  publish(id: string, event: JobEvent, key: string): Promise<void> {
    if (this.failures > 0) {
      this.failures -= 1;
      return Promise.reject(new Error("the server is away"));
    }
    if (!this.#keys.has(`${id} ${key}`)) {
      this.#keys.add(`${id} ${key}`);
      this.events.push({ id, event });
      for (const listener of this.#listeners) listener();
    }
    return Promise.resolve();
  }

  of(id: string): readonly JobEvent[] {
    return this.events.filter((one) => one.id === id).map(({ event }) => event);
  }

  /** Everything that is told of a job, once its end is. */
  async ended(id: string): Promise<readonly JobEvent[]> {
    const ends: readonly JobEvent["kind"][] = ["done", "failed", "canceled"];
    while (!this.of(id).some(({ kind }) => ends.includes(kind))) {
      await new Promise<void>((resolve) => void this.#listeners.add(resolve));
    }
    return this.of(id);
  }
}

export interface Stage {
  readonly path: string;
  readonly jobs: Jobs;
  readonly publisher: RecordedPublisher;
  readonly log: RecordedLog;
  readonly worker: (options?: Partial<WorkerOptions>) => JobWorker;
}

export async function stage(given: { readonly store?: (path: string) => JobStore } = {}): Promise<Stage> {
  const path = temporaryFile();
  const store = given.store?.(path) ?? embeddedStore({ path });
  await store.open();
  onTestFinished(() => store.close());
  const jobs = createJobs({ store });
  const publisher = new RecordedPublisher();
  const log = new RecordedLog();
  return {
    path,
    jobs,
    publisher,
    log,
    worker(options = {}) {
      const worker = createWorker({ jobs, publisher, log, pollMs: 10, ...options });
      onTestFinished(() => worker.stop({ graceMs: 0 }));
      return worker;
    },
  };
}

/** Resolves when `abort` has happened. */
export function aborted(signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(signal.reason), { once: true });
  });
}
