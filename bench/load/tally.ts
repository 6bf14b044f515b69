// What one subscriber was given, counted against the numbers that were published: 1, 2, 3 and so on.
import type { Counted } from "../talk.ts";

/** A number further ahead than this is no loss but a broken frame. */
const farthest = 10_000_000;

export class Tally {
  #phase = 0;
  #highest = 0;
  #received = 0;
  #repeated = 0;
  #reordered = 0;
  #strays = 0;
  /** Numbers that were passed over and have not come since. */
  #missing: Set<number> | null = null;

  get received(): number {
    return this.#received;
  }

  /** @param after The number before the first that is due. */
  begin(phase: number, after = 0): void {
    this.#phase = phase;
    this.#highest = after;
    this.#received = 0;
    this.#repeated = 0;
    this.#reordered = 0;
    this.#strays = 0;
    this.#missing = null;
  }

  /** False when it belongs to another phase. */
  add(phase: number, n: number): boolean {
    if (phase !== this.#phase) {
      this.#strays += 1;
      return false;
    }
    this.#received += 1;
    if (n === this.#highest + 1) this.#highest = n;
    else if (n > this.#highest) this.#passOver(n);
    else if (this.#missing?.delete(n) === true) this.#reordered += 1;
    else this.#repeated += 1;
    return true;
  }

  /** The counts, when `published` were. */
  result(published: number): Counted {
    const lost = Math.max(0, published - this.#highest) + (this.#missing?.size ?? 0);
    return {
      received: this.#received,
      lost,
      repeated: this.#repeated,
      reordered: this.#reordered,
      strays: this.#strays,
    };
  }

  #passOver(n: number): void {
    if (n > this.#highest + farthest) throw new RangeError(`number ${n} came after ${this.#highest}`);
    this.#missing ??= new Set();
    for (let missing = this.#highest + 1; missing < n; missing += 1) this.#missing.add(missing);
    this.#highest = n;
  }
}
