// The sequencer: starts a connection's commands in order, and those of one channel one after the other.

export class Sequencer {
  /** `null` while nobody waits: a connection that idles keeps no map for it. */
  #pending: Map<string, Promise<void>> | null = null;

  /** How many keys somebody waits for. */
  get size(): number {
    return this.#pending?.size ?? 0;
  }

  /**
   * Runs `task` when the earlier ones of all its keys have ended: at once, and without a promise, when none is pending.
   * A task deals with its own errors.
   */
  run(keys: readonly string[], task: () => void | Promise<void>): void {
    const earlier = this.#pending === null ? [] : keys.flatMap((key) => this.#pending?.get(key) ?? []);
    const running = earlier.length > 0 ? Promise.all(earlier).then(task) : task();
    if (running === undefined) return;
    const pending = (this.#pending ??= new Map<string, Promise<void>>());
    const ended: Promise<void> = running.then(() => {
      for (const key of keys) if (pending.get(key) === ended) pending.delete(key);
      if (pending.size === 0) this.#pending = null;
    });
    for (const key of keys) pending.set(key, ended);
  }

  /** Runs `act` when the earlier ones of its key have ended, and answers with what it answers. */
  answer<T>(key: string, act: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => this.run([key], () => act().then(resolve, reject)));
  }
}
