// Keeps a connection whose token expires: shows the server a new one in time.

import type { TidewireError } from "@tidewire/protocol";
import type { Cancel, Clock, Random } from "./clock.ts";
import { encode, type Question } from "./exchange.ts";
import { isTemporary } from "./failure.ts";
import type { Tokens } from "./tokens.ts";
import { type Fields, wholeAt } from "./wire.ts";

export interface RefreshOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly tokens: Tokens;
  readonly connection: { ask(question: Question): unknown };
  /** The server, or whoever makes tokens, has said no for good. */
  readonly refused: (error: TidewireError) => void;
}

export class Refresh {
  readonly #options: RefreshOptions;
  /** Grows with each stop, so that a token which comes too late can tell. */
  #run = 0;
  #stopTimer: Cancel | null = null;

  constructor(options: RefreshOptions) {
    this.#options = options;
  }

  /** Reads from a connect or refresh reply when the next token is due. */
  start(fields: Fields): void {
    const ttlMs = wholeAt(fields, "ttl") * 1_000;
    // At the end of the time, as official SDKs do: the server's grace is 25 s (reference A5).
    if (fields["expires"] === true && this.#options.tokens.renew()) this.#fetchIn(ttlMs);
  }

  stop(): void {
    this.#run++;
    this.#stopTimer?.();
  }

  #fetchIn(ms: number): void {
    const { clock, tokens } = this.#options;
    const run = this.#run;
    this.#stopTimer = clock.after(ms, () => {
      tokens.fetch({
        got: (token) => {
          if (run === this.#run) this.#show(token);
        },
        failed: (error) => {
          if (run === this.#run) this.#failed(error);
        },
      });
    });
  }

  #show(token: string): void {
    this.#options.connection.ask({
      body: encode({ refresh: { token } }),
      method: "refresh",
      done: (fields) => this.start(fields),
      failed: (error) => this.#failed(error),
    });
  }

  #failed(error: TidewireError): void {
    const { random, refused, tokens } = this.#options;
    if (!isTemporary(error)) return refused(error);
    tokens.renew();
    this.#fetchIn(5_000 + random() * 5_000);
  }
}
