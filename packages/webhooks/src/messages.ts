// What the face of webhooks and its thread say to each other.
import type { DeadDelivery, DeliveryQuery, EndpointFigures, EndpointState } from "@tidewire/server";
import type { LogFields } from "@tidewire/protocol/ports";
import type { Endpoint } from "./endpoint.ts";
import type { Notice, Standing } from "./notice.ts";

export interface ThreadOptions {
  readonly path: string;
  readonly maxFileBytes: number;
  readonly endpoints: readonly Endpoint[];
}

export type Ask =
  | { readonly kind: "take"; readonly notices: readonly Notice[] }
  | { readonly kind: "recall" }
  | { readonly kind: "adopt"; readonly standing: readonly Standing[] }
  | { readonly kind: "states" }
  | { readonly kind: "figures" }
  | { readonly kind: "dead"; readonly query: DeliveryQuery }
  | { readonly kind: "replay"; readonly which: { readonly endpoint: string | null; readonly id: string | null } }
  | { readonly kind: "close"; readonly graceMs: number };

/** What each of them is answered with. */
export interface Answers {
  readonly take: null;
  readonly recall: readonly string[];
  readonly adopt: null;
  readonly states: readonly EndpointState[];
  readonly figures: readonly EndpointFigures[];
  readonly dead: readonly DeadDelivery[];
  readonly replay: number;
  readonly close: null;
}

export interface Request {
  readonly number: number;
  readonly ask: Ask;
}

export type Answer =
  | { readonly kind: "value"; readonly number: number; readonly value: Answers[keyof Answers] }
  | {
      readonly kind: "refused";
      readonly number: number;
      readonly reason: "limit_exceeded" | "engine_unavailable";
      readonly message: string;
    };

export type ThreadNews =
  | Answer
  /** It sends, or waits until the process that does is gone. */
  | { readonly kind: "ready" }
  | { readonly kind: "failed"; readonly message: string }
  | {
      readonly kind: "log";
      readonly level: "info" | "warn" | "error";
      readonly message: string;
      readonly fields: LogFields;
    };
