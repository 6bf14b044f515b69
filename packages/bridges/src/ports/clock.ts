// Time, as bridges ask for it. Nothing else in the package reads a clock or sets a timer.

import type { Cancel } from "@tidewire/protocol/ports";

/** Where the time comes from. */
export interface Clock {
  /** Milliseconds that only go forward, since nobody says when. */
  now(): number;
  /** Runs `act` once, `ms` milliseconds from now. Keeps the process alive until then: a bridge that is cut off has nothing else to. */
  after(ms: number, act: () => void): Cancel;
}

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after: (ms, act) => {
    const timer = setTimeout(act, Math.min(ms, longestTimerMs));
    return () => clearTimeout(timer);
  },
};

// A longer time is taken for none at all.
const longestTimerMs = 2_147_483_647;

/** What `promise` becomes, or an error when it has not become anything within `ms`. */
export async function within<Value>(promise: Promise<Value>, ms: number, clock: Clock): Promise<Value> {
  const late = Promise.withResolvers<never>();
  const cancel = clock.after(ms, () => late.reject(new Error(`expected an answer within ${ms} ms, got none`)));
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    cancel();
  }
}
