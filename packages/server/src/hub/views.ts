// The views of one log: one for each form in which somebody reads it, made for the first reader and gone with the last.
import type { ChannelRef, Encoder } from "./encoder.ts";
import type { Seq } from "./log.ts";
import { type Entries, View } from "./view.ts";

export class Views {
  readonly #channel: ChannelRef;
  readonly #entries: Entries;
  readonly #byEncoder = new Map<string, View>();

  constructor(channel: ChannelRef, entries: Entries) {
    this.#channel = channel;
    this.#entries = entries;
  }

  /** Bytes of memory held. */
  get capacity(): number {
    let bytes = 0;
    for (const view of this.#byEncoder.values()) bytes += view.capacity;
    return bytes;
  }

  /** The view of `encoder`, with one reader more. */
  join(encoder: Encoder): View {
    let view = this.#byEncoder.get(encoder.id);
    if (view === undefined) {
      view = new View(encoder, this.#channel, this.#entries);
      this.#byEncoder.set(encoder.id, view);
    }
    view.readers += 1;
    return view;
  }

  leave(view: View): void {
    view.readers -= 1;
    if (view.readers === 0) this.#byEncoder.delete(view.encoder.id);
  }

  dropThrough(seq: Seq): void {
    for (const view of this.#byEncoder.values()) view.dropThrough(seq);
  }

  dropFrame(seq: Seq): void {
    for (const view of this.#byEncoder.values()) view.dropFrame(seq);
  }

  forget(): void {
    for (const view of this.#byEncoder.values()) view.forget();
  }

  /** Gives back the memory of those that nobody pulled since this was last called. */
  forgetUnused(): void {
    for (const view of this.#byEncoder.values()) {
      if (!view.isUsed) view.forget();
      view.isUsed = false;
    }
  }
}
