// Time, as everything of ours on Node asks for it. Nothing else reads a clock or sets a timer.

/** Stops what a clock was asked to do later. Calling it again, or too late, does nothing. */
export type Cancel = () => void;

/** Where the time comes from; tests give one of their own. Default: the machine's. */
export interface Clock {
  /** Milliseconds of a clock that only goes forward; it has no relation to the time of day. */
  now(): number;
  /** Milliseconds since 1970; it may jump. For what people and databases read, never for measuring. */
  wall(): number;
  /** Runs `act` once, `ms` milliseconds from now, or after some 24 days where that is less. Does not keep the process alive. */
  after(ms: number, act: () => void): Cancel;
  /** Runs `act` in the next turn of the event loop, after the sockets were read. */
  defer(act: () => void): void;
}

// Node takes a longer time for none at all, and would do at once what was meant for next month.
const longestTimerMs = 2_147_483_647;

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  after: (ms, act) => {
    const timer = setTimeout(act, Math.min(ms, longestTimerMs));
    timer.unref();
    return () => clearTimeout(timer);
  },
  defer: (act) => void setImmediate(act),
};

/** Wall-clock milliseconds as libraries want them. */
export function toDate(wallMs: number): Date {
  return new Date(wallMs);
}
