// Starting: the engine is started once, and again and again where nobody waits to hear that it failed.
import type { Cancel, Clock } from "./ports/clock.ts";
import { type Log, reasonOf } from "./ports/log.ts";
import type { Random } from "./ports/random.ts";

/** Between two attempts that nobody asked for: doubled up to the longest, and never the same on two nodes. */
const firstPauseMs = 1_000;
const longestPauseMs = 30_000;

export interface StartingParts {
  /** One attempt; after one that failed there may be another. */
  readonly attempt: () => Promise<void>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export class Starting {
  readonly #parts: StartingParts;
  #current: Promise<void> | null = null;
  #isDone = false;
  #isTried = false;
  #isKept = false;
  #isOver = false;
  #pauseMs = firstPauseMs;
  #cancel: Cancel | null = null;

  constructor(parts: StartingParts) {
    this.#parts = parts;
  }

  /** Whether it has started, and has not ended since. */
  get isDone(): boolean {
    return this.#isDone;
  }

  /** All who ask meanwhile share an attempt; one that failed leaves the next to whoever asks then. */
  once(): Promise<void> {
    this.#isTried = true;
    this.#current ??= this.#parts.attempt().then(
      () => void (this.#isDone = true),
      (thrown: unknown) => {
        this.#current = null;
        throw thrown;
      },
    );
    return this.#current;
  }

  /** Tries until it works. Each failure is logged. */
  keepTrying(): void {
    if (this.#isKept) return;
    this.#isKept = true;
    this.#try();
  }

  /** No attempt begins by itself any more, and the last one is over. True when there was any. */
  async end(): Promise<boolean> {
    this.#isOver = true;
    this.#cancel?.();
    await this.#current?.catch(() => undefined);
    return this.#isTried;
  }

  #try(): void {
    this.once().catch((thrown: unknown) => {
      if (this.#isOver) return;
      const { clock, random, log } = this.#parts;
      const retryMs = Math.round(this.#pauseMs * (0.5 + random.fraction() / 2));
      this.#pauseMs = Math.min(2 * this.#pauseMs, longestPauseMs);
      log.error("the engine did not start", { reason: reasonOf(thrown), retryMs });
      this.#cancel = clock.after(retryMs, () => this.#try());
    });
  }
}
