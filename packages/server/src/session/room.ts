// How many subscriptions one connection may have.
import { refuse } from "../hub/refusal.ts";
import type { Context } from "./context.ts";

/** @throws {TidewireError} `limit_exceeded`. */
export function checkRoom({ subscriptions, node }: Context): void {
  const most = node.limits.channelsPerConnection;
  if (subscriptions.size < most) return;
  node.metrics.hit("channelsPerConnection");
  refuse("limit_exceeded", `a connection has at most ${most} subscriptions`);
}
