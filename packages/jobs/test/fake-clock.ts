// A clock that stands still until a test moves it.
import { type Cancel, type Clock, systemClock } from "@tidewire/protocol/ports";

export class FakeClock implements Clock {
  #wallMs = 1_767_225_600_000;
  readonly #timers: { readonly dueMs: number; readonly act: () => void }[] = [];

  /** Timers that are set and not yet due. */
  get pending(): number {
    return this.#timers.length;
  }

  wall(): number {
    return this.#wallMs;
  }

  now(): number {
    return this.#wallMs;
  }

  /** A turn of the event loop is no time. */
  defer(act: () => void): void {
    systemClock.defer(act);
  }

  after(ms: number, act: () => void): Cancel {
    const timer = { dueMs: this.#wallMs + Math.max(0, ms), act };
    const later = this.#timers.findIndex((other) => other.dueMs > timer.dueMs);
    this.#timers.splice(later === -1 ? this.#timers.length : later, 0, timer);
    return () => {
      const index = this.#timers.indexOf(timer);
      if (index !== -1) this.#timers.splice(index, 1);
    };
  }

  /** Moves the time by `ms`, through every timer that falls due. */
  advance(ms: number): void {
    const endMs = this.#wallMs + ms;
    for (let next = this.#timers[0]; next !== undefined && next.dueMs <= endMs; next = this.#timers[0]) {
      this.#timers.shift();
      this.#wallMs = Math.max(this.#wallMs, next.dueMs);
      next.act();
    }
    this.#wallMs = endMs;
  }
}
