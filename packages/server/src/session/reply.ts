// Replies and events: what a session tells its client, in the server's own words; dialects translate.
import type { Member, Position, TidewireError, UnsubscribeReasonName } from "@tidewire/protocol";
import type { Ack, Publication } from "../engine/engine.ts";
import type { CommandId } from "./command.ts";

/** Where a subscription begins. */
export interface Subscribed {
  readonly channel: string;
  /** `null` where the channel keeps nothing. */
  readonly position: Position | null;
  readonly wasRecovering: boolean;
  readonly recovered: boolean;
  /** Seconds until its token expires; `null`: it does not. */
  readonly ttl: number | null;
  /** What stands for the channel's name from here; `null`: the name itself. */
  readonly number: number | null;
  /** Whether publications say what has changed since the one before. */
  readonly isPatched: boolean;
  /** What the application sends along. */
  readonly data?: unknown;
}

/** What became of a publish, as far as its publisher is told. */
export type Outcome = Pick<Ack, "position" | "duplicate" | "durability">;

/** Answers one command. */
export type Reply =
  | { readonly kind: "error"; readonly id: CommandId; readonly error: TidewireError }
  | {
      readonly kind: "connected";
      readonly id: CommandId;
      readonly session: string;
      readonly data: unknown;
      readonly pingIntervalMs: number;
      /** Seconds until its token expires; `null`: it does not. */
      readonly ttl: number | null;
      /** What the server has subscribed it to. */
      readonly subscriptions: readonly Subscribed[];
    }
  | (Subscribed & { readonly kind: "subscribed"; readonly id: CommandId })
  | { readonly kind: "refreshed"; readonly id: CommandId; readonly session: string; readonly ttl: number | null }
  | { readonly kind: "subscription_refreshed"; readonly id: CommandId; readonly ttl: number | null }
  | { readonly kind: "unsubscribed"; readonly id: CommandId }
  | {
      readonly kind: "published";
      readonly id: CommandId;
      /** `null` where the client did not ask. */
      readonly result: Outcome | null;
    }
  | { readonly kind: "presence"; readonly id: CommandId; readonly members: readonly Member[] }
  | { readonly kind: "presence_stats"; readonly id: CommandId; readonly clients: number; readonly users: number }
  | {
      readonly kind: "history";
      readonly id: CommandId;
      readonly publications: readonly Publication[];
      readonly top: Position;
    }
  | { readonly kind: "result"; readonly id: CommandId; readonly json: string }
  | { readonly kind: "flow"; readonly id: CommandId; readonly skipped: number };

/** Said without having been asked. */
export type SessionEvent =
  | { readonly kind: "ping" }
  /** To be answered with its number; the link's own (PROTOCOL 1.17). */
  | { readonly kind: "mark"; readonly at: number }
  /** The server has subscribed it. */
  | {
      readonly kind: "subscribed";
      readonly channel: string;
      readonly position: Position | null;
      readonly data?: unknown;
    }
  | { readonly kind: "unsubscribed"; readonly channel: string; readonly reason: UnsubscribeReasonName }
  /** A `signal` channel skipped ahead. */
  | { readonly kind: "skipped"; readonly channel: string; readonly count: number }
  /** Publications were lost for this reader, and it goes on behind them. */
  | { readonly kind: "gap"; readonly channel: string; readonly position: Position }
  /** The server is about to close, and nobody is let in before so many milliseconds are over. */
  | { readonly kind: "return"; readonly afterMs: number };
