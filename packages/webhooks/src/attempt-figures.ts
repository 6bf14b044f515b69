// How the attempts of one endpoint ended, and how long they took, since this process began to send.
import type { AttemptTimes, EndpointFigures } from "@tidewire/server";

/** Upper ends of the steps, in milliseconds; an attempt has five seconds. */
const stepsMs: readonly number[] = [5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000];

export class AttemptFigures {
  readonly #counts = new Float64Array(stepsMs.length + 1);
  #sumMs = 0;
  #delivered = 0;
  #failed = 0;
  #givenUp = 0;

  ended(how: "delivered" | "failed" | "given up", ms: number): void {
    const step = stepsMs.findIndex((endMs) => ms <= endMs);
    const place = step < 0 ? stepsMs.length : step;
    this.#counts[place] = (this.#counts[place] ?? 0) + 1;
    this.#sumMs += ms;
    if (how === "delivered") this.#delivered += 1;
    else this.#failed += 1;
    if (how === "given up") this.#givenUp += 1;
  }

  get now(): Pick<EndpointFigures, "delivered" | "failed" | "givenUp" | "times"> {
    let sum = 0;
    const times: AttemptTimes = {
      stepsMs,
      cumulative: Array.from(this.#counts, (count) => (sum += count)),
      sumMs: this.#sumMs,
    };
    return { delivered: this.#delivered, failed: this.#failed, givenUp: this.#givenUp, times };
  }
}
