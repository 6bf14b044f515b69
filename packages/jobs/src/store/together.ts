// What several callers ask in one turn of the event loop, asked once for all of them.
import type { Clock } from "@tidewire/protocol/ports";

interface Asked<Given, Answer> {
  readonly given: Given;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (problem: unknown) => void;
}

export class Together<Given, Answer> {
  readonly #clock: Clock;
  readonly #act: (all: readonly Given[]) => Promise<readonly Answer[]>;
  #asked: Asked<Given, Answer>[] = [];

  /** @param act Answers each, in their order. */
  constructor(clock: Clock, act: (all: readonly Given[]) => Promise<readonly Answer[]>) {
    this.#clock = clock;
    this.#act = act;
  }

  ask(given: Given): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.#asked.length === 0) this.#clock.defer(() => void this.#send());
      this.#asked.push({ given, resolve, reject });
    });
  }

  /** Resolves when nothing that was asked before is still to be sent. */
  async sent(): Promise<void> {
    if (this.#asked.length > 0) await new Promise<void>((resolve) => this.#clock.defer(resolve));
  }

  async #send(): Promise<void> {
    const all = this.#asked;
    this.#asked = [];
    try {
      const answers = await this.#act(all.map(({ given }) => given));
      all.forEach(({ resolve }, n) => resolve(answers[n] as Answer));
    } catch (thrown) {
      for (const { reject } of all) reject(thrown);
    }
  }
}
