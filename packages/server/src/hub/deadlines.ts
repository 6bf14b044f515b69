// Deadlines of what an engine is asked: what has no answer after ten seconds has failed, so that nobody waits for good.
//
// One timer for all of them, which counts its own turns: while the process was stopped they cannot run out at once.
import type { Cancel, Clock } from "../ports/clock.ts";
import { Link, Links } from "../collections/links.ts";

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
  /** Oldest first. */
  #waiting = new Links<Waiting>();
  #cancel: Cancel | null = null;
  #isStopped = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  ask<Answer>(ask: () => unknown, { answered, rejected, unanswered, late }: Outcomes<Answer>): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const waiting = new Link<Waiting>({ left: turns, giveUp: (why) => reject(unanswered(why)) });
      this.#waiting.add(waiting);
      this.#cancel ??= this.#clock.after(turnMs, this.#turn);
      const refuse = (thrown: unknown): void => {
        if (waiting.leave()) reject(rejected(thrown));
      };
      const take = (answer: unknown): void => {
        const isWaiting = waiting.leave();
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
    for (let link = this.#waiting.first; link !== null; link = this.#waiting.first) giveUp(link, "stopped");
  }

  readonly #turn = (): void => {
    const waiting = this.#waiting;
    this.#waiting = new Links();
    for (let link = waiting.first; link !== null; link = waiting.first) {
      link.unlink();
      if (link.item === null) continue;
      link.item.left -= 1;
      if (link.item.left > 0) this.#waiting.add(link);
      else giveUp(link, "late");
    }
    this.#cancel = this.#waiting.first === null ? null : this.#clock.after(turnMs, this.#turn);
  };
}

function giveUp(link: Link<Waiting>, why: "late" | "stopped"): void {
  const { item } = link;
  link.leave();
  item?.giveUp(why);
}
