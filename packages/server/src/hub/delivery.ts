// Delivery: once per turn of the event loop, in slices, lets those subscribers write that have something.
import type { Clock } from "../ports/clock.ts";

/** How long a slice may hold the event loop. */
const sliceMs = 5;
/** How many are served between two looks at the clock. */
const stride = 64;

/** Which queue holds a reader. */
export type Queue = "none" | "urgent" | "bulk";

/** Somebody who can write. Its place in the queues is kept on itself: an object of its own would be fetched for each delivery. */
export interface Reader {
  /** Kept by the delivery; "none" to begin with. */
  queue: Queue;
  /** Kept by the delivery, 0 to begin with: places in the bulk queue that it left when it moved up, each passed over once. */
  abandoned: number;
  /** Writes what is ready. True: there is more, and the link is open. */
  flush(): boolean;
}

export class Delivery {
  readonly #clock: Clock;
  #urgent: Reader[] = [];
  #bulk: Reader[] = [];
  #isDeferred = false;
  readonly #run = (): void => this.#slice();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Lets a reader flush in the next turn.
   * @param isUrgent Control frames and channels of few go first, so that a crowd's turn does not delay them.
   */
  wake(reader: Reader, isUrgent: boolean): void {
    if (reader.queue === "urgent" || (reader.queue === "bulk" && !isUrgent)) return;
    if (reader.queue === "bulk") reader.abandoned += 1;
    reader.queue = isUrgent ? "urgent" : "bulk";
    (isUrgent ? this.#urgent : this.#bulk).push(reader);
    this.#defer();
  }

  #defer(): void {
    if (this.#isDeferred) return;
    this.#isDeferred = true;
    this.#clock.defer(this.#run);
  }

  #slice(): void {
    this.#isDeferred = false;
    const endMs = this.#clock.now() + sliceMs;
    const urgent = this.#urgent;
    this.#urgent = [];
    const bulk = this.#bulk;
    this.#bulk = [];
    const urgentLeft = this.#serve(urgent, "urgent", endMs);
    // However late it is, some of these have their turn too.
    const bulkLeft = this.#serve(bulk, "bulk", endMs);
    // Whoever could not be served goes before those who were and have more.
    if (urgentLeft.length > 0) this.#urgent = [...urgentLeft, ...this.#urgent];
    if (bulkLeft.length > 0) this.#bulk = this.#bulk.length === 0 ? bulkLeft : [...bulkLeft, ...this.#bulk];
    if (this.#urgent.length > 0 || this.#bulk.length > 0) this.#defer();
  }

  /** Serves in order until the time is up; returns those not served. */
  #serve(queue: Reader[], kind: "urgent" | "bulk", endMs: number): Reader[] {
    for (let index = 0; index < queue.length; index += 1) {
      if (index % stride === stride - 1 && this.#clock.now() > endMs) return queue.slice(index);
      const reader = queue[index];
      if (reader === undefined) continue;
      if (kind === "bulk" && reader.abandoned > 0) {
        reader.abandoned -= 1;
        continue;
      }
      reader.queue = "none";
      if (reader.flush()) this.wake(reader, false);
    }
    return [];
  }
}
