// Where a cursor lives: what it reads, and who fetches history for it.
import type { ChannelMode, Position } from "@tidewire/protocol";
import type { Page } from "../engine/engine.ts";
import type { Clock } from "../ports/clock.ts";
import type { Bytes } from "./bytes.ts";
import type { CursorLog } from "./channel-log.ts";
import type { Cursor } from "./cursor.ts";
import type { View } from "./view.ts";
import type { Wheel } from "./wheel.ts";

/** What a cursor asks of what it reads: a channel, or its members. */
export interface CursorHome {
  readonly name: string;
  readonly tail: CursorLog;
  /** Says what becomes of one that fell off: `stream` reads history, `latest` reads anew, `signal` skips ahead. */
  readonly mode: ChannelMode;
  readonly wheel: Wheel;
  readonly clock: Clock;
  /** Few enough subscribers that they go before a crowd's. */
  readonly isUrgent: boolean;
  /** Adds a cursor to those that an append wakes. */
  settle(cursor: Cursor): void;
  unsettle(cursor: Cursor): void;
  /** Fetches history after the cursor's position; ends in `cursor.arrived` or `cursor.failed`. */
  fetch(cursor: Cursor): void;
  /** The cursor has used the page, or needs none any more. */
  fetched(cursor: Cursor): void;
  /** Called once, when the cursor closes. */
  left(cursor: Cursor): void;
}

/** A page of history for one cursor, shared with others that asked for the same. */
export interface CatchUpPage {
  readonly page: Page;
  /** The frames of its publications but the first `from`: at most `maxBytes`, but at least one. */
  run(view: View, from: number, maxBytes: number): Bytes;
}

/** Whether the page goes on exactly where `position` ends: S3, S5. */
export function continues(page: Page, position: Position): boolean {
  const first = page.publications[0];
  if (first === undefined) return page.top.offset === position.offset;
  return (first.previous?.offset ?? 0) === position.offset;
}
