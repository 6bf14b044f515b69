// What the store and its thread say to each other.
import type {
  Added,
  Claimed,
  Hold,
  JobDraft,
  JobQuery,
  JobRecord,
  Outcome,
  Renewal,
  Settled,
  Wanted,
} from "../store/job-store.ts";

export interface ThreadOptions {
  readonly path: string;
  readonly maxFileBytes: number | null;
  readonly keepEndedMs: number;
  readonly keepDeadMs: number;
}

export type Ask =
  | { readonly kind: "add"; readonly drafts: readonly JobDraft[] }
  | { readonly kind: "claim"; readonly wanted: Wanted }
  | { readonly kind: "renew"; readonly holds: readonly Hold[]; readonly leaseMs: number }
  | { readonly kind: "settle"; readonly hold: Hold; readonly outcome: Outcome }
  | { readonly kind: "change"; readonly id: string; readonly what: "cancel" | "replay" }
  | { readonly kind: "read"; readonly query: JobQuery }
  | { readonly kind: "close" };

/** What each of them is answered with. */
export interface Answers {
  readonly add: readonly Added[];
  readonly claim: Claimed;
  readonly renew: readonly Renewal[];
  readonly settle: Settled;
  readonly change: boolean;
  readonly read: readonly JobRecord[];
  readonly close: null;
}

export interface Request {
  readonly number: number;
  /** When it was asked, by the clock of the store. */
  readonly nowMs: number;
  readonly ask: Ask;
}

export type Answer =
  | { readonly number: number; readonly kind: "value"; readonly value: Answers[keyof Answers] }
  | {
      readonly number: number;
      readonly kind: "refused";
      readonly reason: "limit_exceeded" | "engine_unavailable";
      readonly message: string;
    };

export type ThreadNews =
  | { readonly kind: "opened" }
  | { readonly kind: "refused"; readonly message: string }
  | { readonly kind: "answers"; readonly answers: readonly Answer[] };
