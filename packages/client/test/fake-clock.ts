// A clock that stands still until a test moves it.
import type { Cancel, Clock } from "../src/clock.ts";

export class FakeClock implements Clock {
  /** Whether frames come by themselves, each in the next turn of the event loop, rather than with `advance`. */
  paints = false;
  /** How far somebody has set the time of day ahead. */
  wallAheadMs = 0;
  #nowMs = 1_000_000;
  readonly #timers = new Set<{ readonly atMs: number; readonly act: () => void; readonly isFrame: boolean }>();

  now(): number {
    return this.#nowMs;
  }

  wall(): number {
    return 1_700_000_000_000 + this.#nowMs + this.wallAheadMs;
  }

  after(ms: number, act: () => void): Cancel {
    return this.#set({ atMs: this.#nowMs + ms, act, isFrame: false });
  }

  frame(act: () => void): Cancel {
    if (this.paints) {
      const frame = setImmediate(act);
      return () => clearImmediate(frame);
    }
    return this.#set({ atMs: this.#nowMs + 16, act, isFrame: true });
  }

  /** How many timers are set, besides a frame that somebody who watches a store is waiting for. */
  get size(): number {
    return [...this.#timers].filter(({ isFrame }) => !isFrame).length;
  }

  /** Milliseconds to the next timer, or `null`. */
  get nextMs(): number | null {
    const due = [...this.#timers].filter(({ isFrame }) => !isFrame).map(({ atMs }) => atMs);
    return due.length === 0 ? null : Math.min(...due) - this.#nowMs;
  }

  /** Runs what falls due in the next `ms` milliseconds, in order. */
  advance(ms: number): void {
    const endMs = this.#nowMs + ms;
    for (;;) {
      const [due] = [...this.#timers].filter(({ atMs }) => atMs <= endMs).sort((a, b) => a.atMs - b.atMs);
      if (due === undefined) break;
      this.#timers.delete(due);
      this.#nowMs = Math.max(this.#nowMs, due.atMs);
      due.act();
    }
    this.#nowMs = endMs;
  }

  /** The machine sleeps, or the page is frozen: time passes, and what fell due meanwhile comes late, all at once. */
  sleep(ms: number): void {
    this.#nowMs += ms;
    this.advance(0);
  }

  #set(timer: { readonly atMs: number; readonly act: () => void; readonly isFrame: boolean }): Cancel {
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }
}
