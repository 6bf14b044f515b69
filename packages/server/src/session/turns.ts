// Turns: how long what clients say may occupy one turn of the event loop, whoever says it.
//
// One read of a socket may hold a thousand commands, and one turn reads from all sockets: taken in at once they would hold
// up everybody's pings, timers and publications for seconds. What is late waits, one message of each connection after another.
import type { Clock } from "../ports/clock.ts";

/**
 * How long one turn takes messages in, and how long the next one takes in what waits: until the message during which it is
 * over. What commands go on to do once they are taken in comes on top.
 */
const sliceMs = 5;
/** So few messages in a turn are nothing to measure. */
const uncounted = 4;

/** Whose messages wait. */
export interface Hearer {
  /** Takes the oldest of them in. True: there are more. */
  hearNext(): boolean;
}

export class Turns {
  readonly #clock: Clock;
  /** Of this turn; looked at from `uncounted` on, since most turns are short. */
  #count = 0;
  #endMs = 0;
  #isDeferred = false;
  #waiting: Hearer[] = [];
  readonly #run = (): void => this.#serve();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether there is time for one more message in this turn; otherwise it waits. */
  hasTime(): boolean {
    this.#count += 1;
    if (this.#count < uncounted) return true;
    if (this.#count === uncounted) {
      this.#endMs = this.#clock.now() + sliceMs;
      this.#defer();
    }
    return this.#clock.now() < this.#endMs;
  }

  /** Its messages are taken in from the next turn on, until it has none. */
  wait(hearer: Hearer): void {
    this.#waiting.push(hearer);
    this.#defer();
  }

  #defer(): void {
    if (this.#isDeferred) return;
    this.#isDeferred = true;
    this.#clock.defer(this.#run);
  }

  #serve(): void {
    this.#isDeferred = false;
    this.#count = 0;
    const endMs = this.#clock.now() + sliceMs;
    let served = 0;
    try {
      while (served < this.#waiting.length && this.#clock.now() <= endMs) {
        const hearer = this.#waiting[served];
        served += 1;
        if (hearer?.hearNext() === true) this.#waiting.push(hearer);
      }
    } finally {
      // Also when one of them has failed: the others still wait.
      this.#waiting = this.#waiting.slice(served);
      if (this.#waiting.length > 0) this.#defer();
    }
  }
}
