// What is left to workers: drafts of these jobs are rows in the transaction that they follow from.
import { createJobs, type EnqueueOptions, type JobDraft, type Jobs } from "@tidewire/jobs";
import { embeddedStore } from "@tidewire/jobs/embedded";
import { defineJob } from "@tidewire/protocol";
import path from "node:path";
import { z } from "zod";
import { notice, type Person, person } from "./channels.ts";
import type { Transfer } from "./bank.ts";

/** Tells a person. */
export const notify = defineJob("notify", { input: z.object({ account: z.string(), notice }) });
/** Shows a new account to those who may want to pay it. */
export const introduce = defineJob("introduce", { input: person });
/** Adds a transfer to the sums. */
export const count = defineJob("count", { input: z.object({ id: z.string(), cents: z.int(), atMs: z.int() }) });

/** A server may be away for an hour, and a worker killed fifty times, before a notice is a dead letter. */
const patiently: EnqueueOptions = { attempts: 100, firstDelayMs: 100, longestDelayMs: 60_000 };

/** The jobs of this process; whoever runs them, or brings them there, opens their store. */
export function jobsIn(data: string): Jobs {
  return createJobs({ store: embeddedStore({ path: path.join(data, "jobs.db") }) });
}

/** What follows from a transfer: each side is told, and it is counted. */
export async function jobsAfter(jobs: Jobs, { id, payer, payee, cents, atMs }: Transfer): Promise<readonly JobDraft[]> {
  const told = { id, cents, atMs };
  const sent = { account: payer.account, notice: { ...told, kind: "sent" as const, other: payee.name } };
  const received = { account: payee.account, notice: { ...told, kind: "received" as const, other: payer.name } };
  return await Promise.all([
    jobs.draft(notify, sent, patiently),
    jobs.draft(notify, received, patiently),
    jobs.draft(count, told, patiently),
  ]);
}

export async function jobsAfterOpening(jobs: Jobs, opened: Person): Promise<JobDraft> {
  return await jobs.draft(introduce, opened, patiently);
}
