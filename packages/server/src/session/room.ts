// How many subscriptions one connection may have.
import { fail } from "@tidewire/protocol";
import type { Context } from "./context.ts";

/** @throws {TidewireError} `limit_exceeded`. */
export function checkRoom({ subscriptions, node }: Context): void {
  const most = node.limits.channelsPerConnection;
  if (subscriptions.size < most) return;
  node.metrics.hit("channelsPerConnection");
  fail("limit_exceeded", `a connection has at most ${most} subscriptions`);
}
