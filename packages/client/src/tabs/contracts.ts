// What the parts of the worker ask of one another: a line of its tabs, a session of its line, a cursor of both its ends.

import type { ChannelMode, Position, TidewireError } from "@tidewire/protocol";
import type { ConnectionState, EndReason } from "../connection-state.ts";
import type { Question } from "../exchange.ts";
import type { Fields } from "../wire.ts";

/** What a line asks of each of its tabs. */
export interface LineTab {
  /** `null` as long as the tab has no connection. */
  readonly session: (Pick<CursorOwner, "say"> & { lost(reason: EndReason, isFinal: boolean): void }) | null;
  readonly modes: ReadonlyMap<string, ChannelMode>;
  /** There is a connection. */
  connected(): void;
  /** @throws {TidewireError} When the tab says why there is none. */
  token(): Promise<string>;
}

/** What a tab's session asks of the line. */
export interface SessionLine {
  readonly state: ConnectionState;
  readonly connection: {
    ask(question: Question): number;
  };
  readonly channels: ReadonlyMap<string, CursorHome>;
  /** @param isRecoverable What a tab asked for that knows nothing of the channel. */
  channel(name: string, isRecoverable: boolean): CursorHome;
}

/** A tab's place in a channel. */
export interface Cursor {
  readonly session: CursorOwner;
  readonly wantsMembers: boolean;
  readonly asked: Position | null;
  /** The number of the subscribe command as long as it is not answered, then 0. */
  awaited: number;
  isPaused: boolean;
  /** Its session has left the channel. */
  isOver: boolean;
  /** Everything up to here was handed over. */
  at: number;
  /** Ends its part in the channel's subscription. */
  stop: () => void;
  stopTimer: () => void;
}

/** What a channel asks of the session of a cursor. */
export interface CursorOwner {
  /** Whether the tab takes in what it is sent. */
  readonly isKeepingUp: boolean;
  say(line: string): void;
  reply(id: number, fields: Fields): void;
  refuse(id: number, error: TidewireError): void;
  /** The cursor may have something to hand over. */
  wake(cursor: Cursor, home: CursorHome): void;
  /** Ends a subscription from this side. */
  drop(channel: string, reason: EndReason): void;
}

/** What comes with a subscribe command. */
export interface Wishes {
  readonly rate: number | undefined;
  /** "" for none. */
  readonly token: string;
}

/** What a session asks of a channel. */
export interface CursorHome {
  attach(cursor: Cursor, wishes: Wishes): void;
  /** The tab has left, or its connection has. */
  detach(cursor: Cursor): void;
  rate(cursor: Cursor, rate: number): void;
  /** Rests, or goes on. @returns How many publications of a `signal` channel are passed over. */
  rest(cursor: Cursor, isPaused: boolean): number;
  /** Adds what a cursor has not handed over to `lines`, as far as there is room. @returns How many characters. */
  pull(cursor: Cursor, room: number, lines: string[]): number;
}
