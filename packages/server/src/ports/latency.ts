// Latencies: how many took how long, in steps; adding one allocates nothing.

/** Upper ends of the steps, in milliseconds; above the last there is one more. */
export const latencyStepsMs: readonly number[] = [0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000];

export class Latency {
  readonly #counts = new Float64Array(latencyStepsMs.length + 1);
  #sumMs = 0;

  observe(ms: number): void {
    let step = 0;
    while (step < latencyStepsMs.length && ms > (latencyStepsMs[step] ?? 0)) step += 1;
    this.#counts[step] = (this.#counts[step] ?? 0) + 1;
    this.#sumMs += ms;
  }

  /** Milliseconds of all together. */
  get sumMs(): number {
    return this.#sumMs;
  }

  /** How many took at most as long as each step says, and at last how many there were. */
  cumulative(): number[] {
    let sum = 0;
    return Array.from(this.#counts, (count) => (sum += count));
  }
}
