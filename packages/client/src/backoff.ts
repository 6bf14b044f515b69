// When to try again: full jitter between 0.5 and 20 seconds, and never more than two attempts in any second. Pure.

import type { Random } from "./clock.ts";

export const shortestDelayMs = 500;
export const longestDelayMs = 20_000;
/** What has held this long has recovered, and its failures are forgotten. */
export const stableMs = 10_000;

// A millisecond more than a second, so that it holds for a window that includes both of its ends.
const windowMs = 1_001;

/** What was tried so far. */
export interface Attempts {
  /** Failures since something last held for `stableMs`. */
  readonly failures: number;
  /** When the last two attempts began, oldest first. */
  readonly startsMs: readonly number[];
}

export const noAttempts: Attempts = { failures: 0, startsMs: [] };

export function attemptStarted(attempts: Attempts, nowMs: number): Attempts {
  return { failures: attempts.failures, startsMs: [...attempts.startsMs, nowMs].slice(-2) };
}

/** The latest attempt has waited for something of our own until now, and nobody has seen anything of it yet. */
export function attemptDelayed({ failures, startsMs }: Attempts, nowMs: number): Attempts {
  return { failures, startsMs: [...startsMs.slice(0, -1), nowMs] };
}

/** @param heldMs How long the attempt held after it had succeeded; 0 when it never did. */
export function attemptFailed(attempts: Attempts, heldMs: number): Attempts {
  return { failures: heldMs >= stableMs ? 1 : attempts.failures + 1, startsMs: attempts.startsMs };
}

/** Milliseconds to wait before the next attempt; at least half a second once something failed. */
export function retryDelayMs({ failures }: Attempts, random: Random): number {
  const ceilingMs = Math.min(longestDelayMs, shortestDelayMs * 2 ** failures);
  return shortestDelayMs + random() * (ceilingMs - shortestDelayMs);
}

/** How much longer a third attempt within a second has to wait; nothing when it is not above 0. */
export function blockedMs({ startsMs }: Attempts, nowMs: number): number {
  const first = startsMs.at(-2);
  return first === undefined ? 0 : first + windowMs - nowMs;
}
