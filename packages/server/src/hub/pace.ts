// The pace of one subscription: when it may be pulled again, at an agreed number of pulls a second (F5). Pure.
//
// Due times are multiples of the rate's interval, by the node's clock: those of equal rates pull at the same time, from
// the same place, and share their runs.

/** Pulls a second that a subscription may ask for. */
export const slowestRate = 0.1;
export const fastestRate = 60;

/**
 * A pull this late still counts as on time, so that a timer's slack does not cost every second pull. One that is later,
 * on a socket that was full, has the next due time passed over when it is too near.
 */
const slackMs = 25;

export class Pace {
  readonly rate: number;
  readonly #intervalMs: number;
  /** Less than an interval, always. */
  readonly #slackMs: number;
  #lastMs = Number.NEGATIVE_INFINITY;

  /** @param before The pace that it takes the place of, whose last pull counts. */
  constructor(rate: number, before: Pace | null = null) {
    this.rate = rate;
    if (before !== null) this.#lastMs = before.#lastMs;
    // The second operand is the shortest interval at which one pull more than the rate's whole part, and one more still,
    // lie a second apart however the slack falls.
    this.#slackMs = Math.min(slackMs, 960 / rate);
    this.#intervalMs = Math.max(1_000 / rate, (1_000 + this.#slackMs) / (Math.floor(rate) + 1));
  }

  /** A pull has ended. */
  pulled(nowMs: number): void {
    this.#lastMs = nowMs;
  }

  /** Whether a pull out of turn is not too early: the first one, and after a long rest. */
  mayPull(nowMs: number): boolean {
    return nowMs >= this.#earliestMs;
  }

  /** Milliseconds until the next due time that is not too early. */
  waitMs(nowMs: number): number {
    return this.#gridFrom(Math.max(this.#earliestMs, nowMs)) - nowMs;
  }

  get #earliestMs(): number {
    return this.#lastMs === Number.NEGATIVE_INFINITY
      ? this.#lastMs
      : this.#gridFrom(this.#lastMs + this.#intervalMs - this.#slackMs);
  }

  #gridFrom(ms: number): number {
    return Math.ceil(ms / this.#intervalMs) * this.#intervalMs;
  }
}
