// Where the connection stands, as one union, and why it went.

import type { SessionId } from "@tidewire/protocol";

/** Why a connection or a subscription ended: a code of the protocol's tables, and words for people. */
export interface EndReason {
  readonly code: number;
  readonly reason: string;
}

/** Where the client stands. Times ending in `AtMs` and `sinceMs` are milliseconds since 1970. */
export type ConnectionState =
  /** `connect` was not called yet. */
  | { readonly kind: "idle" }
  /** `attempt` counts from 1 since the connection last held for ten seconds. */
  | { readonly kind: "connecting"; readonly attempt: number }
  /** `data` is what the server's `connect` rule sent along. */
  | { readonly kind: "connected"; readonly session: SessionId; readonly sinceMs: number; readonly data: unknown }
  /** The next attempt begins by itself. */
  | {
      readonly kind: "waiting";
      readonly attempt: number;
      readonly delayMs: number;
      readonly retryAtMs: number;
      readonly reason: EndReason;
    }
  /** The platform says there is no network: attempts are rare until it returns. */
  | { readonly kind: "offline"; readonly reason: EndReason }
  /** Ended by `close`, or by the server for good. Only `connect` opens it again. */
  | { readonly kind: "closed"; readonly reason: EndReason };

/** Reasons that arise in the client; numbers below 1000 never come from a server. */
export const localReasons: Readonly<Record<"closed" | "noPing" | "noAnswer" | "disconnected", EndReason>> = {
  closed: { code: 0, reason: "closed" },
  noPing: { code: 2, reason: "no ping" },
  noAnswer: { code: 3, reason: "no answer" },
  disconnected: { code: 6, reason: "disconnected" },
};
