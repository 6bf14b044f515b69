// Where a subscription stands, and what it tells of members, as unions.

import type { Member, TidewireError } from "@tidewire/protocol";
import type { EndReason } from "./connection-state.ts";

/** Where a subscription stands. */
export type SubscriptionStatus =
  /** Not open, or ended by the server, which then says why. */
  | { readonly kind: "closed"; readonly reason: EndReason | null }
  /** Wants a connection, or waits before it asks again. */
  | { readonly kind: "waiting" }
  | { readonly kind: "subscribing" }
  /** `recovered`: nothing is missing since the last publication, or since it was opened. */
  | { readonly kind: "live"; readonly recovered: boolean }
  /** The server sends nothing until `resume`. */
  | { readonly kind: "paused"; readonly recovered: boolean }
  /** The server said no; opening it again asks again. */
  | { readonly kind: "refused"; readonly error: TidewireError };

/** Who came or left; of more members than are shown, how many sessions and different users there are, and at last that they are listed again. */
export type MemberChange =
  | { readonly kind: "join" | "leave"; readonly member: Member }
  | { readonly kind: "counts"; readonly clients: number; readonly users: number; readonly areListed: boolean };

/** Whether the server has us as a subscriber. */
export function isUp(status: SubscriptionStatus): status is SubscriptionStatus & { readonly kind: "live" | "paused" } {
  return status.kind === "live" || status.kind === "paused";
}
