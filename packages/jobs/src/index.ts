// The door of @tidewire/jobs.
export type {
  Added,
  Claimed,
  Ending,
  Hold,
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
