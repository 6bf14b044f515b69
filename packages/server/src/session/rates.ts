// Rates: how fast one client may subscribe, publish and call.
import type { Limits } from "../options.ts";
import type { Clock } from "../ports/clock.ts";
import type { Metrics } from "../ports/metrics.ts";

type RateLimits = Pick<
  Limits,
  | "subscribesPerSecond"
  | "subscribeBurst"
  | "publishesPerSecond"
  | "publishBurst"
  | "publishBytesPerSecond"
  | "callsPerSecond"
  | "callBurst"
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

  get isFull(): boolean {
    this.#fill();
    return this.#tokens === this.#burst;
  }

  /** Takes `amount` when it is there; one larger than the burst needs a full bucket, and empties it. */
  take(amount = 1): boolean {
    this.#fill();
    const wanted = Math.min(amount, this.#burst);
    if (this.#tokens < wanted) return false;
    this.#tokens -= wanted;
    return true;
  }

  #fill(): void {
    const now = this.#clock.now();
    this.#tokens = Math.min(this.#burst, this.#tokens + ((now - this.#filledMs) * this.#perSecond) / 1_000);
    this.#filledMs = now;
  }
}

export interface RateNode {
  readonly limits: RateLimits;
  readonly clock: Clock;
  readonly metrics: Metrics;
}

interface Buckets {
  readonly subscribe: Bucket;
  readonly publish: Bucket;
  readonly publishBytes: Bucket;
  readonly call: Bucket;
}

type RateName = "subscribesPerSecond" | "publishesPerSecond" | "publishBytesPerSecond" | "callsPerSecond";

/** The buckets of one connection; `null` where rates are off. */
export class Rates {
  readonly #metrics: Metrics;
  readonly #buckets: Buckets | null;
  readonly #maxRefusals: number;
  #refusals = 0;

  constructor({ limits, clock, metrics }: RateNode, isOn: boolean) {
    this.#metrics = metrics;
    this.#maxRefusals = limits.refusalsInARow;
    this.#buckets = isOn
      ? {
          subscribe: new Bucket(clock, limits.subscribesPerSecond, limits.subscribeBurst),
          publish: new Bucket(clock, limits.publishesPerSecond, limits.publishBurst),
          publishBytes: new Bucket(clock, limits.publishBytesPerSecond, limits.publishBytesPerSecond),
          call: new Bucket(clock, limits.callsPerSecond, limits.callBurst),
        }
      : null;
  }

  /** Whether they hold for this client. */
  get isOn(): boolean {
    return this.#buckets !== null;
  }

  /** Whether so many in a row were refused that the connection is to be closed. */
  get isHopeless(): boolean {
    return this.#refusals >= this.#maxRefusals;
  }

  maySubscribe(): boolean {
    return this.#judge("subscribesPerSecond", this.#buckets?.subscribe.take());
  }

  mayPublish(bytes: number): boolean {
    if (this.#buckets?.publish.take() === false) return this.#judge("publishesPerSecond", false);
    return this.#judge("publishBytesPerSecond", this.#buckets?.publishBytes.take(bytes));
  }

  mayCall(): boolean {
    return this.#judge("callsPerSecond", this.#buckets?.call.take());
  }

  /** @param isAllowed `undefined` where rates are off. */
  #judge(limit: RateName, isAllowed = true): boolean {
    if (!isAllowed) this.#metrics.hit(limit);
    this.#refusals = isAllowed ? 0 : this.#refusals + 1;
    return isAllowed;
  }
}
