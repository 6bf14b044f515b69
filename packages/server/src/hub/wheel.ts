// The wheel: one timer for everything of this node that is due at some time, in slots of 10 ms.
import type { Cancel, Clock } from "../ports/clock.ts";

const slotMs = 10;
const slotCount = 4_096;

/** Something due at a time. It belongs to its owner, who may schedule it again; it is in one slot at a time. */
export interface Due {
  /** Called once when its time has come. */
  due(): void;
}

export class Wheel {
  readonly #clock: Clock;
  readonly #slots: (Map<Due, number> | undefined)[] = Array.from({ length: slotCount });
  /** In which slot each one is. */
  readonly #entries = new Map<Due, number>();
  readonly #startMs: number;
  /** The last slot, counted from the start, that was looked at. */
  #turned = 0;
  #cancel: Cancel | null = null;
  readonly #turn = (): void => this.#advance();

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#startMs = clock.now();
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Calls `item.due()` once, `ms` milliseconds from now, at most one slot late; an earlier date of it is forgotten. */
  schedule(item: Due, ms: number): void {
    this.cancel(item);
    if (this.#entries.size === 0) this.#turned = this.#slotAt(0);
    const slot = Math.max(this.#slotAt(ms) + 1, this.#turned + 1);
    const bucket = (this.#slots[slot % slotCount] ??= new Map());
    bucket.set(item, slot);
    this.#entries.set(item, slot);
    this.#cancel ??= this.#clock.after(slotMs, this.#turn);
  }

  cancel(item: Due): void {
    const slot = this.#entries.get(item);
    if (slot === undefined) return;
    this.#entries.delete(item);
    this.#slots[slot % slotCount]?.delete(item);
  }

  /** Ends the timer. */
  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
    this.#entries.clear();
    this.#slots.fill(undefined);
  }

  #slotAt(ms: number): number {
    return Math.floor((this.#clock.now() - this.#startMs + ms) / slotMs);
  }

  #advance(): void {
    this.#cancel = null;
    const now = this.#slotAt(0);
    // After a long standstill each slot is looked at once, not once for every turn that was missed.
    const first = Math.max(this.#turned + 1, now - slotCount + 1);
    this.#turned = now;
    for (let slot = first; slot <= now; slot += 1) this.#fire(this.#slots[slot % slotCount], now);
    // Somebody who was due may have scheduled, and so set the timer: two of them would never become one again.
    if (this.#entries.size > 0) this.#cancel ??= this.#clock.after(slotMs, this.#turn);
  }

  #fire(bucket: Map<Due, number> | undefined, now: number): void {
    if (bucket === undefined || bucket.size === 0) return;
    for (const [item, slot] of bucket) {
      if (slot > now) continue;
      bucket.delete(item);
      this.#entries.delete(item);
      item.due();
    }
  }
}
