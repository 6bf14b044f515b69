// The torture of jobs, some seconds of it: `npm run torture:jobs` is the whole. Its checker's own tests are in bench/torture-jobs.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { tortureJobs } from "../bench/torture-jobs/torture-jobs.ts";

it(
  "workers and server are killed and stopped: every acked job is done or a dead letter, once, and its owner is told so",
  { timeout: 240_000 },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "tidewire-torture-jobs-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }));
    const options = { store: "embedded", jobs: 1_500, watchedOf: 5, seed: 5 } as const;
    const outcome = await tortureJobs(options, { folder, say: () => undefined });
    expect(outcome.violations).toEqual([]);
    expect(outcome.acked).toBeGreaterThanOrEqual(1_500);
    expect(outcome.done + outcome.dead).toBe(outcome.acked);
    expect(outcome.watched).toBeGreaterThanOrEqual(300);
    expect(Object.values(outcome.strikes).reduce((sum, count) => sum + count, 0)).toBeGreaterThan(0);
  },
);
