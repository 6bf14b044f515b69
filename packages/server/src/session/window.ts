// The window of one connection: how many bytes are on their way to a client that says what it has read (PROTOCOL 1.17).
//
// A socket says that it is full when the buffers all along the line are, and what a slow reader gets then is as old as
// they are deep. So marks are set in what is sent, and the client answers each as it comes to it: what lies behind the
// last answer is on its way. How long a mark took tells how long bytes queue on the line, and the window is made as
// large as keeps the line busy and the queue short.
import type { Clock } from "../ports/clock.ts";

/** Bytes that a client may ask to have on their way at most. */
export const smallestWindow = 4_096;
export const largestWindow = 4_194_304;

/** About what a new TCP connection sends before it has heard anything. */
const firstBytes = 16_384;
/** So far a window grows that was not filled for a while, so that marks are rare on a line that is fast enough. */
const easyBytes = 131_072;
/** Milliseconds. A queue this short is no queue; where the line itself is long, a longer one, since bursts queue on it. */
const shortMs = 80;
/** For so long the least delay is taken for the line's own; then the queue is let run dry to see whether it still is. */
const believedMs = 20_000;

export class Window {
  /** While the server does not read from this client, no answer can come: the socket alone says then what is full. */
  isDeaf = false;
  readonly #clock: Clock;
  readonly #mostBytes: number;
  #bytes: number;
  #sent = 0;
  /** Where the last mark stands. */
  #marked = 0;
  #read = 0;
  /** The mark whose delay is taken; 0: none is. */
  #timed = 0;
  #timedMs = 0;
  /** What was on its way when it was set, itself included. */
  #timedBytes = 0;
  /** Whether it stands at the end of a full window: else a larger one would not help. */
  #isTimedFull = false;
  /** The delay of the line without a queue, as far as is known, and since when. */
  #leastMs = Infinity;
  #leastSinceMs = 0;
  /** When it was last found full. */
  #filledMs = -Infinity;
  /** What the window was before the queue was let run dry; 0: it is not. */
  #before = 0;

  /** @param mostBytes The client's wish. */
  constructor(mostBytes: number, clock: Clock) {
    this.#mostBytes = mostBytes;
    this.#bytes = Math.min(firstBytes, mostBytes);
    this.#clock = clock;
  }

  /** Bytes that may be on their way at present, beside a publication or reply that is larger than a page. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Bytes that one write should have at most: a quarter, so that answers come while the rest is on its way. */
  get pageBytes(): number {
    return this.#bytes / 4;
  }

  /** Bytes the client has read, as far as it has said. */
  get read(): number {
    return this.#read;
  }

  /** No room for a page. Then an answer is on its way always, whatever the window was when the last mark was set. */
  get isFull(): boolean {
    return this.#isFilled && this.#marked > this.#read && !this.isDeaf;
  }

  /** So many bytes are about to be written. @returns Where to set a mark behind them; 0: no mark. */
  writing(bytes: number): number {
    this.#sent += bytes;
    const isFull = this.#isFilled;
    const onTheirWay = this.#sent - this.#read;
    const isDue = onTheirWay >= this.#bytes / 2 && this.#sent - this.#marked >= this.#bytes / 8;
    // The first thing that is said finds the line empty.
    if (!isFull && !isDue && this.#marked > 0) return 0;
    this.#marked = this.#sent;
    if (this.#isWorthTiming(bytes)) {
      this.#timed = this.#sent;
      this.#timedMs = this.#clock.now();
      this.#timedBytes = onTheirWay;
      this.#isTimedFull = isFull;
    }
    return this.#sent;
  }

  /** The client has come to a mark. @returns False when there is none there that waits for an answer. */
  answered(mark: number): boolean {
    if (mark <= this.#read || mark > this.#marked) return false;
    this.#read = mark;
    if (this.#timed > 0 && mark >= this.#timed) {
      this.#timed = 0;
      this.#adapt();
    }
    return true;
  }

  get #isFilled(): boolean {
    return this.#sent - this.#read + this.pageBytes > this.#bytes;
  }

  /** One mark at a time; one at the end of a full window says more than another, and on a dry line only the first. */
  #isWorthTiming(bytes: number): boolean {
    if (this.#before > 0) return this.#timed === 0 && this.#sent - bytes - this.#read < smallestWindow;
    return this.#timed === 0 || (this.#isFilled && !this.#isTimedFull && this.#leastMs < Infinity);
  }

  #adapt(): void {
    const nowMs = this.#clock.now();
    const delayMs = nowMs - this.#timedMs;
    if (this.#before > 0 || this.#leastMs === Infinity) return this.#believe(delayMs, nowMs);
    if (delayMs < this.#leastMs) this.#believe(delayMs, nowMs);
    const queuedMs = delayMs - this.#leastMs;
    const shortQueueMs = shortMs + this.#leastMs / 4;
    if (this.#isTimedFull) this.#filledMs = nowMs;
    if (queuedMs > 3 * shortQueueMs) this.#shrink((this.#leastMs + 2 * shortQueueMs) / delayMs);
    else if (queuedMs < shortQueueMs && (this.#isTimedFull || this.#isEasy(nowMs))) {
      this.#bytes = Math.min(this.#mostBytes, this.#bytes * 2);
    }
    if (queuedMs < shortQueueMs || nowMs - this.#leastSinceMs < believedMs) return;
    this.#before = this.#bytes;
    this.#bytes = smallestWindow;
  }

  #isEasy(nowMs: number): boolean {
    return this.#bytes < easyBytes && nowMs - this.#filledMs >= believedMs;
  }

  /** To a share of what was on its way. Where that was little, one of both sides may just have been busy. */
  #shrink(share: number): void {
    const least = this.#isTimedFull ? smallestWindow : firstBytes;
    this.#bytes = Math.min(this.#bytes, Math.max(least, Math.ceil(this.#timedBytes * share)));
  }

  #believe(delayMs: number, nowMs: number): void {
    this.#leastMs = delayMs;
    this.#leastSinceMs = nowMs;
    if (this.#before > 0) this.#bytes = this.#before;
    this.#before = 0;
  }
}
