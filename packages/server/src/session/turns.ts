// Turns: how long what clients say may occupy one turn of the event loop, whoever says it.
//
// One read of a socket may hold a thousand commands, and one turn reads from all sockets: taken in at once they would hold
// up everybody's pings, timers and publications for seconds. What is late waits in line: bytes before they are parsed,
// compressed messages before they are inflated, commands before they are obeyed. Whoever says little at a time stands
// before those who pour, and those who have taken little of the server lately stand before those who have taken much
// (multilevel feedback, decisions 0055 and 0068): a flood waits for itself.
import type { Clock } from "../ports/clock.ts";

/** How long one turn takes messages in, and how long the next one takes in what waits: until the message during which it is over. */
const sliceMs = 0.5;
/** So few messages in a turn are nothing to measure. */
const uncounted = 4;

/** What each who waits may take when it is its turn. */
const shareMs = 0.1;
/**
 * What waits is taken in by pieces of one turn, each as long as a share: what commands go on to do when they are taken in,
 * which is most of the work, is done between two pieces, and so counts.
 */
const pieces = Math.round(sliceMs / shareMs);
/** What somebody took counts half after so long. */
const halfLifeMs = 1_000;
/**
 * What whoever waits for the first time is said to have taken: more than those who were modest for long, less than those
 * who pour. Otherwise a crowd that has just come would stand before everybody.
 */
const newcomerMs = 2;
/** How long a connection is new, until it has waited once. */
const newcomerForMs = 1_000;
/** The clock goes on where the machine does something else meanwhile: that is not to be anybody's for long. */
const mostCountedMs = 1;

/** Lines, by what was taken: below a quarter of a millisecond, then up to 1.4 times as much in each, to 32 ms. */
const lines = 16;
const linesOfDouble = 2;
const firstLineMs = 0.25;
/**
 * Whoever waits with no more than this, and has not waited for so long, is brief, and stands before the others: two hundred
 * who pour get so little of the server each that what they took does not tell them from somebody who types.
 */
const briefBytes = 1_024;
const leastPauseMs = 5;
/** From this line on nobody is brief: whoever has taken 16 ms. */
const lastBriefLine = 12;

/** Of so many visits one is to the last line, so that nobody there waits for ever. */
const visits = 8;
/** And of as many, in the middle between two of those, one is to the first line of those who are not brief. */
const visitToOthers = 4;

/** Whose messages wait. */
export interface Hearer {
  /** Takes some of the oldest of them in. True: there are more. */
  hearNext(): boolean;
}

/** One hearer's place in line, and what it has taken. */
export interface Place {
  readonly hearer: Hearer;
  isWaiting: boolean;
  /** When it last waited for nothing any more. */
  silentSinceMs: number;
  /** Decaying. */
  takenMs: number;
  /** When that was so. */
  atMs: number;
}

export class Turns {
  readonly #clock: Clock;
  /** Of this turn; looked at from `uncounted` on, since most turns are short. */
  #count = 0;
  /** `null` while it is not measured. */
  #endMs: number | null = null;
  #isDeferred = false;
  #arePiecesDeferred = false;
  /** When what waits has had its time in this turn; `null` before its first piece, so that there is always one. */
  #untilMs: number | null = null;
  /** Who was served last in this turn, and when that was over. */
  #last: Place | null = null;
  #lastEndMs = 0;
  /** Twice: for those who are brief, and for all others. Those who have taken least stand in the first one of each. */
  readonly #lines: readonly Place[][] = Array.from({ length: 2 * lines }, () => []);
  #waiting = 0;
  #visits = 0;
  readonly #run = (): void => this.#begin();
  readonly #runPiece = (): void => this.#serve();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether there is time for one more message in this turn; otherwise it waits. */
  hasTime(): boolean {
    this.#count += 1;
    return this.#count < uncounted || this.#isBeforeEnd();
  }

  /** The same for what may be a thousand messages. */
  hasTimeForMany(): boolean {
    this.#count = Math.max(this.#count, uncounted);
    return this.#isBeforeEnd();
  }

  /** For a hearer that waits for the first time, and keeps it. @param sinceMs When its connection was opened. */
  placeOf(hearer: Hearer, sinceMs: number): Place {
    // Newcomers are not brief: a crowd of them would stand before those who are here.
    const silentSinceMs = sinceMs + newcomerForMs;
    return { hearer, isWaiting: false, silentSinceMs, takenMs: newcomerMs, atMs: sinceMs };
  }

  /**
   * Its messages are taken in from the next turn on, until it has none. One that waits already stays where it is.
   * @param bytes Of what it waits with, as far as one can see.
   */
  wait(place: Place, bytes: number): void {
    if (place.isWaiting) return;
    place.isWaiting = true;
    const nowMs = this.#clock.now();
    const isBrief = bytes <= briefBytes && nowMs - place.silentSinceMs >= leastPauseMs;
    this.#enter(place, nowMs, isBrief);
    this.#deferPieces();
  }

  #isBeforeEnd(): boolean {
    const nowMs = this.#clock.now();
    // Also where nobody waits: then the next turn is measured anew.
    this.#defer();
    return nowMs < (this.#endMs ??= nowMs + sliceMs);
  }

  #defer(): void {
    if (this.#isDeferred) return;
    this.#isDeferred = true;
    this.#clock.defer(this.#run);
  }

  /** The machine does what commands go on to do between any two that were deferred. */
  #deferPieces(): void {
    this.#defer();
    if (this.#arePiecesDeferred) return;
    this.#arePiecesDeferred = true;
    for (let piece = 0; piece < pieces; piece += 1) this.#clock.defer(this.#runPiece);
  }

  #begin(): void {
    this.#isDeferred = false;
    this.#arePiecesDeferred = false;
    this.#count = 0;
    this.#endMs = null;
    this.#last = null;
    this.#untilMs = null;
  }

  #serve(): void {
    if (this.#waiting === 0) return;
    const sinceMs = this.#clock.now();
    this.#charge(sinceMs);
    try {
      const turnEndMs = (this.#untilMs ??= sinceMs + sliceMs);
      const pieceEndMs = Math.min(sinceMs + shareMs, turnEndMs);
      for (let nowMs = sinceMs; nowMs <= pieceEndMs;) {
        const place = this.#next();
        if (place === undefined) break;
        nowMs = this.#serveNext(place, { nowMs, untilMs: turnEndMs });
        this.#last = place;
        this.#lastEndMs = nowMs;
      }
    } finally {
      // Also when one of them has failed: the others still wait.
      if (this.#waiting > 0) this.#deferPieces();
    }
  }

  /** What was done since the last piece is that one's doing. */
  #charge(nowMs: number): void {
    if (this.#last !== null) this.#last.takenMs += Math.min(nowMs - this.#lastEndMs, mostCountedMs);
    this.#last = null;
  }

  #next(): Place | undefined {
    this.#visits = (this.#visits + 1) % visits;
    const place = this.#line()?.shift();
    if (place !== undefined) this.#waiting -= 1;
    return place;
  }

  /** Whose visit it is. */
  #line(): Place[] | undefined {
    if (this.#visits === 0) return this.#lines.findLast(isBusy);
    const others =
      this.#visits === visitToOthers ? this.#lines.find((line, index) => index >= lines && isBusy(line)) : undefined;
    return others ?? this.#lines.find(isBusy);
  }

  /** Returns what time it is then. */
  #serveNext(place: Place, { nowMs: sinceMs, untilMs }: { readonly nowMs: number; readonly untilMs: number }): number {
    let nowMs = sinceMs;
    while (place.isWaiting && nowMs - sinceMs < shareMs && nowMs <= untilMs) {
      let hasMore = false;
      try {
        hasMore = place.hearer.hearNext();
      } finally {
        // One that fails is not in line any more, and may wait again.
        place.isWaiting = hasMore;
      }
      nowMs = this.#clock.now();
    }
    place.takenMs += Math.min(nowMs - sinceMs, mostCountedMs);
    if (place.isWaiting) this.#enter(place, nowMs, false);
    else place.silentSinceMs = nowMs;
    return nowMs;
  }

  #enter(place: Place, nowMs: number, isBrief: boolean): void {
    place.takenMs *= 2 ** ((place.atMs - nowMs) / halfLifeMs);
    place.atMs = nowMs;
    const taken = 1 + Math.floor(Math.log2(place.takenMs / firstLineMs) * linesOfDouble);
    const line = Math.min(Math.max(taken, 0), lines - 1);
    this.#lines[isBrief && line <= lastBriefLine ? line : lines + line]?.push(place);
    this.#waiting += 1;
  }
}

function isBusy(line: readonly Place[]): boolean {
  return line.length > 0;
}
