// The table of a `latest` channel on this node: the newest publication of each key, once, shared by all subscribers.
//
// It has the face of a tail: a version of the present epoch is the entry `base + version`, so a reader pulls what changed
// after its place, each key once. When the table is replaced, under another epoch or because removals were missed, the
// base moves above every place that was ever given away, and readers from before get a break.
import type { Position } from "@tidewire/protocol";
import type { Page, Publication, TableRetention } from "../engine/engine.ts";
import { Slots } from "../engine/slots.ts";
import type { Clock } from "../ports/clock.ts";
import type { Bounds, ChannelLog } from "./channel-log.ts";
import { changesOf } from "./changes.ts";
import type { ChannelRef, Encoder } from "./encoder.ts";
import type { Run, Seq } from "./log.ts";
import type { View } from "./view.ts";
import { Views } from "./views.ts";

/** A slot costs this beside its payload: objects, map and array. */
const slotOverhead = 300;

export class Table implements ChannelLog {
  readonly #retention: TableRetention;
  readonly #clock: Clock;
  readonly #views: Views;
  #slots = new Slots();
  #epoch = "";
  #base: Seq = 0;
  #head: Seq = 0;
  /** The highest entry that was given to a reader: a client can be ahead of this node. */
  #given: Seq = 0;

  constructor(channel: ChannelRef, retention: TableRetention, clock: Clock) {
    this.#views = new Views(channel, {
      publicationAt: (seq) => this.#slots.atVersion(seq - this.#base),
      epochAt: () => this.#epoch,
    });
    this.#retention = retention;
    this.#clock = clock;
  }

  get first(): Seq {
    return this.#base + 1;
  }

  get head(): Seq {
    return this.#head;
  }

  get position(): Position {
    return { epoch: this.#epoch, offset: this.#head - this.#base };
  }

  get start(): { readonly seq: Seq; readonly position: Position } {
    return { seq: this.#base, position: { epoch: this.#epoch, offset: 0 } };
  }

  get newest(): null {
    return null;
  }

  get floor(): Seq {
    return this.#base + this.#slots.floor;
  }

  /** Keys that have a value. */
  get keys(): number {
    return this.#slots.keys;
  }

  get bytes(): number {
    return this.#slots.bytes + this.#slots.size * slotOverhead + this.#views.capacity;
  }

  /** What contiguity let through, or a page of the engine's table has: versions ascend. */
  append(publication: Publication): void {
    const nowMs = this.#clock.now();
    // A channel that was a stream before may still have publications without a key: they are nobody's newest.
    if (publication.key !== undefined) this.#slots.put(publication, nowMs);
    this.#head = this.#base + publication.offset;
    this.#trim(nowMs);
  }

  /** Everything up to this offset is in the table, although the last versions before it may be gone. */
  reach(offset: number): void {
    this.#head = Math.max(this.#head, this.#base + offset);
  }

  break(next: Position): void {
    this.replace({ publications: [], top: next, floor: next.offset, more: false });
  }

  /** Begins anew with all that the engine has; readers get a break here. */
  replace(page: Page): void {
    this.#base = Math.max(this.#head, this.#given) + 1;
    this.#epoch = page.top.epoch;
    this.#slots = new Slots(page.floor, ({ offset }) => this.#views.dropFrame(this.#base + offset));
    this.#views.forget();
    const nowMs = this.#clock.now();
    for (const publication of page.publications) {
      if (publication.key !== undefined) this.#slots.put(publication, nowMs);
    }
    this.#head = this.#base + page.top.offset;
    this.#trim(nowMs);
  }

  /** Of a position at or above the floor, also of one that this node has yet to hear of. */
  seqOf({ epoch, offset }: Position): Seq | null {
    if (epoch !== this.#epoch) return null;
    this.#trim(this.#clock.now());
    if (offset < this.#slots.floor) return null;
    this.#given = Math.max(this.#given, this.#base + offset);
    return this.#base + offset;
  }

  idAt(offset: number): string | null {
    return this.#slots.atVersion(offset)?.id ?? null;
  }

  run(view: View, after: Seq, { pageBytes: maxBytes, upTo = this.#head }: Bounds): Run {
    if (after < this.#base) return { kind: "break", to: this.#base, at: this.start.position };
    const head = Math.min(upTo, this.#head);
    return (
      view.recall(after, head, maxBytes) ??
      view.remember({ after, head, maxBytes }, this.#read(view, after, { pageBytes: maxBytes, upTo: head }))
    );
  }

  /**
   * A removal that was forgotten matters to those who had read some of the table by then, and not as far. Whoever began
   * when the floor was there already never saw what it removed.
   */
  hasLost(after: Seq, began: Seq): boolean {
    return after > this.#base && after < this.floor && this.floor > began;
  }

  isRetained(): boolean {
    return true;
  }

  between(after: Seq, to: Seq): number {
    return to - after;
  }

  join(encoder: Encoder): View {
    return this.#views.join(encoder);
  }

  leave(view: View): void {
    this.#views.leave(view);
  }

  /** Frames that nobody pulled since the last sweep; values stay, they are each the newest. */
  shrink(): void {
    this.#views.forgetUnused();
    this.#trim(this.#clock.now());
  }

  #read(view: View, after: Seq, { pageBytes: maxBytes, upTo }: Required<Bounds>): Run {
    const base = this.#base;
    const bounds = { after: after - base, upTo: upTo - base, maxBytes };
    const { frames, count, to } = changesOf(this.#slots, ({ offset }) => view.frame(base + offset), bounds);
    const seq = base + to;
    return { kind: "frames", frames, count, to: seq, at: { epoch: this.#epoch, offset: to }, more: seq < upTo };
  }

  #trim(nowMs: number): void {
    this.#slots.trim({ size: this.#retention.keys, ttlMs: this.#retention.ttlMs }, nowMs);
  }
}
