// refresh and sub_refresh: a new token for what the old one let in.
import { refuse } from "../../hub/refusal.ts";
import { CloseError } from "../close-error.ts";
import type { CommandOf } from "../command.ts";
import type { Context } from "../context.ts";
import { ttlOf } from "../expiry.ts";
import { checkBelongs, claimsOf, verifierOf } from "../verified.ts";

/** @throws {CloseError} for a token that has expired, is not valid, or names somebody else. */
export async function refresh(context: Context, command: CommandOf<"refresh">): Promise<void> {
  const { node } = context;
  const claims = await claimsOf(node, verifierOf(node).connection(command.token));
  if (!context.isOpen) return;
  if (claims === "expired") throw new CloseError("connection_expired", "the new token has expired too");
  if ("invalid" in claims) throw new CloseError("invalid_token", claims.invalid);
  if (claims.user !== context.tokenUser) throw new CloseError("invalid_token", "the token is another user's");
  context.expiry.set(claims.expiresAt);
  const ttl = ttlOf(claims.expiresAt, node.clock);
  context.reply({ kind: "refreshed", id: command.id, session: context.id, ttl });
}

/** @throws {TidewireError} `denied`. @throws {CloseError} for a token that has expired or is somebody else's. */
export async function subRefresh(context: Context, command: CommandOf<"sub_refresh">): Promise<void> {
  const { node, subscriptions } = context;
  const { channel } = command;
  const verifier = verifierOf(node);
  const subscription = subscriptions.get(channel) ?? refuse("denied", "not subscribed to this channel");
  const { expiry } = subscription;
  if (expiry === null) return refuse("denied", "no token let this subscription in");
  const claims = await claimsOf(node, verifier.subscription(command.token));
  if (!context.isOpen) return;
  if (subscriptions.get(channel) !== subscription) return refuse("denied", "not subscribed to this channel any more");
  if (claims === "expired") throw new CloseError("subscription_expired", "the new token has expired too");
  if ("invalid" in claims) return refuse("denied", `the token is not valid: ${claims.invalid}`);
  checkBelongs(claims, { user: context.identity.user, channel });
  expiry.set(claims.expiresAt);
  context.reply({ kind: "subscription_refreshed", id: command.id, ttl: ttlOf(claims.expiresAt, node.clock) });
}
