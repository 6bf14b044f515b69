// The jobs that this process has in hand, so that nobody has to look for them when they end.
import type { Hold } from "../store/job-store.ts";

export interface Hand {
  /** Its queue and its id as BullMQ has them. */
  readonly queue: string;
  readonly key: string;
  readonly token: string;
  readonly hasOwner: boolean;
  /** Whether its entry says why a hand before this one has failed. */
  readonly hasReason: boolean;
  /** For how long its end is left to this process to tell, in milliseconds. */
  leaseMs: number;
}

/** As many as a worker may have, waiting ones among them. Runs that were lost are never settled; past these the oldest is forgotten, and would be asked for. */
const mostHands = 2_000;

export class Hands {
  readonly #all = new Map<string, Hand>();

  put(hold: Hold, hand: Hand): void {
    this.#all.set(keyOf(hold), hand);
    if (this.#all.size <= mostHands) return;
    for (const oldest of this.#all.keys()) {
      this.#all.delete(oldest);
      return;
    }
  }

  get(hold: Hold): Hand | null {
    return this.#all.get(keyOf(hold)) ?? null;
  }

  renew(hold: Hold, leaseMs: number): void {
    const hand = this.get(hold);
    if (hand !== null) hand.leaseMs = leaseMs;
  }

  /** It is in hand no more. */
  forget(hold: Hold): void {
    this.#all.delete(keyOf(hold));
  }
}

const keyOf = ({ id, fence }: Hold): string => `${id} ${fence}`;
