// What is written as one transaction: steps of channels, up to a limit.
import type { ChannelGap } from "./continuation.ts";
import { sizeOf } from "./drafts.ts";
import type { Place } from "./place.ts";
import type { KafkaDraft } from "./writers.ts";

/** One step of a channel. */
export interface Entry {
  readonly channel: string;
  /** Where the channel stands when this is written. */
  readonly place: Place;
  /** `null` where nothing but the place is written. */
  readonly draft: KafkaDraft | null;
  readonly gap: ChannelGap | null;
}

/** How much is gathered at once. One publication always is, however large. */
export interface BatchLimit {
  readonly entries: number;
  readonly bytes: number;
}

/** Entries up to a limit. */
export class Batch {
  readonly entries: Entry[] = [];
  readonly #limit: BatchLimit;
  #bytes = 0;
  #isFull = false;

  constructor(limit: BatchLimit) {
    this.#limit = limit;
  }

  get isFull(): boolean {
    return this.#isFull || this.left.entries < 1 || this.left.bytes < 1;
  }

  get left(): BatchLimit {
    return { entries: this.#limit.entries - this.entries.length, bytes: this.#limit.bytes - this.#bytes };
  }

  /** Behind one that does not fit nothing does: what it is behind of would be missing. */
  add(entry: Entry): void {
    const bytes = entry.draft === null ? 0 : sizeOf(entry.draft);
    if (this.entries.length > 0 && bytes > this.left.bytes) this.#isFull = true;
    if (this.isFull) return;
    this.entries.push(entry);
    this.#bytes += bytes;
  }
}
