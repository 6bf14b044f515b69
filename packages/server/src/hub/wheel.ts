// The wheel: one timer for everything of this node that is due at some time, in slots of 10 ms.
import type { Cancel, Clock } from "../ports/clock.ts";
import { Link, Links } from "./links.ts";

const slotMs = 10;
const slotCount = 4_096;

/** Something due at a time. It belongs to its owner, who may schedule it again; it is in one slot at a time. */
export interface Due {
  /** Kept by the wheel; `null` to begin with, and while it is in no slot. */
  dueAt: DueAt | null;
  /** Called once when its time has come. */
  due(): void;
}

/** When something is due: its place in a slot. */
class DueAt extends Link<Due> {
  /** Counted from the wheel's start. */
  readonly slot: number;

  constructor(item: Due, slot: number) {
    super(item);
    this.slot = slot;
  }
}

export type { DueAt };

export class Wheel {
  readonly #clock: Clock;
  readonly #slots: (Links<Due> | undefined)[] = Array.from({ length: slotCount });
  #size = 0;
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
    return this.#size;
  }

  /** Calls `item.due()` once, `ms` milliseconds from now, at most one slot late; an earlier date of it is forgotten. */
  schedule(item: Due, ms: number): void {
    this.cancel(item);
    if (this.#size === 0) this.#turned = this.#slotAt(0);
    item.dueAt = new DueAt(item, Math.max(this.#slotAt(ms) + 1, this.#turned + 1));
    this.#put(item.dueAt);
    this.#size += 1;
    this.#cancel ??= this.#clock.after(slotMs, this.#turn);
  }

  cancel(item: Due): void {
    const { dueAt } = item;
    item.dueAt = null;
    if (dueAt?.leave() === true) this.#size -= 1;
  }

  /** Ends the timer. */
  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
    for (const slot of this.#slots) this.#empty(slot);
  }

  #put(dueAt: DueAt): void {
    (this.#slots[dueAt.slot % slotCount] ??= new Links()).add(dueAt);
  }

  #empty(slot: Links<Due> | undefined): void {
    for (let link = slot?.first ?? null; link !== null; link = slot?.first ?? null) {
      if (link.item !== null) this.cancel(link.item);
    }
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
    for (let slot = first; slot <= now; slot += 1) this.#fire(slot % slotCount, now);
    // Somebody who was due may have scheduled, and so set the timer: two of them would never become one again.
    if (this.#size > 0) this.#cancel ??= this.#clock.after(slotMs, this.#turn);
  }

  #fire(index: number, now: number): void {
    const there = this.#slots[index];
    if (there === undefined) return;
    // Those of a later turn go back to it; while one is called, others may come and go.
    this.#slots[index] = undefined;
    for (let link = there.first; link !== null; link = there.first) {
      const dueAt = link as DueAt;
      const { item } = dueAt;
      if (dueAt.slot > now || item === null) {
        this.#put(dueAt);
        continue;
      }
      this.cancel(item);
      item.due();
    }
  }
}
