// The memory that all tails of a node may hold together, and what happens near its limit.

/** Above this share of the limit, memory is given back at once instead of at the next sweep. */
const tightShare = 0.8;

/** Counts what tails hold. */
export class TailMemory {
  readonly #limitBytes: number;
  #used = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  get used(): number {
    return this.#used;
  }

  /** Time to give memory back. */
  get isTight(): boolean {
    return this.#used > this.#limitBytes * tightShare;
  }

  /** Channels that keep nothing refuse to grow; streams keep their newest publication all the same. */
  get isFull(): boolean {
    return this.#used > this.#limitBytes;
  }

  /** A tail holds `change` bytes more than it last said. */
  count(change: number): void {
    this.#used += change;
  }
}
