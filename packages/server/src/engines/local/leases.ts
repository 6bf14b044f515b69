// The owner's leases: who of the workers holds a channel alone, by which fence, and who waits for it.

interface Waiting<Holder> {
  readonly holder: Holder;
  readonly granted: (fence: number) => void;
}

interface Held<Holder> {
  readonly holder: Holder;
  readonly fence: number;
  readonly waiting: Waiting<Holder>[];
}

export class Leases<Holder> {
  readonly #held = new Map<string, Held<Holder>>();
  #fence: number;

  /** @param first Above every fence that an owner before this one gave, or of another range. */
  constructor(first: number) {
    this.#fence = first;
  }

  /** `granted` is called at once, or when whoever is before has let go. */
  hold(channel: string, waiting: Waiting<Holder>): void {
    const held = this.#held.get(channel);
    if (held === undefined) this.#grant(channel, [waiting]);
    else held.waiting.push(waiting);
  }

  /** Whether the holder had it or waited for it, no longer. */
  release(channel: string, holder: Holder): void {
    const held = this.#held.get(channel);
    if (held === undefined) return;
    const waiting = held.waiting.filter((other) => other.holder !== holder);
    if (held.holder === holder) this.#grant(channel, waiting);
    else this.#held.set(channel, { ...held, waiting });
  }

  gone(holder: Holder): void {
    for (const channel of this.#held.keys()) this.release(channel, holder);
  }

  isCurrent(channel: string, fence: number): boolean {
    return this.#held.get(channel)?.fence === fence;
  }

  #grant(channel: string, [first, ...waiting]: readonly Waiting<Holder>[]): void {
    if (first === undefined) return void this.#held.delete(channel);
    this.#fence += 1;
    this.#held.set(channel, { holder: first.holder, fence: this.#fence, waiting });
    first.granted(this.#fence);
  }
}
