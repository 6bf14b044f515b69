// A job for the tests of stores, and what a worker that would do it asks for.
import type { JobDraft, JobStore } from "@tidewire/jobs";

export const draft: JobDraft = {
  id: "one",
  name: "n",
  input: "1",
  owner: "anna",
  dueMs: 0,
  priority: 0,
  key: null,
  keyHolds: "unfinished",
  terms: { attempts: 3, firstDelayMs: 1, longestDelayMs: 1, timeoutMs: 1_000 },
};

export const wanted: Parameters<JobStore["claim"]>[0] = {
  names: ["n"],
  runs: 5,
  endings: 5,
  leaseMs: 10_000,
  orphanMs: 86_400_000,
};
