// A clock that stands still until a test moves it.
import type { Cancel, Clock } from "../ports/clock.ts";

interface Timer {
  readonly dueMs: number;
  readonly act: () => void;
}

/** The beginning of 2026. */
export const defaultWallMs = 1_767_225_600_000;

/** Where a clock of a test begins. */
export interface FakeClockOptions {
  /** Where the wall clock stands. Default: `defaultWallMs`. */
  readonly wallMs?: number;
  /** How deferred work runs. Default: inside `turn` and `advance`. The machine's own, where threads must answer. */
  readonly defer?: Clock["defer"];
  /** Milliseconds that pass with each look at it, as they do while work is done. Default: 0. */
  readonly lookMs?: number;
}

/** Timers fire inside `advance`, in order of their due times; deferred work runs inside `turn` and `advance`. */
export class FakeClock implements Clock {
  #nowMs = 0;
  #wallMs: number;
  readonly #defer: Clock["defer"] | undefined;
  /** Milliseconds that pass with each look. */
  lookMs: number;
  /** Ascending by due time, equal ones in the order they were set. */
  readonly #timers: Timer[] = [];
  #deferred: (() => void)[] = [];

  constructor(options: FakeClockOptions = {}) {
    this.#wallMs = options.wallMs ?? defaultWallMs;
    this.#defer = options.defer;
    this.lookMs = options.lookMs ?? 0;
  }

  /** Timers that are set and not yet due: 0 shows that nothing was left behind. */
  get pending(): number {
    return this.#timers.length;
  }

  /** What waits for the next turn: 0 shows that nothing more happens by itself. */
  get deferred(): number {
    return this.#deferred.length;
  }

  now(): number {
    if (this.lookMs > 0) this.#move(this.#nowMs + this.lookMs);
    return this.#nowMs;
  }

  wall(): number {
    return this.#wallMs;
  }

  after(ms: number, act: () => void): Cancel {
    const timer = { dueMs: this.#nowMs + Math.max(0, ms), act };
    const later = this.#timers.findIndex((other) => other.dueMs > timer.dueMs);
    this.#timers.splice(later === -1 ? this.#timers.length : later, 0, timer);
    return () => {
      const index = this.#timers.indexOf(timer);
      if (index !== -1) this.#timers.splice(index, 1);
    };
  }

  defer(act: () => void): void {
    if (this.#defer === undefined) this.#deferred.push(act);
    else this.#defer(act);
  }

  /** Runs what was deferred until now; what that defers in turn runs at the next call. */
  turn(): void {
    const deferred = this.#deferred;
    this.#deferred = [];
    for (const act of deferred) act();
  }

  /** Moves both clocks by `ms`, through every timer that falls due; each sees the time it was due at. */
  advance(ms: number): void {
    const endMs = this.#nowMs + ms;
    this.turn();
    for (let next = this.#timers[0]; next !== undefined && next.dueMs <= endMs; next = this.#timers[0]) {
      this.#timers.shift();
      this.#move(next.dueMs);
      next.act();
      this.turn();
    }
    this.#move(endMs);
  }

  /** Sets the wall clock forward or back, as people and time servers do; nothing falls due by it. */
  stepWall(ms: number): void {
    this.#wallMs += ms;
  }

  #move(nowMs: number): void {
    this.#wallMs += nowMs - this.#nowMs;
    this.#nowMs = nowMs;
  }
}
