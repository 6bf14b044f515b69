// A server's `/metrics` tells of the jobs of its store and its workers, by definition.
import { createJobs, createWorker, jobDesk } from "@tidewire/jobs";
import { embeddedStore } from "@tidewire/jobs/embedded";
import { defineJob } from "@tidewire/protocol";
import { expect, it, onTestFinished } from "vitest";
import { temporaryFile } from "./killable-node.ts";
import { ask } from "./requesting.ts";
import { serve } from "./serving.ts";

const apiKey = "0123456789abcdef";
const report = defineJob("report");

it("/metrics tells what waits, what was done and that the store is there, and names nothing but definitions", async () => {
  const store = embeddedStore({ path: temporaryFile() });
  await store.open();
  const jobs = createJobs({ store });
  const worker = createWorker({ jobs });
  const desk = jobDesk({ jobs, definitions: [report], workers: [worker] });
  const served = await serve({ jobs: desk, apiKey, mode: "development" });
  let isClosed = false;
  const close = async (): Promise<void> => {
    if (!isClosed) await store.close();
    isClosed = true;
  };
  onTestFinished(async () => {
    await worker.stop();
    await served.stop();
    await close();
  });
  const lines = async (): Promise<readonly string[]> => {
    const { body } = await ask(`${served.httpUrl}/metrics`, { headers: { "x-api-key": apiKey } });
    return String(body)
      .split("\n")
      .filter((line) => line.startsWith("tidewire_job"));
  };
  const ended = Promise.withResolvers<void>();
  worker.handle(report, (input) => {
    if (input === "last") ended.resolve();
    return null;
  });
  await jobs.enqueue(defineJob("canary"), "canary");
  await jobs.enqueue(report, "canary");
  await jobs.enqueue(report, "last");
  expect(await lines()).toEqual(
    expect.arrayContaining([
      'tidewire_jobs{name="report",state="waiting"} 2',
      'tidewire_jobs{name="(other)",state="waiting"} 1',
      expect.stringMatching(/^tidewire_jobs_oldest_waiting_seconds\{name="report"\} \d/),
      expect.stringMatching(/^tidewire_jobs_oldest_waiting_seconds\{name="\(other\)"\} \d/),
      'tidewire_job_runs_total{name="report",outcome="done"} 0',
    ]),
  );
  worker.start();
  await ended.promise;
  await worker.stop();
  const told = await lines();
  expect(told).toEqual(
    expect.arrayContaining([
      'tidewire_jobs{name="report",state="waiting"} 0',
      'tidewire_jobs_oldest_waiting_seconds{name="report"} 0',
      "tidewire_jobs_store_up 1",
      'tidewire_job_runs_total{name="report",outcome="done"} 2',
      'tidewire_job_wait_seconds_count{name="report"} 2',
      'tidewire_job_run_seconds_bucket{name="report",le="+Inf"} 2',
    ]),
  );
  expect(told.join("\n")).not.toContain("canary");
  await close();
  const away = await lines();
  expect(away).toContain("tidewire_jobs_store_up 0");
  expect(away).toContain('tidewire_job_runs_total{name="report",outcome="done"} 2');
  expect(away.filter((line) => /^tidewire_jobs(_oldest_waiting_seconds)?\{/.test(line))).toEqual([]);
});
