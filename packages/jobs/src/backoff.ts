// How long a job waits before it is tried again: twice as long each time, jittered so that failures do not return together.
import type { Random } from "@tidewire/protocol/ports";
import type { Terms } from "./store/job-store.ts";

/** Milliseconds after `attempt` has failed: between half of its step and all of it (J4). */
export function backoffMs({ firstDelayMs, longestDelayMs }: Terms, attempt: number, random: Random): number {
  const stepMs = Math.min(longestDelayMs, firstDelayMs * 2 ** Math.max(0, attempt - 1));
  return Math.round(stepMs * (0.5 + random.fraction() / 2));
}
