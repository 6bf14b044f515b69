"use client";
// A background job in a component.

import { type Job, jobOf, type JobSnapshot } from "@tidewire/client/job";
import type { JobDefinition, JobShape } from "@tidewire/protocol";
import { useState, useSyncExternalStore } from "react";
import { useClient } from "./provider.tsx";

/** What `useJob` gives. */
export type JobView<Shape extends JobShape = JobShape> = JobSnapshot<Shape>;

/**
 * A job from its beginning, also when the page was loaded in the middle of it; renders at most once a frame.
 * @param id What `enqueue` gave; `null` while there is no job yet: then this is `null` too.
 */
export function useJob<Shape extends JobShape>(
  definition: JobDefinition<Shape>,
  id: string | null,
): JobView<Shape> | null {
  const client = useClient();
  // State and not a memo: a hot reload forgets memos, and would close and open the channel.
  const make = () => ({ client, definition, id, job: id === null ? noJob : jobOf(client, definition, id) });
  const [held, hold] = useState<ReturnType<typeof make>>(make);
  let { job } = held;
  if (held.client !== client || held.definition !== definition || held.id !== id) {
    const next = make();
    hold(next);
    job = next.job;
  }
  return useSyncExternalStore<JobView<Shape> | null>(job.subscribe, job.getSnapshot, job.getSnapshot);
}

const noJob = { subscribe: () => () => undefined, getSnapshot: () => null } satisfies Record<keyof Job, unknown>;
