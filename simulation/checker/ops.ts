// What became of each publish, as its publisher was told; the oldest are forgotten, so that memory is bounded.
import type { Position } from "@tidewire/protocol";
import type { Op } from "./records.ts";

interface Known {
  readonly by: string;
  readonly channel: string;
  /** Counts the publishes of one publisher to one channel. */
  readonly order: number;
  /** How often the store had forgotten publishes when this one began. */
  readonly era: number;
  /** Attempts that were not rejected: any of them may be in the log. */
  attempts: number;
  isOrdered: boolean;
  /** It was in the log, or somebody was given it. */
  isSeen: boolean;
  /** Where it was said to be first, by an ack; and where the log had it last. */
  acked: Position | null;
  placed: Position | null;
}

/** Whether an op may be seen. */
export type Standing = "invoked" | "rejected" | "never";

export class Ops {
  readonly #known = new Map<Op, Known>();
  readonly #orders = new Map<string, number>();
  readonly #most: number;
  #forgotten = 0;
  #era = 0;

  /** @param most Ops that are kept. */
  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#known.size;
  }

  /** Ops that are no longer known: nothing can be said of them. */
  get forgotten(): number {
    return this.#forgotten;
  }

  invoke(op: Op, { by, channel }: { readonly by: string; readonly channel: string }): void {
    const known = this.#known.get(op);
    if (known !== undefined) {
      known.attempts += 1;
      return;
    }
    const publisher = `${by} ${channel}`;
    const order = (this.#orders.get(publisher) ?? 0) + 1;
    this.#orders.set(publisher, order);
    this.#known.set(op, {
      by,
      channel,
      order,
      era: this.#era,
      attempts: 1,
      isOrdered: true,
      isSeen: false,
      acked: null,
      placed: null,
    });
    if (this.#known.size <= this.#most) return;
    for (const oldest of this.#known.keys()) {
      this.#known.delete(oldest);
      this.#forgotten += 1;
      break;
    }
  }

  /** What an earlier ack of the same op said, or `null`. */
  ack(op: Op, position: Position): Position | null {
    const known = this.#known.get(op);
    const before = known?.acked ?? null;
    if (known !== undefined) known.acked = position;
    return before;
  }

  /** Where the log had it before, or `null`. */
  place(op: Op, position: Position): Position | null {
    const known = this.#known.get(op);
    const before = known?.placed ?? null;
    if (known !== undefined) known.placed = position;
    return before;
  }

  /** False when it was seen, and no attempt is left that could have done it. */
  reject(op: Op): boolean {
    const known = this.#known.get(op);
    if (known === undefined) return true;
    known.attempts -= 1;
    return known.attempts > 0 || !known.isSeen;
  }

  /** Nothing is promised any more of its place among those of its publisher. */
  unordered(op: Op): void {
    const known = this.#known.get(op);
    if (known !== undefined) known.isOrdered = false;
  }

  /** Somebody sees it. */
  see(op: Op): Standing {
    const known = this.#known.get(op);
    if (known === undefined) return this.#forgotten > 0 ? "invoked" : "never";
    known.isSeen = true;
    return known.attempts > 0 ? "invoked" : "rejected";
  }

  /** The store forgets what was published so far. */
  forget(): void {
    this.#era += 1;
  }

  /** Whether it may rightly be done once more, since the store has forgotten it. */
  mayReturn(op: Op): boolean {
    const known = this.#known.get(op);
    return known === undefined || known.era < this.#era;
  }

  channelOf(op: Op): string | null {
    return this.#known.get(op)?.channel ?? null;
  }

  /** Its place among those of its publisher, or `null` where none is promised. */
  orderOf(op: Op): { readonly by: string; readonly order: number } | null {
    const known = this.#known.get(op);
    return known === undefined || !known.isOrdered ? null : known;
  }
}
