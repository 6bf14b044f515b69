// The faces of logs: what cursors see of them, and what a channel does.
import type { Position, Retention } from "@tidewire/protocol";
import type { Publication } from "../engine/engine.ts";
import type { Encoder } from "./encoder.ts";
import type { Run, Seq } from "./log.ts";
import type { View } from "./view.ts";

/** How far one reading may go. */
export interface Bounds {
  /** Bytes of frames, but at least one entry. */
  readonly pageBytes: number;
  /** Not beyond this entry; the head otherwise. */
  readonly upTo?: Seq;
}

/** What a cursor reads: the publications of a channel, or who comes and goes. */
export interface CursorLog {
  /** The newest entry. */
  readonly head: Seq;
  /** What a client at the head is told. */
  readonly position: Position;
  /** Where somebody starts who knows nothing: at the head of a tail, before everything in a table. */
  readonly start: { readonly seq: Seq; readonly position: Position };
  /** Removals up to here are forgotten; grows. A reader remembers it from when it began. */
  readonly floor: Seq;
  /** The entry after which a client that knows `position` reads on; `null` when that cannot be told from here. */
  seqOf(position: Position): Seq | null;
  /** What lies after `after` for the readers of `view`. */
  run(view: View, after: Seq, bounds: Bounds): Run;
  /** Whether a reader at `after` misses a removal: one was forgotten since it began, when the floor was `began`. */
  hasLost(after: Seq, began: Seq): boolean;
  /** How many publications lie after `after`: those still kept, counted; those gone, by their number. */
  between(after: Seq, to: Seq): number;
}

/** A channel's log of publications: a tail, or a table. */
export interface ChannelLog extends CursorLog {
  /** The oldest entry kept; `head + 1` when there is none. */
  readonly first: Seq;
  /** The newest durable publication; `null` where none is kept, and in a table. */
  readonly newest: Publication | null;
  /** Bytes of memory held, roughly. */
  readonly bytes: number;
  append(publication: Publication): void;
  /** Marks that what follows does not continue what was: readers get a gap here. */
  break(next: Position): void;
  /** Whether history promises all that lies after `after` as well: a tail keeps more than that, while there is room. */
  isRetained(after: Seq, retention: Retention, wallMs: number): boolean;
  /** The id of the publication at `offset`; `null` when it is not kept. */
  idAt(offset: number): string | null;
  /** The view of `encoder`, with one reader more. */
  join(encoder: Encoder): View;
  leave(view: View): void;
  /** Gives memory back: logs that nobody pulled since the last sweep, then what history has, down to `bytes`. */
  shrink(bytes: number): void;
}
