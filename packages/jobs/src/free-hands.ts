// The hands of a worker: so many runs have one at a time, and those that have come ahead wait for theirs in their order.

export class FreeHands<Job> {
  readonly #count: number;
  /** What lets each of those who wait begin. */
  readonly #waiting = new Map<Job, () => void>();
  #busy = 0;

  constructor(count: number) {
    this.#count = count;
  }

  get busy(): number {
    return this.#busy;
  }

  get waiting(): ReadonlyMap<Job, unknown> {
    return this.#waiting;
  }

  /** Resolves when there is a hand for it, or when it is not to wait any longer. Either way it has to be given back. */
  async taken(job: Job): Promise<void> {
    if (this.#busy < this.#count) this.#busy += 1;
    else await new Promise<void>((resolve) => void this.#waiting.set(job, resolve));
  }

  /** Whoever waits for a hand has it. */
  giveBack(): void {
    const [next] = this.#waiting;
    // More than there are have one where somebody was not to wait.
    if (next === undefined || this.#busy > this.#count) this.#busy -= 1;
    else this.#begin(next[0]);
  }

  /** It waits no longer: it is over before it has begun. */
  release(job: Job): void {
    if (this.#begin(job)) this.#busy += 1;
  }

  #begin(job: Job): boolean {
    const begin = this.#waiting.get(job);
    this.#waiting.delete(job);
    begin?.();
    return begin !== undefined;
  }
}
