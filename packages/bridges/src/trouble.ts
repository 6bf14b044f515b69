// An outage as the log hears of it: once when it begins, once when it is over.
import type { Log } from "@tidewire/protocol/ports";

/** What is said of it. */
export interface TroubleWords {
  readonly begins: string;
  readonly ends: string;
}

export class Trouble {
  readonly #log: Log;
  readonly #words: TroubleWords;
  #reason: string | null = null;

  constructor(log: Log, words: TroubleWords) {
    this.#log = log;
    this.#words = words;
  }

  begins(reason: string): void {
    if (this.#reason === reason) return;
    this.#reason = reason;
    this.#log.warn(this.#words.begins, { reason });
  }

  ends(): void {
    if (this.#reason === null) return;
    this.#reason = null;
    this.#log.info(this.#words.ends);
  }
}
