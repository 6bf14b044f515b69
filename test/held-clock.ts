// The machine's clock, but timers of a second and more wait until the test lets them pass.
import type { Clock } from "@tidewire/server";

interface Held {
  readonly ms: number;
  readonly act: () => void;
}

export class HeldClock implements Clock {
  /** Added to the machine's time: what passed at a stroke. */
  aheadMs = 0;
  readonly #held = new Set<Held>();

  /** The waiting times of the timers that are held, shortest first. */
  get held(): number[] {
    return [...this.#held].map(({ ms }) => ms).toSorted((a, b) => a - b);
  }

  now(): number {
    return performance.now() + this.aheadMs;
  }

  wall(): number {
    return Date.now();
  }

  after(ms: number, act: () => void): () => void {
    if (ms >= 1_000) {
      const timer = { ms, act };
      this.#held.add(timer);
      return () => void this.#held.delete(timer);
    }
    const timer = setTimeout(act, ms).unref();
    return () => clearTimeout(timer);
  }

  defer(act: () => void): void {
    setImmediate(act);
  }

  /** Lets the timers pass that wait exactly `ms`; says how many. */
  pass(ms: number): number {
    const due = [...this.#held].filter((timer) => timer.ms === ms);
    for (const timer of due) {
      this.#held.delete(timer);
      timer.act();
    }
    return due.length;
  }
}
