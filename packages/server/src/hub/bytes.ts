// A byte log: the frames of one view end to end, so that any run of them is one or two pieces of shared memory.
//
// Blocks are our own ArrayBuffers, never Buffer's pool: a few small pieces kept of the pool would hold all of it.
import type { Seq } from "./log.ts";

const smallestBlock = 1_024;
const largestBlock = 65_536;

interface Block {
  /** Where the block begins in the log's own count of bytes, which never goes back. */
  readonly start: number;
  readonly memory: Buffer;
  used: number;
}

/** A piece of the log: views of its memory, to be written and never changed. */
export interface Bytes {
  readonly frames: readonly Uint8Array[];
  /** Entries in it that have a frame: the others are not for these readers. */
  readonly count: number;
  /** The last entry in it. */
  readonly to: Seq;
}

export class ByteLog {
  /** The entry after this one is the oldest whose frame is here. */
  #after: Seq;
  #end: Seq;
  /** Where the frame of entry `#after + 1 + i` ends, in the log's count of bytes, from index `#skipped` on. */
  #ends: number[] = [];
  #skipped = 0;
  /** Whether any entry had none. */
  #hasEmpty = false;
  #blocks: Block[] = [];
  #capacity = 0;

  constructor(after: Seq) {
    this.#after = after;
    this.#end = after;
  }

  /** Entries up to this one are not here. */
  get after(): Seq {
    return this.#after;
  }

  /** The last entry whose frame is here. */
  get end(): Seq {
    return this.#end;
  }

  /** Bytes of memory held. */
  get capacity(): number {
    return this.#capacity;
  }

  /** Adds the frame of the next entry; `null` when it has none. */
  append(frame: Uint8Array | null): void {
    this.#end += 1;
    if (frame === null) this.#hasEmpty = true;
    else this.#write(frame);
    this.#ends.push(this.#size);
  }

  /**
   * The frames after `after` up to `limit`, at most `maxBytes` of them, but at least one entry.
   * Both must be within the log.
   */
  run(after: Seq, limit: Seq, maxBytes: number): Bytes {
    const from = this.#endOf(after);
    let to = limit;
    if (this.#endOf(to) - from > maxBytes) to = this.#lastWithin(after, limit, from + maxBytes);
    return { frames: this.#slice(from, this.#endOf(to)), count: this.#count(after, to), to };
  }

  /** Forgets frames up to `seq`; memory is given back by whole blocks. */
  dropThrough(seq: Seq): void {
    if (seq <= this.#after) return;
    const gone = Math.min(seq, this.#end);
    const start = this.#endOf(gone);
    this.#skipped += gone - this.#after;
    this.#after = gone;
    if (this.#skipped > 1_024 && this.#skipped * 2 > this.#ends.length) {
      // One end stays before the first: it says where the first frame begins.
      this.#ends = this.#ends.slice(this.#skipped - 1);
      this.#skipped = 1;
    }
    while (this.#blocks.length > 1) {
      const oldest = this.#blocks[0];
      if (oldest === undefined || oldest.start + oldest.used > start) break;
      this.#blocks.shift();
      this.#capacity -= oldest.memory.length;
    }
  }

  get #size(): number {
    const block = this.#blocks.at(-1);
    return block === undefined ? 0 : block.start + block.used;
  }

  #endOf(seq: Seq): number {
    const index = seq - this.#after + this.#skipped - 1;
    return index < 0 ? 0 : (this.#ends[index] ?? 0);
  }

  #count(after: Seq, to: Seq): number {
    if (!this.#hasEmpty) return to - after;
    let count = 0;
    for (let seq = after + 1; seq <= to; seq += 1) if (this.#endOf(seq) > this.#endOf(seq - 1)) count += 1;
    return count;
  }

  #lastWithin(after: Seq, limit: Seq, end: number): Seq {
    let low = after + 1;
    let high = limit;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (this.#endOf(middle) <= end) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #write(frame: Uint8Array): void {
    let written = 0;
    while (written < frame.length) {
      const block = this.#room(frame.length - written);
      const piece = Math.min(frame.length - written, block.memory.length - block.used);
      block.memory.set(
        written === 0 && piece === frame.length ? frame : frame.subarray(written, written + piece),
        block.used,
      );
      block.used += piece;
      written += piece;
    }
  }

  /** The block that takes the next byte; a new one is twice as large as the last, so that quiet channels stay small. */
  #room(wanted: number): Block {
    const last = this.#blocks.at(-1);
    if (last !== undefined && last.used < last.memory.length) return last;
    const grown = last === undefined ? smallestBlock : Math.min(last.memory.length * 2, largestBlock);
    const length = Math.max(grown, Math.min(wanted, largestBlock));
    const block: Block = { start: this.#size, memory: Buffer.from(new ArrayBuffer(length)), used: 0 };
    this.#blocks.push(block);
    this.#capacity += length;
    return block;
  }

  #slice(from: number, to: number): readonly Uint8Array[] {
    const frames: Uint8Array[] = [];
    // Readers stand near the head, so the search begins there.
    let index = this.#blocks.length - 1;
    while (index > 0 && (this.#blocks[index]?.start ?? 0) > from) index -= 1;
    for (; index < this.#blocks.length; index += 1) {
      const block = this.#blocks[index];
      if (block === undefined || block.start >= to) break;
      const start = Math.max(from - block.start, 0);
      const end = Math.min(to - block.start, block.used);
      if (end > start) frames.push(block.memory.subarray(start, end));
    }
    return frames;
  }
}
