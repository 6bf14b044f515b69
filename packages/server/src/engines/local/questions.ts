// Questions that one worker has for another, while the owner waits for the answer.
import type { Cancel, Clock } from "../../ports/clock.ts";

export type Answer = Uint8Array | null;

interface Waiting<Worker> {
  readonly worker: Worker;
  readonly answered: (answer: Answer) => void;
  readonly cancel: Cancel;
}

/** Whoever has not answered by then could not. */
const limitMs = 5_000;
const mostWaiting = 10_000;

export class Questions<Worker> {
  readonly #clock: Clock;
  readonly #waiting = new Map<number, Waiting<Worker>>();
  #asked = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `null` when there is no answer. @param put Sends the question by its number. */
  ask(worker: Worker, put: (n: number) => void): Promise<Answer> {
    if (this.#waiting.size >= mostWaiting) return Promise.resolve(null);
    return new Promise((resolve) => {
      this.#asked += 1;
      const n = this.#asked;
      const cancel = this.#clock.after(limitMs, () => this.answered(worker, n, null));
      this.#waiting.set(n, { worker, answered: resolve, cancel });
      put(n);
    });
  }

  /** Nothing happens when nobody waits for it, or it is another worker's to answer. */
  answered(worker: Worker, n: number, answer: Answer): void {
    const waiting = this.#waiting.get(n);
    if (waiting?.worker !== worker) return;
    this.#waiting.delete(n);
    waiting.cancel();
    waiting.answered(answer);
  }

  gone(worker: Worker): void {
    for (const [n, waiting] of this.#waiting) if (waiting.worker === worker) this.answered(worker, n, null);
  }
}
