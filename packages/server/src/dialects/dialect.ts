// A dialect: turns messages into commands, and replies and events into messages. It sees no subscribers.
import type { Closing } from "../session/close-error.ts";
import type { LimitName } from "../ports/metrics.ts";
import type { Command, MarkAnswer } from "../session/command.ts";
import type { LinkTraits } from "../session/link.ts";
import type { Reply, SessionEvent } from "../session/reply.ts";

/** One connection's share of a dialect. */
export interface Speaker {
  readonly traits: LinkTraits;
  /** Commands to begin with, before anything was received. Asked once. */
  opening(): readonly Command[];
  /** The commands of one message. @throws {MalformedFrame} */
  decode(message: Uint8Array, form: "text" | "bytes"): readonly (Command | MarkAnswer)[];
  /** Framed bytes; `null`: nothing is said, an error there: the connection is closed with it. */
  reply(reply: Reply): Uint8Array | Ending | null;
  event(event: SessionEvent): Uint8Array | null;
  /** The code and text of a close frame. */
  closing(reason: Closing, detail: string | undefined): Ending;
  /** Where messages may overtake each other. */
  readonly order?: MessageOrder;
}

/** Brings messages back into the order in which the client made them. */
export interface MessageOrder {
  /** Has `obey` called for those of one message when it is their turn, which may be at once. */
  put(said: readonly (Command | MarkAnswer)[], bytes: number, obey: Obey): void;
  /** The session has ended. */
  stop(): void;
}

export type Obey = (said: readonly (Command | MarkAnswer)[]) => void;

/** How a connection ends: the code is one of its transport's, of a close frame or of HTTP. */
export interface Ending {
  readonly code: number;
  /** What the transport has no room for is cut off. */
  readonly reason: string;
  /** What a stream that has begun says at its end. */
  readonly last?: Uint8Array;
}

/** A message that is none: says what was expected and what came. */
export class MalformedFrame extends Error {
  override readonly name: string = "MalformedFrame";
  /** The limit that it is above; `null` where it is something else that is wrong. */
  readonly limit: LimitName | null;

  constructor(message: string, limit: LimitName | null = null) {
    super(message);
    this.limit = limit;
  }
}
