// Where cursors live: a channel, or its members.
import type { ChannelMode } from "@tidewire/protocol";
import type { Clock } from "../ports/clock.ts";
import type { CursorLog } from "./channel-log.ts";
import type { Wheel } from "./wheel.ts";

/** What a cursor asks of what it reads: a channel, or its members. */
export interface HomeOf<Cursor> {
  readonly name: string;
  readonly tail: CursorLog;
  /** Says what becomes of one that fell off: `stream` reads history, `latest` reads anew, `signal` skips ahead. */
  readonly mode: ChannelMode;
  readonly wheel: Wheel;
  readonly clock: Clock;
  /** Whether pages read together belong together, also over a pause: who was told one of them is told the others. */
  readonly hasWholes: boolean;
  /** Few enough subscribers that they go before a crowd's. */
  readonly isUrgent: boolean;
  /** Adds a cursor to those that an append wakes. */
  settle(cursor: Cursor): void;
  unsettle(cursor: Cursor): void;
  /** So many publications were handed to a subscriber. */
  delivered(count: number): void;
  /** Fetches history after the cursor's position; ends in `cursor.arrived` or `cursor.failed`. */
  fetch(cursor: Cursor): void;
  /** The cursor has used the page, or needs none any more. */
  fetched(cursor: Cursor): void;
  /** Called once, when the cursor closes. */
  left(cursor: Cursor): void;
}
