// The wheel: one timer for everything of this node that is due at some time, in slots of 10 ms.
import type { Cancel, Clock } from "../ports/clock.ts";
import { Link, Links } from "../collections/links.ts";

const slotMs = 10;
const slotCount = 4_096;

/** A place in a slot. */
export type DueAt = Link<Due>;

/** Something due at a time. It belongs to its owner, who may schedule it again; it is in one slot at a time. */
export interface Due {
  /** Kept by the wheel; `null` to begin with, and while it is in no slot. */
  dueAt: DueAt | null;
  /** Kept by the wheel, 0 to begin with: the slot, counted from the wheel's start. */
  dueSlot: number;
  /** Called once when its time has come. */
  due(): void;
}

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
    item.dueSlot = Math.max(this.#slotAt(ms) + 1, this.#turned + 1);
    item.dueAt = new Link(item);
    (this.#slots[item.dueSlot % slotCount] ??= new Links()).add(item.dueAt);
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
    for (const slot of this.#slots) {
      for (let link = slot?.first ?? null; link !== null; link = slot?.first ?? null) {
        if (link.item === null) link.unlink();
        else this.cancel(link.item);
      }
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
    for (let slot = first; slot <= now; slot += 1) this.#fire(this.#slots[slot % slotCount], now);
    // Somebody who was due may have scheduled, and so set the timer: two of them would never become one again.
    if (this.#size > 0) this.#cancel ??= this.#clock.after(slotMs, this.#turn);
  }

  #fire(slot: Links<Due> | undefined, now: number): void {
    if (slot === undefined || slot.first === null) return;
    // Those of a later turn of the wheel go behind it, as do those who join while one is called.
    const end = new Link<Due>(null);
    slot.add(end);
    try {
      // Whoever stops the wheel takes out the end, too.
      for (let link = slot.first; link !== null && link !== end && end.next !== end; link = slot.first) {
        const { item } = link;
        if (item === null) link.unlink();
        else if (item.dueSlot > now) slot.add(link);
        else {
          this.cancel(item);
          item.due();
        }
      }
    } finally {
      end.unlink();
    }
  }
}
