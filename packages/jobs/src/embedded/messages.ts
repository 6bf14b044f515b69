// What the store and its thread say to each other.
import type { Answers as StoreAnswers, Ask as StoreAsk } from "../store/ask.ts";

export interface ThreadOptions {
  readonly path: string;
  readonly maxFileBytes: number | null;
  readonly keepEndedMs: number;
  readonly keepDeadMs: number;
}

export type Ask = StoreAsk | { readonly kind: "close" };

/** What each of them is answered with. */
export interface Answers extends StoreAnswers {
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
