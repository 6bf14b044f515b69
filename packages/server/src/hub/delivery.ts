// Delivery: once per turn of the event loop, in slices, lets those subscribers write that have something.
import type { Clock } from "../ports/clock.ts";

/** How long a slice may hold the event loop. */
const sliceMs = 5;
/** How many are served between two looks at the clock. */
const stride = 64;

/** Somebody who can write. */
export interface Reader {
  /** Writes what is ready. True: there is more, and the link is open. */
  flush(): boolean;
}

/** A reader's place in the queues. */
export class Slot {
  readonly reader: Reader;
  /** Which queue holds it. */
  queue: "none" | "urgent" | "bulk" = "none";
  /** Places in the bulk queue that it left when it moved up; each is passed over once. */
  abandoned = 0;

  constructor(reader: Reader) {
    this.reader = reader;
  }
}

export class Delivery {
  readonly #clock: Clock;
  #urgent: Slot[] = [];
  #bulk: Slot[] = [];
  #isDeferred = false;
  readonly #run = (): void => this.#slice();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Lets the slot's reader flush in the next turn.
   * @param isUrgent Control frames and channels of few go first, so that a crowd's turn does not delay them.
   */
  wake(slot: Slot, isUrgent: boolean): void {
    if (slot.queue === "urgent" || (slot.queue === "bulk" && !isUrgent)) return;
    if (slot.queue === "bulk") slot.abandoned += 1;
    slot.queue = isUrgent ? "urgent" : "bulk";
    (isUrgent ? this.#urgent : this.#bulk).push(slot);
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
  #serve(queue: Slot[], kind: "urgent" | "bulk", endMs: number): Slot[] {
    for (let index = 0; index < queue.length; index += 1) {
      if (index % stride === stride - 1 && this.#clock.now() > endMs) return queue.slice(index);
      const slot = queue[index];
      if (slot === undefined) continue;
      if (kind === "bulk" && slot.abandoned > 0) {
        slot.abandoned -= 1;
        continue;
      }
      slot.queue = "none";
      if (slot.reader.flush()) this.wake(slot, false);
    }
    return [];
  }
}
