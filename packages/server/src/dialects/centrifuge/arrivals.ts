// Arrivals: frames of one client that came by requests of their own, brought back into the order of their commands.
//
// Browsers send requests that are made one after the other on several connections at once, so that a later one may be
// here first: an unsubscribe before its subscribe, a chat's second line before the first. SDKs number their commands
// without gaps; a frame ahead of a number that is missing waits for it, for a while (PROTOCOL 5.4).
import type { Command, MarkAnswer } from "../../session/command.ts";
import type { Cancel, Clock } from "../../ports/clock.ts";
import type { MessageOrder, Obey } from "../dialect.ts";

/** Longer than a new connection with TLS takes on a slow line, and shorter than clients wait for a reply. */
const patienceMs = 1_000;
/** Frames that wait, and bytes of them; with more, none does. */
const mostWaiting = 64;
const mostWaitingBytes = 262_144;

type Said = readonly (Command | MarkAnswer)[];

interface Frame {
  readonly said: Said;
  readonly obey: Obey;
  readonly first: number;
  readonly last: number;
  readonly bytes: number;
}

export class Arrivals implements MessageOrder {
  readonly #clock: Clock;
  /** In the order of their numbers. */
  #waiting: Frame[] = [];
  /** The highest number of those that had their turn; 0: none had. */
  #last = 0;
  #cancel: Cancel | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  put(said: Said, bytes: number, obey: Obey): void {
    const numbers = said.flatMap((each) => ("id" in each ? [each.id] : []));
    // A pong has no number, and is an answer to what the client has just heard.
    if (numbers.length === 0) return obey(said);
    const frame = { said, obey, bytes, first: Math.min(...numbers), last: Math.max(...numbers) };
    if (this.#isNext(frame)) {
      this.#pass(frame);
      return this.#advance();
    }
    const place = this.#waiting.findIndex(({ first }) => first > frame.first);
    this.#waiting.splice(place < 0 ? this.#waiting.length : place, 0, frame);
    if (this.#isCrowded) return this.#giveUp();
    this.#cancel ??= this.#clock.after(patienceMs, () => this.#giveUp());
  }

  stop(): void {
    this.#cancel?.();
    this.#waiting = [];
  }

  get #isCrowded(): boolean {
    const waitingBytes = this.#waiting.reduce((sum, { bytes }) => sum + bytes, 0);
    return this.#waiting.length > mostWaiting || waitingBytes > mostWaitingBytes;
  }

  /** The first frame begins the numbering. */
  #isNext({ first }: Frame): boolean {
    return this.#last === 0 || first <= this.#last + 1;
  }

  #pass({ said, obey, last }: Frame): void {
    this.#last = Math.max(this.#last, last);
    obey(said);
  }

  #advance(): void {
    for (let next = this.#waiting[0]; next !== undefined && this.#isNext(next); next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#pass(next);
    }
    if (this.#waiting.length > 0) return;
    this.#cancel?.();
    this.#cancel = null;
  }

  /** What is missing will not come, or its client numbers in another way. */
  #giveUp(): void {
    const waiting = this.#waiting;
    this.stop();
    this.#cancel = null;
    for (const frame of waiting) this.#pass(frame);
  }
}
