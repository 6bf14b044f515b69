// When a delivery is tried again: a minute later, twice as long each time up to an hour, and for a day.
import type { Random } from "@tidewire/protocol/ports";

const firstMs = 60_000;
const longestMs = 3_600_000;
const triedMs = 86_400_000;

/** Milliseconds after the attempt of this number, from 1; up to a tenth less, so that those that failed together part. */
export function delayMs(attempt: number, random: Random): number {
  const stepMs = Math.min(longestMs, firstMs * 2 ** Math.min(attempt - 1, 10));
  return Math.round(stepMs * (1 - random.fraction() / 10));
}

/** Whether that would be later than a day after it was taken, or tried anew. */
export function isTooLate(dueMs: number, sinceMs: number): boolean {
  return dueMs > sinceMs + triedMs;
}
