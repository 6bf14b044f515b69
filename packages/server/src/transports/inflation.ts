// Inflating what clients compress: each message by itself, with nothing kept between two of them.
import { constants, inflateRawSync } from "node:zlib";
import type { Clock } from "../ports/clock.ts";
import type { Hearer, Place, Turns } from "../session/turns.ts";

/** What the parser of `ws` calls for messages whose first reserved bit is set (RFC 7692 §6). */
export interface Inflation {
  /** `done` is told the message once it is whole, and nothing before that. */
  decompress(data: Buffer, isLast: boolean, done: (error: Error | null, message?: Buffer) => void): void;
  cleanup(): void;
}

interface InflationOptions {
  readonly clock: Clock;
  readonly turns: Turns;
  /** Bytes of one inflated message. */
  readonly maxBytes: number;
  /** Closes the connection: 1009 above the limit, 1007 for what is no compressed data. */
  readonly fail: (code: 1007 | 1009) => void;
}

const nothing = Buffer.alloc(0);

/** RFC 7692 §7.2.2: what the sender left off. */
const tail = Buffer.from([0, 0, 0xff, 0xff]);

export function inflation(options: InflationOptions): Inflation {
  return new Inflating(options);
}

/** Messages of one connection. The parser has one at a time, and wants its answer later. */
class Inflating implements Inflation, Hearer {
  readonly #options: InflationOptions;
  readonly #place: Place;
  /** What the parser has held to its limits: the fragments to theirs, their bytes to the message's. */
  #fragments: Buffer[] = [];
  #done: ((error: Error | null, message?: Buffer) => void) | null = null;

  constructor(options: InflationOptions) {
    const { turns, clock } = options;
    this.#options = options;
    this.#place = turns.placeOf(this, clock.now());
  }

  decompress(data: Buffer, isLast: boolean, done: (error: Error | null, message?: Buffer) => void): void {
    const { turns, clock } = this.#options;
    this.#fragments.push(data);
    if (!isLast) return clock.defer(() => done(null, nothing));
    this.#done = done;
    // It waits in line, as all do that a client may ask for at once. A few bytes may inflate to the largest message: that is
    // counted when it is done.
    let bytes = 0;
    for (const { length } of this.#fragments) bytes += length;
    turns.wait(this.#place, bytes);
  }

  hearNext(): boolean {
    const done = this.#done;
    this.#done = null;
    if (done !== null) this.#inflate(done);
    // The parser may have come to the next one meanwhile.
    return this.#done !== null;
  }

  cleanup(): void {
    this.#fragments = [];
  }

  #inflate(done: (error: Error | null, message?: Buffer) => void): void {
    const { maxBytes, fail } = this.#options;
    const deflated = Buffer.concat([...this.#fragments, tail]);
    this.#fragments = [];
    let message: Buffer;
    try {
      message = inflate(deflated, maxBytes);
    } catch (thrown) {
      if (!(thrown instanceof NotInflated)) throw thrown;
      fail(thrown.code);
      return done(thrown);
    }
    done(null, message);
  }
}

class NotInflated extends Error {
  override readonly name: string = "NotInflated";
  readonly code: 1007 | 1009;

  constructor(cause: unknown) {
    super("a compressed message could not be inflated", { cause });
    this.code = cause instanceof RangeError ? 1009 : 1007;
  }
}

function inflate(deflated: Buffer, maxBytes: number): Buffer {
  try {
    return inflateRawSync(deflated, { maxOutputLength: maxBytes, finishFlush: constants.Z_SYNC_FLUSH });
  } catch (thrown) {
    throw new NotInflated(thrown);
  }
}
