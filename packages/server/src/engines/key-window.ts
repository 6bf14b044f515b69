// The idempotency keys of one channel: remembered for 5 minutes or the newest 200,000, whichever ends first (P4).

export const keyWindowMs = 300_000;
export const keyWindowSize = 200_000;

interface Entry<Value> {
  readonly key: string;
  readonly value: Value;
  readonly addedMs: number;
}

/**
 * A map beside a queue: the oldest entry of a `Map` from which the front was deleted is found only by walking over
 * all that was deleted, 30 µs at this size.
 */
export class KeyWindow<Value> {
  readonly #entries = new Map<string, Entry<Value>>();
  #queue: Entry<Value>[] = [];
  #head = 0;

  get size(): number {
    return this.#entries.size;
  }

  find(key: string, nowMs: number): Value | undefined {
    const entry = this.#entries.get(key);
    return entry === undefined || nowMs - entry.addedMs >= keyWindowMs ? undefined : entry.value;
  }

  /** Times must not descend. A key that is still remembered must not be added again. */
  add(key: string, value: Value, nowMs: number): void {
    this.expire(nowMs);
    const entry = { key, value, addedMs: nowMs };
    this.#entries.set(key, entry);
    this.#queue.push(entry);
    if (this.#entries.size > keyWindowSize) this.#forgetOldest();
  }

  /** Forgets what is too old. */
  expire(nowMs: number): void {
    for (;;) {
      const oldest = this.#queue[this.#head];
      if (oldest === undefined || nowMs - oldest.addedMs < keyWindowMs) break;
      this.#forgetOldest();
    }
  }

  #forgetOldest(): void {
    const oldest = this.#queue[this.#head];
    if (oldest === undefined) return;
    this.#entries.delete(oldest.key);
    this.#head += 1;
    if (this.#head > 32 && this.#head * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
  }
}
