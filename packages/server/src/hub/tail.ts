// The tail of a channel on this node: its newest publications, once, shared by all its subscribers.
//
// Invariant: between two breaks the durable publications are linked without a hole. Only the channel's contiguity
// decides what is appended.
import type { Position, Retention } from "@tidewire/protocol";
import type { Publication } from "../engine/engine.ts";
import type { Bounds, ChannelLog } from "./channel-log.ts";
import type { ChannelRef, Encoder } from "./encoder.ts";
import type { Run, Seq } from "./log.ts";
import type { View } from "./view.ts";
import { Views } from "./views.ts";

interface Entry {
  /** `null`: a break, where an epoch ends or history was lost. */
  readonly publication: Publication | null;
  /** What a client that has read this far is told. */
  readonly at: Position;
}

/** What an entry costs beside its payload, as measured: its objects, ids and author, the buffer's own, the view's counts. */
const entryOverhead = 500;
const fallen: Run = { kind: "fallen" };

export class Tail implements ChannelLog {
  /** A tail forgets from its end, and `run` says so. */
  readonly floor: Seq = 0;
  #first: Seq = 1;
  #head: Seq = 0;
  #entries: Entry[] = [];
  /** Entries before this index are gone; the array is cut now and then. */
  #gone = 0;
  #breaks: Seq[] = [];
  /** The newest break, also when it is no longer kept; 0 before any. */
  #lastBreak: Seq = 0;
  /** What a client knows that has read everything before `#first`. */
  #base: Position;
  #payload = 0;
  #largest = 0;
  readonly #limitBytes: number;
  readonly #views: Views;

  constructor(channel: ChannelRef, start: Position, limitBytes: number) {
    this.#views = new Views(channel, {
      publicationAt: (seq) => this.#entry(seq)?.publication ?? null,
      epochAt: (seq) => this.#entry(seq)?.at.epoch ?? this.#base.epoch,
    });
    this.#base = start;
    this.#limitBytes = limitBytes;
  }

  /** The oldest entry kept; `head + 1` when there is none. */
  get first(): Seq {
    return this.#first;
  }

  /** The newest entry; 0 before any. */
  get head(): Seq {
    return this.#head;
  }

  /** What a client at the head is told. */
  get position(): Position {
    return this.#entry(this.#head)?.at ?? this.#base;
  }

  get start(): { readonly seq: Seq; readonly position: Position } {
    return { seq: this.#head, position: this.position };
  }

  /** The newest durable publication kept; `null` before any, and after a break. */
  get newest(): Publication | null {
    for (let seq = this.#head; seq >= this.#first; seq -= 1) {
      const publication = this.#entry(seq)?.publication;
      if (publication === null) return null;
      if (publication !== undefined && publication.offset > 0) return publication;
    }
    return null;
  }

  /** Bytes of memory held, roughly: payloads, entries and the blocks of the views. */
  get bytes(): number {
    return this.#payload + (this.#head - this.#first + 1) * entryOverhead + this.#views.capacity;
  }

  /** Called by the channel alone, for what contiguity let through. */
  append(publication: Publication): void {
    const before = this.position;
    const at = publication.offset === 0 ? before : { epoch: before.epoch, offset: publication.offset };
    this.#push({ publication, at });
    this.#payload += publication.data.length;
    this.#largest = Math.max(this.#largest, publication.data.length);
    this.#trim(Math.max(this.#limitBytes, this.#largest * 4));
  }

  /** Marks that what follows does not continue what was: readers get a gap here. */
  break(next: Position): void {
    this.#push({ publication: null, at: next });
    this.#breaks.push(this.#head);
    this.#lastBreak = this.#head;
  }

  /**
   * The entry after which a client that knows `position` reads on; `null` when the tail does not reach back that far.
   * Ephemeral publications right behind that place are passed over: the client may have seen them.
   */
  seqOf(position: Position): Seq | null {
    const segment = this.#breaks.at(-1) ?? this.#first - 1;
    if (position.epoch !== this.position.epoch) return null;
    let low = segment;
    let high = this.#head;
    // The last entry that a client at `position` has behind it: `at` grows with the seq within a segment.
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.#entry(middle)?.at.offset ?? 0) <= position.offset) low = middle;
      else high = middle - 1;
    }
    const known = low === this.#first - 1 ? this.#base : (this.#entry(low)?.at ?? this.#base);
    return known.epoch === position.epoch && known.offset === position.offset ? low : null;
  }

  /** The id of the publication at `offset` in the newest segment; `null` when it is not kept. */
  idAt(offset: number): string | null {
    const segment = this.#breaks.at(-1) ?? this.#first - 1;
    for (let seq = this.#head; seq > segment; seq -= 1) {
      const publication = this.#entry(seq)?.publication;
      if (publication?.offset === offset) return publication.id;
      const previous = publication?.previous;
      if (previous?.offset === offset && previous.id !== null) return previous.id;
    }
    return null;
  }

  /** What lies after `after` for the readers of `view`, at most `maxBytes` of it but at least one entry. */
  run(view: View, after: Seq, { pageBytes: maxBytes }: Bounds): Run {
    if (after < this.#first - 1) return this.#lastBreak > after ? this.#passed() : fallen;
    const memo = view.recall(after, this.#head, maxBytes);
    return memo ?? view.remember({ after, head: this.#head, maxBytes }, this.#read(view, after, maxBytes));
  }

  hasLost(): boolean {
    return false;
  }

  isRetained(after: Seq, { size, ttlMs }: Retention, wallMs: number): boolean {
    if (this.between(after, this.#head) > size) return false;
    const oldest = this.#entry(after + 1)?.publication;
    return oldest === undefined || oldest === null || wallMs - oldest.atMs < ttlMs;
  }

  /** How many publications lie after `after`: those still kept, counted; those gone, by their number. */
  between(after: Seq, to: Seq): number {
    return to - after - this.#breaks.filter((seq) => seq > after && seq <= to).length;
  }

  join(encoder: Encoder): View {
    return this.#views.join(encoder);
  }

  leave(view: View): void {
    this.#views.leave(view);
  }

  /** Gives memory back: logs that nobody pulled since the last sweep, then old entries down to `bytes`. */
  shrink(bytes: number): void {
    this.#views.forgetUnused();
    this.#trim(bytes);
  }

  /** History goes on by offsets, and might seem to continue what a break has ended: nobody falls past one unawares (S3). */
  #passed(): Run {
    const to = Math.max(this.#lastBreak, this.#first - 1);
    return { kind: "break", to, at: this.#entry(to)?.at ?? this.#base };
  }

  #read(view: View, after: Seq, maxBytes: number): Run {
    const nextBreak = this.#breaks.length === 0 ? undefined : this.#breaks.find((seq) => seq > after);
    if (nextBreak === after + 1)
      return { kind: "break", to: nextBreak, at: this.#entry(nextBreak)?.at ?? this.position };
    const limit = nextBreak === undefined ? this.#head : nextBreak - 1;
    const { frames, count, to } = view.bytes(after, limit, maxBytes);
    return { kind: "frames", frames, count, to, at: this.#entry(to)?.at ?? this.position, more: to < this.#head };
  }

  #entry(seq: Seq): Entry | undefined {
    return seq < this.#first ? undefined : this.#entries[seq - this.#first + this.#gone];
  }

  #push(entry: Entry): void {
    this.#entries.push(entry);
    this.#head += 1;
  }

  /** Never the newest publication, however large. */
  #trim(limit: number): void {
    let largestGone = false;
    while (this.#first < this.#head && this.bytes > limit) {
      const oldest = this.#entry(this.#first);
      if (oldest === undefined) break;
      this.#entries[this.#gone] = released;
      this.#gone += 1;
      this.#first += 1;
      this.#base = oldest.at;
      const length = oldest.publication?.data.length ?? 0;
      this.#payload -= length;
      largestGone ||= length === this.#largest;
      if (this.#breaks[0] !== undefined && this.#breaks[0] < this.#first) this.#breaks.shift();
      this.#views.dropThrough(this.#first - 1);
    }
    if (this.#gone > 256 && this.#gone * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#gone);
      this.#gone = 0;
    }
    // Looked for again only where it raises the limit, and then the tail is short.
    if (largestGone && this.#largest * 4 > this.#limitBytes) this.#largest = this.#newestLargest();
  }

  #newestLargest(): number {
    let largest = 0;
    for (let seq = this.#first; seq <= this.#head; seq += 1) {
      largest = Math.max(largest, this.#entry(seq)?.publication?.data.length ?? 0);
    }
    return largest;
  }
}

const released: Entry = { publication: null, at: { epoch: "", offset: 0 } };
