// A map of what comes and goes, by key: each value is in a box that is emptied when it leaves (links.ts says why).

interface Box<Value> {
  value: Value | undefined;
}

export class TransientMap<Key, Value extends object> {
  readonly #boxes = new Map<Key, Box<Value>>();

  get size(): number {
    return this.#boxes.size;
  }

  get(key: Key): Value | undefined {
    return this.#boxes.get(key)?.value;
  }

  set(key: Key, value: Value): void {
    const box = this.#boxes.get(key);
    if (box === undefined) this.#boxes.set(key, { value });
    else box.value = value;
  }

  /** Whether it was there. */
  delete(key: Key): boolean {
    const box = this.#boxes.get(key);
    if (box === undefined) return false;
    box.value = undefined;
    return this.#boxes.delete(key);
  }

  clear(): void {
    for (const box of this.#boxes.values()) box.value = undefined;
    this.#boxes.clear();
  }

  *values(): IterableIterator<Value> {
    for (const { value } of this.#boxes.values()) if (value !== undefined) yield value;
  }
}
