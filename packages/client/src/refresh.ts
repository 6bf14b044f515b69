// Keeps what a token let in and lets out again, a connection or a subscription: shows the server a new one in time.

import type { TidewireError } from "@tidewire/protocol";
import type { Cancel, Clock, Random } from "./clock.ts";
import type { Question } from "./exchange.ts";
import { isTemporary } from "./failure.ts";
import type { Tokens } from "./tokens.ts";
import { type Fields, wholeAt } from "./wire.ts";

export interface RefreshOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly tokens: Tokens;
  /** Shows the server a new token. */
  readonly show: (token: string, answer: Required<Pick<Question, "done" | "failed">>) => void;
  /** The server, or whoever makes tokens, has said no for good. */
  readonly refused: (error: TidewireError) => void;
}

export class Refresh {
  readonly #options: RefreshOptions;
  #stop: Cancel | null = null;

  constructor(options: RefreshOptions) {
    this.#options = options;
  }

  /** Reads from a reply when the next token is due. */
  start(fields: Fields): void {
    // At the end of the time, as official SDKs do: the server's grace is 25 s (reference A5).
    const ttlMs = Math.max(1, wholeAt(fields, "ttl")) * 1_000;
    if (fields["expires"] === true && this.#options.tokens.renew()) this.#fetchIn(ttlMs);
  }

  stop(): void {
    this.#stop?.();
  }

  #fetchIn(ms: number): void {
    const { clock, show, tokens } = this.#options;
    const failed = (error: TidewireError): void => this.#failed(error);
    this.#stop = clock.after(ms, () => {
      this.#stop = tokens.fetch({
        got: (token) => show(token, { done: (fields) => this.start(fields), failed }),
        failed,
      });
    });
  }

  #failed(error: TidewireError): void {
    const { random, refused, tokens } = this.#options;
    if (!isTemporary(error)) return refused(error);
    tokens.renew();
    this.#fetchIn(5_000 + random() * 5_000);
  }
}
