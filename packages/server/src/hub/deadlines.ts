// Deadlines of what an engine is asked: what has no answer after ten seconds has failed, so that nobody waits for good.
//
// One timer for all of them, which counts its own turns: while the process was stopped they cannot run out at once.
import type { Cancel, Clock } from "../ports/clock.ts";

const turnMs = 1_000;
const turns = 10;

interface Waiting {
  /** Turns that it may still wait. */
  left: number;
  readonly giveUp: (why: "late" | "stopped") => void;
}

/** What becomes of the answer. Called when it comes, so that nothing is between it and whoever waits for it. */
export interface Outcomes<Answer> {
  /** @throws for an answer that is none. */
  readonly answered: (answer: unknown) => Answer;
  /** The error to reject with. */
  readonly rejected: (thrown: unknown) => Error;
  /** The error for no answer in time, or before the stop. */
  readonly unanswered: (why: "late" | "stopped") => Error;
  /** An answer came when it was given up already. */
  readonly late: () => void;
}

export class Deadlines {
  readonly #clock: Clock;
  readonly #waiting = new Set<Waiting>();
  #cancel: Cancel | null = null;
  #isStopped = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  ask<Answer>(ask: () => unknown, { answered, rejected, unanswered, late }: Outcomes<Answer>): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const waiting: Waiting = { left: turns, giveUp: (why) => reject(unanswered(why)) };
      this.#waiting.add(waiting);
      this.#cancel ??= this.#clock.after(turnMs, this.#turn);
      const refuse = (thrown: unknown): void => {
        if (this.#waiting.delete(waiting)) reject(rejected(thrown));
      };
      const take = (answer: unknown): void => {
        const isWaiting = this.#waiting.delete(waiting);
        if (!isWaiting && !this.#isStopped) late();
        if (!isWaiting) return;
        try {
          resolve(answered(answer));
        } catch (thrown) {
          reject(thrown);
        }
      };
      try {
        Promise.resolve(ask()).then(take, refuse);
      } catch (thrown) {
        refuse(thrown);
      }
    });
  }

  /** Whoever still waits does so in vain. */
  stop(): void {
    this.#isStopped = true;
    this.#cancel?.();
    this.#cancel = null;
    for (const waiting of this.#waiting) waiting.giveUp("stopped");
    this.#waiting.clear();
  }

  readonly #turn = (): void => {
    for (const waiting of this.#waiting) {
      waiting.left -= 1;
      if (waiting.left > 0) continue;
      this.#waiting.delete(waiting);
      waiting.giveUp("late");
    }
    this.#cancel = this.#waiting.size === 0 ? null : this.#clock.after(turnMs, this.#turn);
  };
}
