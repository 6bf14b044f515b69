// Time, as webhooks ask for it. Nothing else in the package reads a clock or sets a timer.

/** Stops what a clock was asked to do later. Calling it again, or too late, does nothing. */
export type Cancel = () => void;

/** Where the time comes from. */
export interface Clock {
  /** Milliseconds since 1970; it may jump. What is kept on disk is compared with it. */
  wall(): number;
  /** Runs `act` once, `ms` milliseconds from now. Does not keep the process alive. */
  after(ms: number, act: () => void): Cancel;
}

/** The machine's own clock. */
export const systemClock: Clock = {
  wall: () => Date.now(),
  after: (ms, act) => {
    const timer = setTimeout(act, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/** Wall-clock milliseconds as libraries want them. */
export function toDate(wallMs: number): Date {
  return new Date(wallMs);
}
