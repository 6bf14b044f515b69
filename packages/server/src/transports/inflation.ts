// Inflating what clients compress: each message by itself, with nothing kept between two of them.
import { constants, inflateRawSync } from "node:zlib";
import type { Clock } from "../ports/clock.ts";

/** What the parser of `ws` calls for messages whose first reserved bit is set (RFC 7692 §6). */
export interface Inflation {
  /** `done` is told the message once it is whole, and nothing before that. */
  decompress(data: Buffer, isLast: boolean, done: (error: Error | null, message?: Buffer) => void): void;
  cleanup(): void;
}

interface InflationOptions {
  readonly clock: Clock;
  /** Bytes of one inflated message. */
  readonly maxBytes: number;
  /** Closes the connection: 1009 above the limit, 1007 for what is no compressed data. */
  readonly fail: (code: 1007 | 1009) => void;
}

const nothing = Buffer.alloc(0);

/** RFC 7692 §7.2.2: what the sender left off. */
const tail = Buffer.from([0, 0, 0xff, 0xff]);

export function inflation({ clock, maxBytes, fail }: InflationOptions): Inflation {
  let fragments: Buffer[] = [];
  return {
    decompress: (data, isLast, done) => {
      // The parser has held the fragments to their limit, and their bytes to the message's.
      fragments.push(data);
      const deflated = isLast ? Buffer.concat([...fragments, tail]) : nothing;
      if (isLast) fragments = [];
      // The parser wants its answer later; and a burst of messages that inflate to much lets others in between.
      clock.defer(() => {
        if (!isLast) return done(null, nothing);
        try {
          done(null, inflate(deflated, maxBytes));
        } catch (thrown) {
          if (!(thrown instanceof NotInflated)) throw thrown;
          fail(thrown.code);
          done(thrown);
        }
      });
    },
    cleanup: () => {
      fragments = [];
    },
  };
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
