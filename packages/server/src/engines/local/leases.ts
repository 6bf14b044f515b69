// The owner's leases: which worker is the source of a channel, by which fence, and until when.
import type { Clock } from "../../ports/clock.ts";

interface Held<Holder> {
  readonly holder: Holder;
  readonly fence: number;
  readonly untilMs: number;
}

export class Leases<Holder> {
  readonly #clock: Clock;
  readonly #held = new Map<string, Held<Holder>>();
  #fence: number;

  /** @param first Of another range than every owner's before this one. */
  constructor(clock: Clock, first: number) {
    this.#clock = clock;
    this.#fence = first;
  }

  /** Takes or renews it. @returns its fence; `null` while another one holds it. */
  take(channel: string, holder: Holder, ttlMs: number): number | null {
    const held = this.#held.get(channel);
    const isOver = held === undefined || held.untilMs <= this.#clock.now();
    if (!isOver && held.holder !== holder) return null;
    if (isOver) this.#fence += 1;
    const fence = isOver ? this.#fence : held.fence;
    this.#held.set(channel, { holder, fence, untilMs: this.#clock.now() + ttlMs });
    return fence;
  }

  release(channel: string, holder: Holder): void {
    if (this.#held.get(channel)?.holder === holder) this.#held.delete(channel);
  }

  gone(holder: Holder): void {
    for (const channel of this.#held.keys()) this.release(channel, holder);
  }

  isCurrent(channel: string, fence: number): boolean {
    const held = this.#held.get(channel);
    return held !== undefined && held.fence === fence && held.untilMs > this.#clock.now();
  }
}
