// Turns: how long what clients say may occupy one turn of the event loop, whoever says it.
//
// One read of a socket may hold a thousand commands, and one turn reads from all sockets: taken in at once they would hold
// up everybody's pings, timers and publications for seconds. What is late waits, one message of each connection after another.
import type { Clock } from "../ports/clock.ts";

/** How long one turn takes messages in, and how long the next one takes in what waits. */
const sliceMs = 5;
/** So many messages in a turn are nothing to measure. */
const uncounted = 32;
/** How many that waited are taken in between two looks at the clock. */
const stride = 16;

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
    for (; served < this.#waiting.length; served += 1) {
      if (served % stride === stride - 1 && this.#clock.now() > endMs) break;
      const hearer = this.#waiting[served];
      if (hearer?.hearNext() === true) this.#waiting.push(hearer);
    }
    this.#waiting = this.#waiting.slice(served);
    if (this.#waiting.length > 0) this.#defer();
  }
}
