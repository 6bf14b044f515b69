// Lets so many through at once, and the others in their order.

export class Gate {
  readonly #most: number;
  readonly #waiting: (() => void)[] = [];
  #inside = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** Whether the next one would not wait. */
  get isFree(): boolean {
    return this.#inside < this.#most;
  }

  async pass<Result>(act: () => Promise<Result>): Promise<Result> {
    if (this.isFree) this.#inside += 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await act();
    } finally {
      // Whoever leaves hands its place to the next.
      const next = this.#waiting.shift();
      if (next === undefined) this.#inside -= 1;
      else next();
    }
  }
}
