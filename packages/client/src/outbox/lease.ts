// A turn where the platform has no locks: a lease in storage, prolonged while it is used and free again soon after its
// holder has died. Two may believe in it for a moment; the keys of what they send make one publication of it (P4).

import type { Clock } from "../clock.ts";

export interface Lease {
  readonly owner: string;
  /** Milliseconds since 1970, by the clock that all tabs of a machine have. */
  readonly untilMs: number;
}

export interface LeaseOptions {
  /** Whoever asks, unlike everybody else. */
  readonly owner: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Reads and writes the lease as one act. */
  change(change: (lease: Lease | undefined) => Lease): Promise<Lease>;
}

const leaseMs = 15_000;
const lookEveryMs = 5_000;

/** Runs `turn` when the lease can be had; resolves without it when `signal` is aborted first. */
export async function inLease(options: LeaseOptions, turn: () => Promise<void>): Promise<void> {
  const { clock, owner, signal } = options;
  const take = async (): Promise<boolean> => {
    const lease = await options.change((held) => {
      const nowMs = clock.wall();
      // One that ends later than any lease can was taken before the clock was set back.
      const isFree = held === undefined || held.untilMs <= nowMs || held.untilMs > nowMs + leaseMs;
      return isFree || held.owner === owner ? { owner, untilMs: nowMs + leaseMs } : held;
    });
    return lease.owner === owner;
  };
  while (!(await take())) {
    if (await passes(lookEveryMs, options)) return;
  }
  if (signal.aborted) return;
  let stop = (): void => undefined;
  const prolong = (): void => {
    // A storage that fails says so to whoever sends next.
    take().catch(() => undefined);
    stop = clock.after(lookEveryMs, prolong);
  };
  stop = clock.after(lookEveryMs, prolong);
  try {
    await turn();
  } finally {
    stop();
    await options.change((held) => (held?.owner === owner ? { owner, untilMs: 0 } : (held ?? { owner, untilMs: 0 })));
  }
}

/** Resolves after `ms`, or at once with true when the signal is aborted. */
function passes(ms: number, { clock, signal }: LeaseOptions): Promise<boolean> {
  return new Promise((resolve) => {
    const end = (): void => {
      stop();
      signal.removeEventListener("abort", end);
      resolve(signal.aborted);
    };
    const stop = clock.after(ms, end);
    signal.addEventListener("abort", end);
    if (signal.aborted) end();
  });
}
