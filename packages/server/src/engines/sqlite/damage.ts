// Channels of which the database says what this engine cannot have written, until the operator is told of them.

/** Of more at once, the rest is told when they are met again. */
const mostAtOnce = 100;

export class Damage {
  #channels = new Set<string>();

  found(channel: string): void {
    if (this.#channels.size < mostAtOnce) this.#channels.add(channel);
  }

  /** Those that were found since it was asked last. */
  take(): readonly string[] {
    if (this.#channels.size === 0) return none;
    const channels = [...this.#channels];
    this.#channels = new Set();
    return channels;
  }
}

const none: readonly string[] = [];
