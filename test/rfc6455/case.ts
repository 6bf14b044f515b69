// What a case is: what a client does on a fresh connection, and what a server of RFC 6455 must do then.
import type { Frame } from "./frames.ts";

/** How the bytes of frames are cut into writes: all at once, frame by frame, or so many bytes at a time. */
export type Chops = "whole" | "frames" | number;

export type Step =
  | { readonly kind: "send"; readonly frames: () => readonly Frame[]; readonly chops: Chops }
  /** Until so many messages and pongs have come. */
  | { readonly kind: "await"; readonly events: number }
  /** Bytes of the middle of a frame. */
  | { readonly kind: "bytes"; readonly bytes: () => Buffer }
  /** Until the server has surely read what was sent; if the connection is open then, `mark` is noted as an event. */
  | { readonly kind: "settle"; readonly mark?: string };

/** What came back, in order. A mark stands where the case looked and the connection was still open. */
export type Event =
  | { readonly kind: "message"; readonly form: "text" | "binary"; readonly payload: Buffer }
  | { readonly kind: "pong"; readonly payload: Buffer }
  | { readonly kind: "mark"; readonly mark: string };

/** Who ends the connection first: we, with a close frame after the last event, or in the steps; or the server. */
export type Ender = "us" | "steps" | "server";

export interface Script {
  readonly kind: "script";
  readonly steps: readonly Step[];
  readonly events: () => readonly Event[];
  /** Also right, but not as the case would have it: the verdict is "non-strict". */
  readonly alsoRight?: () => readonly Event[];
  readonly end: {
    readonly by: Ender;
    /** Codes of the server's close frame. Without a code is right too; without a close frame only where `mayDrop`. */
    readonly codes: readonly number[];
    readonly mayDrop: boolean;
  };
}

/** Messages one after the other, each sent when the one before has come back. */
export interface Rounds {
  readonly kind: "rounds";
  /** `Sec-WebSocket-Extensions`; "" for none. Where it is not taken, the case is not implemented. */
  readonly offer: string;
  /** The window with which answers must inflate. */
  readonly windowBits: number;
  readonly form: "text" | "binary";
  readonly count: number;
  /** Payload of the message with this number, from 0. */
  readonly payload: (round: number) => Buffer;
  /** Bytes of a frame's payload; 0: one frame for a message. */
  readonly fragmentBytes: number;
}

export interface Case {
  /** Autobahn's number, such as `6.4.2`. */
  readonly id: string;
  /** What is done, in a line. */
  readonly about: string;
  readonly body: Script | Rounds;
  /** No behaviour is wrong: the verdict says only that it ended. */
  readonly isInformational?: boolean;
}

export type Verdict = "ok" | "non-strict" | "informational" | "unimplemented" | "failed";

export interface Outcome {
  readonly verdict: Verdict;
  /** Why not "ok"; "" when it is. */
  readonly why: string;
}
