// Turns: how long what clients say may occupy one turn of the event loop, whoever says it.
//
// One read of a socket may hold a thousand commands, and one turn reads from all sockets: taken in at once they would hold
// up everybody's pings, timers and publications for seconds. What is late waits in line, and the line is fair by time, not by
// messages (deficit round robin): whoever says little is not behind the hundreds of commands that others put into one message.
import type { Clock } from "../ports/clock.ts";

/**
 * How long one turn takes messages in, and how long the next one takes in what waits: until the message during which it is
 * over. What commands go on to do once they are taken in comes on top.
 */
const sliceMs = 5;
/** What a read of 64 KiB takes by itself, when it is full of the smallest frames. */
const readMs = 0.5;
/** So few messages in a turn are nothing to measure. */
const uncounted = 4;

/** What each who waits may take of the server in a round; what it took more it waits off in the rounds that follow. */
const shareMs = 0.1;
/** What each may take before all who have taken more: so much at once, and so much of a second. */
const creditMs = 0.5;
const creditOfTime = 0.005;
/** The clock goes on where the machine does something else meanwhile: that is not to be anybody's for long. */
const mostOwedMs = 0.5;

/** Whose messages wait. */
export interface Hearer {
  /** Takes some of the oldest of them in. True: there are more. */
  hearNext(): boolean;
}

/** One hearer's place in line, and what it has taken. */
export interface Place {
  readonly hearer: Hearer;
  isWaiting: boolean;
  /** Below zero is owed. */
  creditMs: number;
  /** When that was so. */
  atMs: number;
}

export class Turns {
  readonly #clock: Clock;
  /** Of this turn; looked at from `uncounted` on, since most turns are short. */
  #count = 0;
  #endMs = 0;
  #isDeferred = false;
  /** When those in line have had their time. */
  #untilMs = 0;
  /** Those who have taken little; before all others. */
  #fresh: Place[] = [];
  #others: Place[] = [];
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

  /** For a hearer that waits for the first time, and keeps it. */
  placeOf(hearer: Hearer): Place {
    return { hearer, isWaiting: false, creditMs, atMs: this.#clock.now() };
  }

  /** Messages of one that does not wait yet are taken in from the next turn on, until it has none. */
  wait(place: Place): void {
    this.#refill(place, this.#clock.now());
    place.isWaiting = true;
    (place.creditMs > 0 ? this.#fresh : this.#others).push(place);
    this.#defer();
  }

  /** Said in `hearNext` by a hearer that is read again from now on: what has come for it meanwhile costs time as well. */
  willRead(): void {
    this.#untilMs -= readMs;
  }

  #defer(): void {
    if (this.#isDeferred) return;
    this.#isDeferred = true;
    this.#clock.defer(this.#run);
  }

  #serve(): void {
    this.#isDeferred = false;
    this.#count = 0;
    let nowMs = this.#clock.now();
    this.#untilMs = nowMs + sliceMs;
    try {
      while (nowMs <= this.#untilMs) {
        const place = this.#fresh.shift() ?? this.#others.shift();
        if (place === undefined) break;
        nowMs = this.#serveNext(place, nowMs);
      }
    } finally {
      // Also when one of them has failed: the others still wait.
      if (this.#fresh.length + this.#others.length > 0) this.#defer();
    }
  }

  /** Returns what time it is then. */
  #serveNext(place: Place, sinceMs: number): number {
    this.#refill(place, sinceMs);
    if (place.creditMs <= 0) place.creditMs += shareMs;
    let nowMs = sinceMs;
    while (place.isWaiting && place.creditMs > 0 && nowMs <= this.#untilMs) {
      const [thenMs, untilMs] = [nowMs, this.#untilMs];
      place.isWaiting = place.hearer.hearNext();
      nowMs = this.#clock.now();
      const tookMs = nowMs - thenMs + (untilMs - this.#untilMs);
      place.creditMs = Math.max(place.creditMs - tookMs, -mostOwedMs);
    }
    if (place.isWaiting) this.#others.push(place);
    return nowMs;
  }

  #refill(place: Place, nowMs: number): void {
    place.creditMs = Math.min(place.creditMs + (nowMs - place.atMs) * creditOfTime, creditMs);
    place.atMs = nowMs;
  }
}
