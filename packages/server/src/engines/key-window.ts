// Idempotency keys in memory, for as long as they have to be remembered (P4).

export const keyWindowMs = 300_000;

/** Deleted at most by one `expire`, so that a million that came at once do not leave in one turn. */
const expiredAtOnce = 20_000;

interface Entry<Value> {
  readonly key: string;
  readonly value: Value;
  readonly addedMs: number;
}

/**
 * A map beside a queue: the oldest entry of a `Map` from which the front was deleted is found only by walking over
 * all that was deleted, 30 µs at 200,000 entries.
 */
export class KeyWindow<Value> {
  readonly #maxKeys: number;
  readonly #entries = new Map<string, Entry<Value>>();
  #queue: Entry<Value>[] = [];
  #head = 0;

  /** @param maxKeys Above, the oldest are forgotten before their time. */
  constructor(maxKeys: number) {
    this.#maxKeys = maxKeys;
  }

  get size(): number {
    return this.#queue.length - this.#head;
  }

  find(key: string, nowMs: number): Value | undefined {
    const entry = this.#entries.get(key);
    return entry === undefined || isOld(entry, nowMs) ? undefined : entry.value;
  }

  /** Times must not descend. A key that is still remembered must not be added again. */
  add(key: string, value: Value, nowMs: number): void {
    const entry = { key, value, addedMs: nowMs };
    this.#entries.set(key, entry);
    this.#queue.push(entry);
    // Two for one: what has expired gets less even if nobody calls `expire`.
    this.#forget(nowMs, 2);
    if (this.size > this.#maxKeys) this.#forgetOldest();
  }

  /** Forgets a part of what is too old. */
  expire(nowMs: number): void {
    this.#forget(nowMs, expiredAtOnce);
  }

  #forget(nowMs: number, limit: number): void {
    for (let count = 0; count < limit; count += 1) {
      const oldest = this.#queue[this.#head];
      if (oldest === undefined || !isOld(oldest, nowMs)) return;
      this.#forgetOldest();
    }
  }

  #forgetOldest(): void {
    const oldest = this.#queue[this.#head];
    if (oldest === undefined) return;
    // The same key may have been added anew after its time.
    if (this.#entries.get(oldest.key) === oldest) this.#entries.delete(oldest.key);
    this.#head += 1;
    if (this.#head > 32 && this.#head * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
  }
}

function isOld({ addedMs }: { readonly addedMs: number }, nowMs: number): boolean {
  return nowMs - addedMs >= keyWindowMs;
}
