// Rates: how fast one client may subscribe and publish.
import type { Limits } from "../options.ts";
import type { Clock } from "../ports/clock.ts";

export type RateLimits = Pick<
  Limits,
  | "subscribesPerSecond"
  | "subscribeBurst"
  | "publishesPerSecond"
  | "publishBurst"
  | "publishBytesPerSecond"
  | "refusalsInARow"
>;

/** A token bucket: `perSecond` in the long run, `burst` at once. */
export class Bucket {
  readonly #clock: Clock;
  readonly #perSecond: number;
  readonly #burst: number;
  #tokens: number;
  #filledMs: number;

  constructor(clock: Clock, perSecond: number, burst: number) {
    this.#clock = clock;
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#tokens = burst;
    this.#filledMs = clock.now();
  }

  /** Takes `amount` when it is there; one larger than the burst needs a full bucket, and empties it. */
  take(amount = 1): boolean {
    const now = this.#clock.now();
    this.#tokens = Math.min(this.#burst, this.#tokens + ((now - this.#filledMs) * this.#perSecond) / 1_000);
    this.#filledMs = now;
    const wanted = Math.min(amount, this.#burst);
    if (this.#tokens < wanted) return false;
    this.#tokens -= wanted;
    return true;
  }
}

/** The buckets of one connection; `null` where rates are off. */
export class Rates {
  readonly #buckets: { readonly subscribe: Bucket; readonly publish: Bucket; readonly publishBytes: Bucket } | null;
  readonly #maxRefusals: number;
  #refusals = 0;

  constructor(limits: RateLimits, clock: Clock, isOn: boolean) {
    this.#maxRefusals = limits.refusalsInARow;
    this.#buckets = isOn
      ? {
          subscribe: new Bucket(clock, limits.subscribesPerSecond, limits.subscribeBurst),
          publish: new Bucket(clock, limits.publishesPerSecond, limits.publishBurst),
          publishBytes: new Bucket(clock, limits.publishBytesPerSecond, limits.publishBytesPerSecond),
        }
      : null;
  }

  /** Whether so many in a row were refused that the connection is to be closed. */
  get isHopeless(): boolean {
    return this.#refusals >= this.#maxRefusals;
  }

  maySubscribe(): boolean {
    return this.#count(this.#buckets === null || this.#buckets.subscribe.take());
  }

  mayPublish(bytes: number): boolean {
    const buckets = this.#buckets;
    return this.#count(buckets === null || (buckets.publish.take() && buckets.publishBytes.take(bytes)));
  }

  #count(isAllowed: boolean): boolean {
    this.#refusals = isAllowed ? 0 : this.#refusals + 1;
    return isAllowed;
  }
}
