// Shared rates: how fast all connections of a user publish together, and all clients to a channel.
import type { Rate } from "@tidewire/protocol";
import type { Clock } from "../ports/clock.ts";
import { Bucket } from "./rates.ts";

/** Above so many those are forgotten that are full again: one that is missing counts as full. */
const keptBuckets = 10_000;

export class SharedRates {
  readonly #clock: Clock;
  readonly #buckets = new Map<string, Bucket>();
  /** How many there were when full ones were last forgotten. */
  #swept = keptBuckets;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#buckets.size;
  }

  /** Whether one more may be published under this name now. */
  take(name: string, { perSecond, burst }: Required<Rate>): boolean {
    let bucket = this.#buckets.get(name);
    if (bucket === undefined) {
      // Each sweep is paid for by as many that came since.
      if (this.#buckets.size >= 2 * this.#swept) this.#forgetFull();
      bucket = new Bucket(this.#clock, perSecond, burst);
      this.#buckets.set(name, bucket);
    }
    return bucket.take();
  }

  #forgetFull(): void {
    for (const [name, bucket] of this.#buckets) if (bucket.isFull) this.#buckets.delete(name);
    this.#swept = Math.max(keptBuckets, this.#buckets.size);
  }
}
