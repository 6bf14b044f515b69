// The history of one channel in memory: its newest publications in ascending order. Pure: time comes as a number.
import type { LogRetention, PageLimit, Publication, TableRetention } from "./engine.ts";

/** Where a page begins, within one epoch. */
export type RingStart = { readonly after: number } | { readonly before: number } | "oldest" | "newest";

export interface RingPage {
  readonly publications: readonly Publication[];
  /** Whether the page was cut by its limit. */
  readonly more: boolean;
}

interface Entry {
  readonly publication: Publication;
  readonly appendedMs: number;
}

/** Below this many dead places the array is left alone: moving a short one costs more than it frees. */
const compactAbove = 32;

/**
 * Offsets must ascend, and append times must not descend. They need not be 1, 2, 3: places are found by search.
 * An array with a moving head: dropping is one step, and the dead front is cut off when it is half of the array.
 */
export class Ring {
  #entries: (Entry | undefined)[] = [];
  #head = 0;
  #top: number;

  /** @param top The offset up to which everything is already gone. */
  constructor(top = 0) {
    this.#top = top;
  }

  get size(): number {
    return this.#entries.length - this.#head;
  }

  /** Reading on from here or above meets no hole: the predecessor of the oldest one kept, or the top when none is. */
  get floor(): number {
    const oldest = this.#entries[this.#head];
    return oldest === undefined ? this.#top : (oldest.publication.previous?.offset ?? 0);
  }

  /** @throws {RangeError} when its offset is not above the top. */
  append(publication: Publication, nowMs: number): void {
    if (publication.offset <= this.#top) {
      throw new RangeError(`an offset above ${this.#top} was expected, got ${publication.offset}`);
    }
    this.#entries.push({ publication, appendedMs: nowMs });
    this.#top = publication.offset;
  }

  /** Drops what is above `size` in number or as old as `ttlMs`. */
  trim(retention: { readonly size: number; readonly ttlMs: number }, nowMs: number): void {
    while (this.size > retention.size) this.#dropOldest();
    for (;;) {
      const oldest = this.#entries[this.#head];
      if (oldest === undefined || nowMs - oldest.appendedMs < retention.ttlMs) break;
      this.#dropOldest();
    }
    if (this.#head > compactAbove && this.#head * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#head);
      this.#head = 0;
    }
  }

  /** The one with exactly this offset. */
  at(offset: number): Publication | undefined {
    const found = this.#entries[this.#firstAbove(offset - 1)]?.publication;
    return found?.offset === offset ? found : undefined;
  }

  page(start: RingStart, limit: PageLimit): RingPage {
    if (start === "oldest") return this.#forward(this.#head, limit);
    if (start === "newest") return this.#backward(this.#entries.length, limit);
    if ("after" in start) return this.#forward(this.#firstAbove(start.after), limit);
    return this.#backward(this.#firstAbove(start.before - 1), limit);
  }

  #dropOldest(): void {
    // Cleared at once: the array itself is cut later, and must not keep payloads alive until then.
    this.#entries[this.#head] = undefined;
    this.#head += 1;
  }

  /** The index of the first one whose offset is greater; the array's length when there is none. */
  #firstAbove(offset: number): number {
    let low = this.#head;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#entries[middle]?.publication.offset ?? 0) > offset) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #forward(from: number, limit: PageLimit): RingPage {
    const publications: Publication[] = [];
    let bytes = 0;
    for (let index = from; index < this.#entries.length; index += 1) {
      const publication = this.#entries[index]?.publication;
      if (publication === undefined) break;
      bytes += publication.data.byteLength;
      if (isFull(publications.length, bytes, limit)) return { publications, more: true };
      publications.push(publication);
    }
    return { publications, more: false };
  }

  #backward(end: number, limit: PageLimit): RingPage {
    const publications: Publication[] = [];
    let bytes = 0;
    for (let index = end - 1; index >= this.#head; index -= 1) {
      const publication = this.#entries[index]?.publication;
      if (publication === undefined) break;
      bytes += publication.data.byteLength;
      if (isFull(publications.length, bytes, limit)) return { publications: publications.reverse(), more: true };
      publications.push(publication);
    }
    return { publications: publications.reverse(), more: false };
  }
}

/** Whether a page of `count` is complete before one that would bring its payloads to `bytes`. */
export function isFull(count: number, bytes: number, limit: PageLimit): boolean {
  return count >= limit.publications || (count > 0 && bytes > limit.bytes);
}

/** @throws {RangeError} for a limit that would never give anything. */
export function checkPageLimit({ publications, bytes }: PageLimit): void {
  if (publications >= 1 && bytes >= 0) return;
  throw new RangeError(`a page of at least 1 publication and 0 bytes was expected, got ${publications} and ${bytes}`);
}

/** @throws {RangeError} for a retention that would keep nothing. */
export function checkRetention(retention: LogRetention | TableRetention): void {
  const isTable = retention.kind === "table";
  const { ttlMs } = retention;
  const numbers = isTable ? [retention.keys, retention.bytes, ttlMs] : [retention.size, ttlMs];
  if (numbers.every((number) => Number.isSafeInteger(number) && number >= 1)) return;
  const said = isTable ? `${retention.keys} keys, ${retention.bytes} bytes` : `size ${retention.size}`;
  throw new RangeError(`a retention of whole numbers from 1 was expected, got ${said} and ${ttlMs} ms`);
}
