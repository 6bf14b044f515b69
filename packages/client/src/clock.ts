// Time and chance, as the client asks for them. Nothing else in the package reads a clock, sets a timer or rolls dice.

/** Undoes what was asked for. Calling it again, or too late, does nothing. */
export type Cancel = () => void;

/** Time, as the client asks for it; tests give one of their own. Default: the platform's. */
export interface Clock {
  /** Milliseconds of a clock that only goes forward; it has no relation to the time of day. */
  now(): number;
  /** Milliseconds since 1970; it may jump. For people, never for measuring. */
  wall(): number;
  /** Runs `act` once, `ms` milliseconds from now, or after some 24 days where that is less. */
  after(ms: number, act: () => void): Cancel;
  /** Runs `act` once before the next paint; where nothing is painted, within a quarter of a second. */
  frame(act: () => void): Cancel;
}

/** A number from 0 up to, but not including, 1. */
export type Random = () => number;

// A hidden page gets no animation frames, and a page may be hidden while it waits for one.
const longestFrameMs = 250;

// Platforms take a longer time for none at all, and would do at once what was meant for next month.
const longestTimerMs = 2_147_483_647;

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  after(ms, act) {
    const timer = setTimeout(act, Math.min(ms, longestTimerMs));
    return () => clearTimeout(timer);
  },
  frame(act) {
    const frame = globalThis.requestAnimationFrame?.(run);
    const timer = setTimeout(run, frame && longestFrameMs);
    function cancel(): void {
      if (frame) cancelAnimationFrame(frame);
      clearTimeout(timer);
    }
    function run(): void {
      cancel();
      act();
    }
    return cancel;
  },
};

/** Chance that nobody can guess: idempotency keys are made of it. */
export const systemRandom: Random = () => (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) / 2 ** 32;

/** 128 bits as text, so that two clients never make the same one. */
export function randomKey(random: Random): string {
  return [random, random, random, random].map((next) => Math.floor(next() * 2 ** 32).toString(36)).join("-");
}
