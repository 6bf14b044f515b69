// A link: what a session needs of its dialect and connection; implemented by dialects/open.ts.
import type { Encoder } from "../hub/encoder.ts";
import type { Closing } from "./close-error.ts";
import type { DialectName } from "../ports/metrics.ts";
import type { Reply, SessionEvent } from "./reply.ts";

/** How a subscription wants to be told of publications. */
export interface Manner {
  /** By the number of the channel instead of its name. */
  readonly isNumbered: boolean;
  /** By what has changed since the one before. */
  readonly isPatched: boolean;
}

/** What does not change while the connection lasts. */
export interface LinkTraits {
  /** The same for a subscription that asks for more than publications as they are; where the dialect has words for it. */
  readonly encoderFor?: (manner: Manner) => Encoder;
  /** Whether its client can be told numbers in the place of names. */
  readonly hasNumbers?: boolean;
  /** What it is counted as. */
  readonly dialect: DialectName;
  /** How publications are said to this client. */
  readonly encoder: Encoder;
  /**
   * What a gap in a stream does: the client subscribes again by itself, it is told and goes on, or only a closed
   * connection can tell it.
   */
  readonly onGap: "resubscribe" | "continue" | "close";
  /** Whether the client answers pings. Otherwise it is judged by what its socket takes. */
  readonly hasPongs: boolean;
  /** Whether its client has no word for channels: then it is given the one it asks for, and no other. */
  readonly hasOneChannel: boolean;
  /** Whether its client subscribes by itself to what the server has subscribed it to (PROTOCOL 1.11). */
  readonly takesOver?: boolean;
}

export interface Link {
  /** Final from the first subscription on. */
  readonly traits: LinkTraits;
  /** Framed bytes; `null` when the dialect has no word for it. Size is checked by the session. */
  reply(reply: Reply): Uint8Array | null;
  event(event: SessionEvent): Uint8Array | null;
  /** Bytes that one write should have at most, or one publication. */
  readonly pageBytes: number;
  /** One write. After "full" nothing more is written until the session hears `writable()`. */
  write(frames: readonly Uint8Array[]): "open" | "full";
  /** Whether what the client has said waits for a later turn: then it is the server that is late. */
  readonly isLate: boolean;
  /** Stops reading from the client, or goes on. */
  hold(isHeld: boolean): void;
  close(reason: Closing, detail?: string): void;
  /** Cuts the socket without a word. */
  cut(): void;
  /** Bytes so far: waiting, and received. A change of either is life. */
  traffic(): { readonly unsent: number; readonly received: number };
}
