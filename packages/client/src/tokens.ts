// The connection's token: a fixed one, or one that a function fetches, kept until the server wants another.

import { TidewireError } from "@tidewire/protocol";

export type TokenSource = string | (() => Promise<string>);

export interface TokenUse {
  /** "" for none. Never called at once. */
  readonly got: (token: string) => void;
  readonly failed: (error: TidewireError) => void;
}

export class Tokens {
  readonly #source: TokenSource;
  #kept: Promise<string> | null = null;

  constructor(source: TokenSource) {
    this.#source = source;
  }

  fetch({ got, failed }: TokenUse): void {
    this.#kept ??= typeof this.#source === "string" ? Promise.resolve(this.#source) : this.#source();
    this.#kept.then(got, (error: unknown) => {
      this.#kept = null;
      failed(error instanceof TidewireError ? error : noToken);
    });
  }

  /** Forgets the present token; false when no other can be had. */
  renew(): boolean {
    this.#kept = null;
    return typeof this.#source === "function";
  }
}

/** Whoever makes tokens failed, and may do better later. */
const noToken = new TidewireError({ received: { code: 5, message: "no token", temporary: true } });
