// The prompter: a burst of messages is one order, none is forgotten, and the chat never hears of trouble.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createJobs, createWorker, type Jobs } from "@tidewire/jobs";
import { embeddedStore } from "@tidewire/jobs/embedded";
import type { Log } from "@tidewire/server";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { countSoon } from "./analytics-jobs.ts";
import { createPrompter, type Prompter } from "./prompter.ts";

const quiet: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const waited = { timeout: 10_000, interval: 20 };

let folder: string;
let jobs: Jobs;
let prompter: Prompter;

beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "harbor-prompter-"));
  jobs = createJobs({ store: embeddedStore({ path: path.join(folder, "jobs.db") }) });
  await jobs.store.open();
  prompter = createPrompter(jobs, quiet);
});

afterEach(async () => {
  prompter.stop();
  await jobs.store.close();
  rmSync(folder, { recursive: true });
});

const idsOf = async (state: "waiting" | "running" | "done"): Promise<readonly string[]> =>
  (await jobs.list({ state, after: null, limit: 100 })).map(({ id }) => id);

test("a thousand messages are one job, and a job that waits is not ordered again", async () => {
  const enqueue = vi.spyOn(jobs, "enqueue");
  for (let count = 0; count < 1_000; count += 1) prompter.moved();
  await expect.poll(() => idsOf("waiting"), waited).toHaveLength(1);
  for (let count = 0; count < 1_000; count += 1) prompter.moved();
  await expect.poll(() => enqueue.mock.calls.length, waited).toBeGreaterThanOrEqual(3);
  expect(await idsOf("waiting")).toHaveLength(1);
});

test("a message that comes while messages are counted is counted by the next job", async () => {
  const worker = createWorker({ jobs, pollMs: 10 });
  let goOn = (): void => undefined;
  const begun: string[] = [];
  worker.handle(countSoon, async (_none, { id }) => {
    begun.push(id);
    if (begun.length === 1) await new Promise<void>((resolve) => (goOn = resolve));
  });
  worker.start();
  prompter.moved();
  await expect.poll(() => begun.length, waited).toBe(1);
  const enqueue = vi.spyOn(jobs, "enqueue");
  // The job that runs may have read the log already.
  prompter.moved();
  await expect.poll(() => enqueue.mock.calls.length, waited).toBeGreaterThanOrEqual(1);
  goOn();
  await expect.poll(() => idsOf("done"), waited).toHaveLength(2);
  await worker.stop();
});

test("a store that is away is the operator's trouble alone", async () => {
  const warn = vi.fn<Log["warn"]>();
  await jobs.store.close();
  const alone = createPrompter(jobs, { ...quiet, warn });
  alone.moved();
  await expect.poll(() => warn.mock.calls.length, waited).toBe(1);
  alone.stop();
  await jobs.store.open();
});
