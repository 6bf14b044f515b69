// A connection that comes back when it is lost, as Tidewire's client does: after a wait of its own, from where it was.
import { nowUs } from "../mark.ts";
import type { Opened, Position } from "./replies.ts";
import type { Subscriber } from "./subscriber.ts";

/** Full jitter between half a second and this, doubled with each failure up to twenty: the client's own waits. */
const shortestMs = 500;
const longestMs = 20_000;

/** What all those of a process tell. */
export interface Journal {
  lost(): void;
  back(returned: { readonly isRecovered: boolean; readonly awayUs: number }): void;
  refused(): void;
}

/** Dials, to go on from a position, and says when it was lost. */
export type Redial = (recover: Position | null, ended: () => void) => Subscriber;

export class Returning {
  readonly #redial: Redial;
  readonly #journal: Journal;
  #subscriber: Subscriber | null = null;
  #position: Position | null = null;
  #failures = 0;
  #lostAtUs = 0;

  constructor(redial: Redial, journal: Journal) {
    this.#redial = redial;
    this.#journal = journal;
  }

  /** Resolves when it is subscribed for the first time, and rejects when that fails. */
  async open(): Promise<Subscriber> {
    const subscriber = this.#redial(this.#position, () => this.#lost());
    const opened = await subscriber.opened;
    this.#took(subscriber, opened);
    return subscriber;
  }

  #took(subscriber: Subscriber, { position }: Opened): void {
    this.#subscriber = subscriber;
    this.#position = position;
    this.#failures = 0;
  }

  #lost(): void {
    const { epoch, offset } = this.#position ?? { epoch: "", offset: 0 };
    // Where it stands is where it began, and what it was given since.
    this.#position = { epoch, offset: offset + (this.#subscriber?.publications ?? 0) };
    this.#lostAtUs = nowUs();
    this.#journal.lost();
    this.#wait();
  }

  #wait(): void {
    this.#failures += 1;
    const mostMs = Math.min(longestMs, shortestMs * 2 ** this.#failures);
    setTimeout(() => void this.#attempt(), shortestMs + Math.random() * (mostMs - shortestMs));
  }

  async #attempt(): Promise<void> {
    try {
      const subscriber = this.#redial(this.#position, () => this.#lost());
      const opened = await subscriber.opened;
      this.#took(subscriber, opened);
      this.#journal.back({ isRecovered: opened.isRecovered, awayUs: nowUs() - this.#lostAtUs });
    } catch {
      // Why does not matter: the next attempt is the answer to all of it.
      this.#journal.refused();
      this.#wait();
    }
  }
}
