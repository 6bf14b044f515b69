// The sequencer: starts a connection's commands in order, and those of one channel one after the other.

export class Sequencer {
  readonly #pending = new Map<string, Promise<void>>();

  /** How many keys somebody waits for. */
  get size(): number {
    return this.#pending.size;
  }

  /**
   * Runs `task` when the earlier ones of all its keys have ended: at once, and without a promise, when none is pending.
   * A task deals with its own errors.
   */
  run(keys: readonly string[], task: () => void | Promise<void>): void {
    const earlier = keys.flatMap((key) => this.#pending.get(key) ?? []);
    const running = earlier.length > 0 ? Promise.all(earlier).then(task) : task();
    if (running === undefined) return;
    const ended: Promise<void> = running.then(() => {
      for (const key of keys) if (this.#pending.get(key) === ended) this.#pending.delete(key);
    });
    for (const key of keys) this.#pending.set(key, ended);
  }

  /** Runs `act` when the earlier ones of its key have ended, and answers with what it answers. */
  answer<T>(key: string, act: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => this.run([key], () => act().then(resolve, reject)));
  }
}
