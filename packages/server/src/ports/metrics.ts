// Counters and gauges, by fixed names: no text that a user chose ever becomes a name or a label.

/** Counts what happened since the start. */
export class Metrics {
  readonly #counts = new Map<string, number>();

  add(name: string, amount = 1): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + amount);
  }

  /** 0 for what has not happened. */
  get(name: string): number {
    return this.#counts.get(name) ?? 0;
  }

  snapshot(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }
}
