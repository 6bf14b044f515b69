// Which epoch each channel has, as far as the engine's side knows without asking the worker.

export interface KnownEpoch {
  readonly epoch: string;
  /** Whether it is the channel's own; the default of those nobody wrote to may change. */
  readonly isOwn: boolean;
}

/** Of channels that are not followed; above, all are let go at once and asked for again. */
const maxOthers = 10_000;

export class KnownEpochs {
  /** `null` while the worker has not answered. Those of followed channels are always known after that. */
  readonly #followed = new Map<string, KnownEpoch | null>();
  readonly #others = new Map<string, KnownEpoch>();

  get followed(): readonly string[] {
    return [...this.#followed.keys()];
  }

  isFollowed(channel: string): boolean {
    return this.#followed.has(channel);
  }

  follow(channel: string): void {
    this.#followed.set(channel, this.#followed.get(channel) ?? null);
    this.#others.delete(channel);
  }

  /** @returns Whether it was followed. */
  unfollow(channel: string): boolean {
    return this.#followed.delete(channel);
  }

  find(channel: string): KnownEpoch | null {
    return this.#followed.get(channel) ?? this.#others.get(channel) ?? null;
  }

  learn(channel: string, known: KnownEpoch): void {
    if (this.#followed.has(channel)) {
      this.#followed.set(channel, known);
      return;
    }
    if (this.#others.size >= maxOthers) this.#others.clear();
    this.#others.set(channel, known);
  }

  /** After a purge that took a channel's own epoch: followed channels keep theirs, of others nothing is sure. */
  forgetOthers(): void {
    this.#others.clear();
  }
}
