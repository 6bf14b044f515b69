// The words of a channel's log on this node: an entry's number, and what reading gives.
import type { Position } from "@tidewire/protocol";

/** Counts the entries of one channel on this node. Never repeats; a cursor is one of these. */
export type Seq = number;

/** What a reader gets: frames up to `to`, a break to step over, or the news that it fell off the tail. */
export type Run =
  | {
      readonly kind: "frames";
      readonly frames: readonly Uint8Array[];
      /** Publications in it that are these readers'. Without it: one for each entry passed. */
      readonly count?: number;
      readonly to: Seq;
      readonly at: Position;
      /** Whether more lay behind it when it was read. */
      readonly more: boolean;
      /** The page to go on with, where only all pages together make sense; the place moves with the last of them. */
      readonly next?: Run;
    }
  | { readonly kind: "break"; readonly to: Seq; readonly at: Position }
  | { readonly kind: "fallen" };
