// The records of a history: what was asked, what was answered, what the log has and what was handed over, in that order.
import type { Position } from "@tidewire/protocol";

export type Mode = "stream" | "latest" | "signal";

/** Names one publish; its payload carries it, so that a delivery can be told from every other. */
export type Op = string;

/** One subscription, from the application's `open` to its end, over any number of connections. */
export type Life = string;

export type HistoryRecord =
  /** @property log Whether `append` comes as the log grows, at the end as history is read back, or not at all. */
  | {
      readonly kind: "channel";
      readonly channel: string;
      readonly mode: Mode;
      readonly log: "live" | "after" | "unknown";
    }
  /** Whether a user may read a channel. Without one: may. */
  | { readonly kind: "rule"; readonly user: string; readonly channel: string; readonly may: boolean }
  /** A publish begins. Attempts with one idempotency key are one op that is invoked several times. */
  | { readonly kind: "invoke"; readonly op: Op; readonly by: string; readonly channel: string }
  | { readonly kind: "ack"; readonly op: Op; readonly position: Position | null; readonly duplicate: boolean }
  /** It was not done, and never will be. */
  | { readonly kind: "reject"; readonly op: Op; readonly reason: string }
  | { readonly kind: "indeterminate"; readonly op: Op }
  /** Its connection ended before its answer came: it may be sent on another one, and then has no place among others (P1). */
  | { readonly kind: "resent"; readonly op: Op }
  /** The log has it. `op` is "" for a removal. */
  | {
      readonly kind: "append";
      readonly channel: string;
      readonly position: Position;
      readonly op: Op;
      readonly previous: number;
      readonly key?: string;
      readonly removed?: true;
    }
  /** What is below is no longer kept. */
  | { readonly kind: "floor"; readonly channel: string; readonly position: Position }
  /** Another epoch is in force, whose log ends here. */
  | { readonly kind: "epoch"; readonly channel: string; readonly position: Position }
  /** A fault of the store, known to be one: the log ends here again, under the same epoch. */
  | { readonly kind: "rollback"; readonly channel: string; readonly position: Position }
  /** A fault of the store, known to be one: what it remembered of publishes is gone, and one may be done again. */
  | { readonly kind: "forgot" }
  | { readonly kind: "subscribe"; readonly life: Life; readonly user: string; readonly channel: string }
  /** The server has it as a subscriber. `position`: where it goes on. */
  | { readonly kind: "reply"; readonly life: Life; readonly recovered: boolean; readonly position: Position | null }
  /** Handed to the application. `op` is "" for a removal. */
  | { readonly kind: "deliver"; readonly life: Life; readonly position: Position | null; readonly op: Op }
  /** Something may be missing before `to`. */
  | { readonly kind: "gap"; readonly life: Life; readonly to: Position | null }
  | { readonly kind: "skipped"; readonly life: Life; readonly count: number }
  | { readonly kind: "unsubscribe"; readonly life: Life }
  /** The server said no. */
  | { readonly kind: "refused"; readonly life: Life; readonly reason: string }
  /** Nothing is under way any more: whoever is subscribed has everything. */
  | { readonly kind: "settled" };

export type RecordKind = HistoryRecord["kind"];
export type RecordOf<Kind extends RecordKind> = Extract<HistoryRecord, { readonly kind: Kind }>;

/** What can be wrong with a history. */
export const verdicts = [
  "lost",
  "duplicate",
  "reorder",
  "skip",
  "ghost",
  "offset_reuse",
  "false_recovered",
  "needless_unrecovered",
  "cross_channel",
  "unauthorised",
  "after_unsubscribe",
  "stuck",
] as const;

export type Verdict = (typeof verdicts)[number];

export interface Violation {
  readonly verdict: Verdict;
  /** What was expected, and what came. */
  readonly says: string;
  /** The number of the record that showed it, from 1. */
  readonly at: number;
}

export function written(position: Position | null): string {
  return position === null ? "nowhere" : `${position.epoch.slice(0, 6)}:${position.offset}`;
}
