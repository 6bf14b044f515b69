// A view: the subscribers of one channel whose bytes are equal, and those bytes, made once.
import type { Page, Publication } from "../engine/engine.ts";
import { type Bytes, ByteLog } from "./bytes.ts";
import type { ChannelRef, Encoder } from "./encoder.ts";
import type { Run, Seq } from "./log.ts";

/** The entries of a log, for views to encode. */
export interface Entries {
  /** `null` for a break. */
  publicationAt(seq: Seq): Publication | null;
  /** The epoch that its offset counts in. */
  epochAt(seq: Seq): string;
}

export class View {
  readonly encoder: Encoder;
  /** Cursors that read this view; at 0 it goes. */
  readers = 0;
  /** Whether it was pulled since the last sweep looked. */
  isUsed = false;
  readonly #channel: ChannelRef;
  readonly #entries: Entries;
  #log: ByteLog | null = null;
  // Most readers stand at the same place: they share one run, object and all, so that a delivery allocates nothing.
  #memoAfter: Seq = -1;
  /** Frames that stand by themselves, of a table's entries. */
  readonly #frames = new Map<Seq, Uint8Array | null>();
  #frameBytes = 0;
  #memoHead: Seq = -1;
  #memo: Run | null = null;
  #memoMax = 0;
  /** Its bytes, when it is all there was: then any budget above gives the same. */
  #memoBytes = Number.POSITIVE_INFINITY;

  constructor(encoder: Encoder, channel: ChannelRef, entries: Entries) {
    this.encoder = encoder;
    this.#channel = channel;
    this.#entries = entries;
  }

  /** Bytes of memory held. */
  get capacity(): number {
    return (this.#log?.capacity ?? 0) + this.#frameBytes;
  }

  /** What was last given to a reader after `after`, while the head is still the same and the budget allows it. */
  recall(after: Seq, head: Seq, maxBytes: number): Run | null {
    if (after !== this.#memoAfter || head !== this.#memoHead) return null;
    return maxBytes === this.#memoMax || maxBytes >= this.#memoBytes ? this.#memo : null;
  }

  remember(asked: { readonly after: Seq; readonly head: Seq; readonly maxBytes: number }, run: Run): Run {
    this.#memoAfter = asked.after;
    this.#memoHead = asked.head;
    this.#memoMax = asked.maxBytes;
    this.#memo = run;
    const isWhole = run.kind === "frames" && !run.more;
    this.#memoBytes = isWhole ? sizeOf(run.frames) : Number.POSITIVE_INFINITY;
    return run;
  }

  /**
   * The frames after `after` up to `limit`, at most `maxBytes`, but at least one entry.
   */
  bytes(after: Seq, limit: Seq, maxBytes: number): Bytes {
    this.isUsed = true;
    this.#log ??= new ByteLog(after);
    const log = this.#log;
    if (after < log.after) return this.#oneOff(after, Math.min(limit, log.after), maxBytes);
    while (log.end < limit) log.append(this.#encode(log.end + 1));
    return log.run(after, limit, maxBytes);
  }

  /** The frame of one entry, made once; `null` when it has none. */
  frame(seq: Seq): Uint8Array | null {
    this.isUsed = true;
    let frame = this.#frames.get(seq);
    if (frame === undefined) {
      const encoded = this.#encode(seq);
      // Copied: an encoder may use its buffer again.
      frame = encoded === null ? null : new Uint8Array(encoded);
      this.#frames.set(seq, frame);
      this.#frameBytes += frame?.length ?? 0;
    }
    return frame;
  }

  /** The entry is gone, and its frame with it. */
  dropFrame(seq: Seq): void {
    this.#frameBytes -= this.#frames.get(seq)?.length ?? 0;
    this.#frames.delete(seq);
  }

  /** Encodes publications that stand in no tail: a page of history. */
  page({ publications, top }: Page): ByteLog {
    const log = new ByteLog(0);
    let before: Publication | null = null;
    for (const publication of publications) {
      log.append(this.encoder.publication(publication, this.#channel, { epoch: top.epoch, before }));
      before = publication;
    }
    return log;
  }

  dropThrough(seq: Seq): void {
    if (this.#log === null) return;
    // A log that nobody pulled for a whole tail's length starts anew at the next pull.
    if (seq >= this.#log.end) this.forget();
    else this.#log.dropThrough(seq);
  }

  /** Gives back its memory; the next pull starts a new log. */
  forget(): void {
    this.#log = null;
    this.#frames.clear();
    this.#frameBytes = 0;
    this.#memo = null;
    this.#memoAfter = -1;
  }

  #oneOff(after: Seq, limit: Seq, maxBytes: number): Bytes {
    const log = new ByteLog(after);
    let bytes = 0;
    while (log.end < limit && bytes < maxBytes) {
      const frame = this.#encode(log.end + 1);
      bytes += frame?.length ?? 0;
      log.append(frame);
    }
    return log.run(after, log.end, maxBytes);
  }

  #encode(seq: Seq): Uint8Array | null {
    const publication = this.#entries.publicationAt(seq);
    if (publication === null) return null;
    const before = this.encoder.whole === undefined ? null : this.#entries.publicationAt(seq - 1);
    return this.encoder.publication(publication, this.#channel, { epoch: this.#entries.epochAt(seq), before });
  }
}

function sizeOf(frames: readonly Uint8Array[]): number {
  return frames.reduce((sum, frame) => sum + frame.length, 0);
}
