// The door of @tidewire/jobs.
export type { Cancel, Clock, HttpPublisherOptions, Log, LogFields, Random } from "@tidewire/protocol/ports";
export type {
  Added,
  Claimed,
  Ending,
  Hold,
  JobCount,
  JobDraft,
  JobQuery,
  JobRecord,
  JobState,
  JobStore,
  Outcome,
  Renewal,
  Run,
  Settled,
  Terms,
  Wanted,
} from "./store/job-store.ts";
export { type JobDesk, jobDesk, type JobDeskOptions, type JobFigures, otherJobs } from "./desk.ts";
export type { JobContext, JobHandler } from "./job-run.ts";
export { createJobs, type EnqueueOptions, type Jobs, type JobsOptions } from "./jobs.ts";
export { ownerRule } from "./owner-rule.ts";
export { httpPublisher, type Publisher, serverPublisher, type Telling } from "./publisher.ts";
export { createWorker, type JobWorker, type WorkerOptions, type WorkerStats } from "./worker.ts";
export { type Outbox, type OutboxOptions, type OutboxRelay, type OutboxRow, relayOutbox } from "./outbox.ts";
export type { JobTimes, RunEnd, WorkedFigures } from "./worker-figures.ts";
export { schedule, type Schedule, type ScheduleOptions } from "./schedule.ts";
