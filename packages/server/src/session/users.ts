// How many connections each account has on this node.
import { CloseError } from "./close-error.ts";
import type { SessionNode } from "./node.ts";

/** @throws {CloseError} when the user has as many connections as it may. */
export function checkUser(node: SessionNode, user: string): void {
  const most = node.limits.connectionsPerUser;
  if (user === "" || (node.users.get(user) ?? 0) < most) return;
  node.metrics.hit("connectionsPerUser");
  throw new CloseError("connection_limit", `a user has at most ${most} connections`);
}

export function countUser(node: SessionNode, user: string, change: 1 | -1): void {
  if (user === "") return;
  const count = (node.users.get(user) ?? 0) + change;
  if (count === 0) node.users.delete(user);
  else node.users.set(user, count);
}
