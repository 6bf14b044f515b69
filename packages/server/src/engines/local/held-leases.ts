// The leases that a worker holds or waits for; they end with its line to the owner, and it waits for them anew.
import type { Lease } from "../../engine/cluster.ts";

interface Wish {
  readonly granted: (lease: Lease) => void;
}

interface Held {
  readonly lost: AbortController;
}

export interface LeaseWords {
  /** Asks the owner; `granted` is called when it is this worker's turn, if the line holds until then. */
  hold(channel: string, granted: (fence: number) => void): void;
  release(channel: string): void;
}

export class HeldLeases {
  readonly #words: LeaseWords;
  readonly #entries = new Map<string, Wish | Held>();

  constructor(words: LeaseWords) {
    this.#words = words;
  }

  hold(channel: string, signal: AbortSignal): Promise<Lease> {
    if (this.#entries.has(channel)) throw new TypeError(`a lease of "${channel}" is held or waited for already`);
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        if (this.#entries.get(channel) !== wish) return;
        this.#entries.delete(channel);
        this.#words.release(channel);
        reject(new Error("nobody waits for the lease any more"));
      };
      const wish: Wish = {
        granted: (lease) => {
          signal.removeEventListener("abort", onAbort);
          resolve(lease);
        },
      };
      this.#entries.set(channel, wish);
      signal.addEventListener("abort", onAbort, { once: true });
      if (signal.aborted) onAbort();
      else this.#ask(channel, wish);
    });
  }

  /** The line broke: what was held is another's. */
  lost(): void {
    for (const [channel, entry] of this.#entries) {
      if (!("lost" in entry)) continue;
      this.#entries.delete(channel);
      entry.lost.abort();
    }
  }

  /** There is a line again. */
  askAgain(): void {
    for (const [channel, entry] of this.#entries) if ("granted" in entry) this.#ask(channel, entry);
  }

  #ask(channel: string, wish: Wish): void {
    this.#words.hold(channel, (fence) => {
      // Whoever did not wait any longer has said so to the owner.
      if (this.#entries.get(channel) !== wish) return;
      const held: Held = { lost: new AbortController() };
      this.#entries.set(channel, held);
      wish.granted({ fence, lost: held.lost.signal, release: () => this.#release(channel, held) });
    });
  }

  #release(channel: string, held: Held): void {
    if (this.#entries.get(channel) !== held) return;
    this.#entries.delete(channel);
    this.#words.release(channel);
  }
}
