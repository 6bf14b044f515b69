// What `/metrics` tells of jobs, as data: of definitions that the application names, and of nothing that came with a job.
import type { JobFigures } from "../lifecycle/job-desk.ts";
import type { Family } from "./webhook-families.ts";

export const jobFamilies: readonly Family<JobFigures>[] = [
  {
    name: "tidewire_jobs",
    kind: "gauge",
    help: "Jobs in the store that have not ended, and dead letters, by name and state",
    labelNames: ["name", "state"],
    samples: ({ queues }) => queues.map(({ name, state, count }) => ({ labels: { name, state }, value: count })),
  },
  {
    name: "tidewire_jobs_oldest_waiting_seconds",
    kind: "gauge",
    help: "Age of the oldest job that waits, since it could begin or be tried again, by name; 0 where none could yet",
    labelNames: ["name"],
    samples: ({ queues }) =>
      queues.flatMap(({ name, oldestMs = null }) =>
        oldestMs === null ? [] : [{ labels: { name }, value: oldestMs / 1_000 }],
      ),
  },
  {
    name: "tidewire_jobs_store_up",
    kind: "gauge",
    help: "Whether the job store answered just now",
    labelNames: [],
    samples: ({ isStoreAway }) => [{ labels: {}, value: isStoreAway ? 0 : 1 }],
  },
  {
    name: "tidewire_job_runs_total",
    kind: "counter",
    help: "Runs of jobs by workers of this process, by name and how they ended",
    labelNames: ["name", "outcome"],
    samples: ({ worked }) =>
      worked.flatMap(({ name, ends }) =>
        Object.entries(ends).map(([outcome, value]) => ({ labels: { name, outcome }, value })),
      ),
  },
  {
    name: "tidewire_jobs_running",
    kind: "gauge",
    help: "Handlers of jobs that run in this process, by name",
    labelNames: ["name"],
    samples: ({ worked }) => worked.map(({ name, running }) => ({ labels: { name }, value: running })),
  },
];

export const jobTimes = [
  {
    of: "waited",
    name: "tidewire_job_wait_seconds",
    help: "Seconds from when a job could begin until a worker of this process began it first",
    labelNames: ["name"],
  },
  {
    of: "ran",
    name: "tidewire_job_run_seconds",
    help: "Seconds that a run took in this process, however it ended",
    labelNames: ["name"],
  },
] as const;
