// The connection's token: a fixed one, or one that a function fetches, kept until the server wants another.

import { TidewireError } from "@tidewire/protocol";
import type { EndReason } from "./connection-state.ts";

export type TokenSource = string | (() => Promise<string>);

export interface TokenUse {
  /** "" for none. Never called at once. */
  readonly got: (token: string) => void;
  /** @param refusal Why this user gets none, now or later; `null` when it may be tried again. */
  readonly failed: (refusal: EndReason | null) => void;
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
      const isFinal = error instanceof TidewireError && !error.temporary;
      failed(isFinal ? { code: error.code, reason: error.message } : null);
    });
  }

  /** Forgets the present token; false when no other can be had. */
  renew(): boolean {
    this.#kept = null;
    return typeof this.#source === "function";
  }
}
