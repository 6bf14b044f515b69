// A token: a fixed one, or one that a function fetches, kept until the server wants another.

import { TidewireError } from "@tidewire/protocol";
import type { Cancel, Clock } from "./clock.ts";

/**
 * A token, or a function that fetches one. The function is asked again whenever the server wants another, and once
 * more when it has not answered within 10 s; where it rejects, the client waits and tries again.
 */
export type TokenSource = string | (() => Promise<string>);

/** What comes of asking for a token: one of the two, and never at once. */
export interface TokenUse {
  /** "" for none. */
  readonly got: (token: string) => void;
  readonly failed: (error: TidewireError) => void;
}

/** How long a function may take to fetch one; then it is asked anew. */
const fetchLimitMs = 10_000;

export class Tokens {
  readonly #clock: Clock;
  #source: TokenSource;
  #kept: Promise<string> | null = null;

  constructor(clock: Clock, source: TokenSource) {
    this.#clock = clock;
    this.#source = source;
  }

  /** The one that never changes; `null` where a function fetches them. */
  get fixed(): string | null {
    return typeof this.#source === "string" ? this.#source : null;
  }

  /** From now on tokens come from here. */
  from(source: TokenSource): void {
    this.#source = source;
    this.#kept = null;
  }

  /** @returns Ends the wait: nothing comes of it any more. */
  fetch({ got, failed }: TokenUse): Cancel {
    const source = this.#source;
    let isWanted = true;
    const stop = (): boolean => {
      const wasWanted = isWanted;
      isWanted = false;
      stopTimer();
      return wasWanted;
    };
    const fail = (error: unknown): void => {
      // Also what nobody waits for any more: a refusal of then is none of the next one who asks.
      this.#kept = null;
      if (!stop()) return;
      failed(error instanceof TidewireError ? error : noToken);
    };
    const stopTimer = this.#clock.after(fetchLimitMs, () => fail(null));
    // A function that throws is one that fails.
    this.#kept ??= Promise.resolve().then(() => (typeof source === "string" ? source : source()));
    this.#kept.then((token) => {
      if (stop()) got(token);
    }, fail);
    return stop;
  }

  /** Forgets the present token; false when no other can be had. */
  renew(): boolean {
    this.#kept = null;
    return this.fixed === null;
  }
}

/** Whoever makes tokens failed, and may do better later. */
const noToken = new TidewireError({ received: { code: 5, message: "no token", temporary: true } });
