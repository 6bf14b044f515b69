// Time, as the server asks for it. Nothing else in the package reads a clock or sets a timer.

/** Stops what a clock was asked to do later. Calling it again, or too late, does nothing. */
export type Cancel = () => void;

/** Time, as the server asks for it; tests give one of their own. Default: the machine's. */
export interface Clock {
  /** Milliseconds of a clock that only goes forward; it has no relation to the time of day. */
  now(): number;
  /** Milliseconds since 1970; it may jump. For what people and databases read, never for measuring. */
  wall(): number;
  /** Runs `act` once, `ms` milliseconds from now. Does not keep the process alive. */
  after(ms: number, act: () => void): Cancel;
  /** Runs `act` in the next turn of the event loop, after the sockets were read. */
  defer(act: () => void): void;
}

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  after: (ms, act) => {
    const timer = setTimeout(act, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
  defer: (act) => void setImmediate(act),
};

/** Wall-clock milliseconds as libraries want them. */
export function toDate(wallMs: number): Date {
  return new Date(wallMs);
}
