// The newest publication of each key of one channel, by version. Pure: time comes as a number.
//
// A map finds a key; an array ascends by version, so that reading on from any version is a search and a walk. A key that
// changes leaves a hole behind; the array is compacted when holes are more than half of it.
import type { PageLimit, Publication, TableRetention } from "./engine.ts";
import { isFull, type RingPage, type RingStart } from "./ring.ts";

interface Slot {
  readonly publication: Publication;
  readonly key: string;
  /** Its place in the array. */
  index: number;
  readonly keptMs: number;
}

/** So few holes are left alone: moving a short array costs more than it frees. */
const holesAllowed = 64;

export class Slots {
  readonly #byKey = new Map<string, Slot>();
  /** Those of the slots that are removals, oldest first. */
  readonly #removals = new Map<string, Slot>();
  #slots: (Slot | null)[] = [];
  /** The version at each place of `#slots`, holes included. */
  #versions: number[] = [];
  #top = 0;
  #bytes = 0;
  #floor: number;
  readonly #gone: (publication: Publication) => void;

  /**
   * @param floor Removals up to this version are forgotten already.
   * @param gone Told of every publication that is no longer there.
   */
  constructor(floor = 0, gone: (publication: Publication) => void = () => undefined) {
    this.#floor = floor;
    this.#gone = gone;
  }

  /** Keys that have a value. */
  get keys(): number {
    return this.#byKey.size - this.#removals.size;
  }

  /** Of all values. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Values and removals. */
  get size(): number {
    return this.#byKey.size;
  }

  /** Places in the array, holes included. */
  get places(): number {
    return this.#slots.length;
  }

  /** Who has read up to here or further misses no removal; who has read nothing neither. */
  get floor(): number {
    return this.#floor;
  }

  /** The newest of a key, a removal too. */
  of(key: string): Publication | undefined {
    return this.#byKey.get(key)?.publication;
  }

  /** Why `body` does not fit, or `null`. What makes nothing larger always fits. */
  problem(body: { readonly key: string; readonly bytes: number }, limits: TableRetention): string | null {
    const known = this.of(body.key);
    const isNew = known === undefined || known.removed === true;
    const bytes = this.#bytes + body.bytes - (isNew ? 0 : known.data.byteLength);
    return fullness({ keys: this.keys, bytes: this.#bytes }, { keys: this.keys + (isNew ? 1 : 0), bytes }, limits);
  }

  /** Supersedes what its key had. @throws {RangeError} when its version is not above all others. */
  put(publication: Publication, nowMs: number): void {
    const { key, offset } = publication;
    if (key === undefined || offset <= this.#top) {
      throw new RangeError(`a key and a version above ${this.#top} were expected, got ${key ?? "no key"} at ${offset}`);
    }
    const known = this.#byKey.get(key);
    if (known !== undefined) this.#vacate(known);
    const slot = { publication, key, index: this.#slots.length, keptMs: nowMs };
    this.#slots.push(slot);
    this.#versions.push(offset);
    this.#byKey.set(key, slot);
    if (publication.removed === true) this.#removals.set(key, slot);
    else this.#bytes += publication.data.byteLength;
    this.#top = offset;
    this.#compact();
  }

  /** Forgets a key as if it had never been: for one that nobody was told of, so that nobody misses its removal. */
  drop(key: string): void {
    const slot = this.#byKey.get(key);
    if (slot === undefined) return;
    this.#byKey.delete(key);
    this.#vacate(slot);
    this.#compact();
  }

  /** Forgets removals above `size` in number, or as old as `ttlMs`. */
  trim({ size, ttlMs }: { readonly size: number; readonly ttlMs: number }, nowMs: number): void {
    for (const slot of this.#removals.values()) {
      if (this.#removals.size <= size && nowMs - slot.keptMs < ttlMs) break;
      this.#floor = slot.publication.offset;
      this.#byKey.delete(slot.key);
      this.#vacate(slot);
    }
    this.#compact();
  }

  /** The first place whose version is above `version`; `places` when there is none. */
  firstAbove(version: number): number {
    let low = 0;
    let high = this.#versions.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#versions[middle] ?? 0) > version) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** What stands at a place; `null` for a hole. */
  at(place: number): Publication | null {
    return this.#slots[place]?.publication ?? null;
  }

  /** The publication with exactly this version, if it is still the newest of its key. */
  atVersion(version: number): Publication | null {
    const place = this.firstAbove(version - 1);
    return this.#versions[place] === version ? this.at(place) : null;
  }

  page(start: RingStart, limit: PageLimit): RingPage {
    if (start === "oldest") return this.#page(0, 1, limit);
    if (start === "newest") return this.#page(this.places - 1, -1, limit);
    if ("after" in start) return this.#page(this.firstAbove(start.after), 1, limit);
    return this.#page(this.firstAbove(start.before - 1) - 1, -1, limit);
  }

  #page(from: number, step: 1 | -1, limit: PageLimit): RingPage {
    const publications: Publication[] = [];
    let bytes = 0;
    let more = false;
    for (let place = from; place >= 0 && place < this.places && !more; place += step) {
      const publication = this.at(place);
      if (publication === null) continue;
      more = isFull(publications.length, bytes + publication.data.byteLength, limit);
      if (more) break;
      bytes += publication.data.byteLength;
      publications.push(publication);
    }
    return { publications: step === 1 ? publications : publications.reverse(), more };
  }

  /** Leaves a hole where the slot was; the map is the caller's business. */
  #vacate({ publication, key, index }: Slot): void {
    this.#slots[index] = null;
    this.#removals.delete(key);
    if (publication.removed !== true) this.#bytes -= publication.data.byteLength;
    this.#gone(publication);
  }

  #compact(): void {
    if (this.places - this.size <= this.size + holesAllowed) return;
    this.#slots = this.#slots.filter((slot) => slot !== null);
    this.#versions = this.#slots.map((slot, index) => {
      if (slot !== null) slot.index = index;
      return slot?.publication.offset ?? 0;
    });
  }
}

interface Fill {
  readonly keys: number;
  readonly bytes: number;
}

/** Why a table may not go from `before` to `after`, or `null`. */
export function fullness(
  before: Fill,
  after: Fill,
  limits: { readonly keys: number; readonly bytes: number },
): string | null {
  if (after.keys > limits.keys && after.keys > before.keys) return `a channel has at most ${limits.keys} keys`;
  if (after.bytes <= limits.bytes || after.bytes <= before.bytes) return null;
  return `the values of a channel have at most ${limits.bytes} bytes, with this one they would have ${after.bytes}`;
}
