// Who may read and write a channel: a subscription token, or the channel's name and the application's rule.
import { fail } from "@tidewire/protocol";
import type { ChannelRuleContext } from "../access.ts";
import type { Known } from "../hub/channel.ts";
import { isKeptOut } from "../tokens/names.ts";
import type { SubscriptionClaims } from "../tokens/claims.ts";
import type { CommandOf } from "./command.ts";
import type { Context } from "./context.ts";
import { ask } from "./rules.ts";
import { checkBelongs, claimsOf, verifierOf } from "./verified.ts";

/**
 * The claims of its token; `null` when the rule lets it in.
 * @throws {TidewireError} `denied`, `token_expired`, or the rule's own. @throws {CloseError} for somebody else's token.
 */
export async function admitToChannel(
  context: Context,
  { channel, token }: CommandOf<"subscribe">,
  known: Known,
): Promise<SubscriptionClaims | null> {
  const { node, identity } = context;
  if (node.tokens === null || token === "") {
    await askToSubscribe(context, channel, known);
    return null;
  }
  const claims = await claimsOf(node, verifierOf(node).subscription(token));
  if (claims === "expired") return fail("token_expired");
  if ("invalid" in claims) return fail("denied", `the token is not valid: ${claims.invalid}`);
  checkBelongs(claims, { user: identity.user, channel });
  return claims;
}

/** Whose wish it is. */
export type Asking = Pick<Context, "node" | "identity" | "rule">;

/** @throws {TidewireError} when this client may not read the channel without a token for it. */
export function askToSubscribe(context: Asking, channel: string, known: Known): void | Promise<void> {
  checkName(context, channel);
  const rule = context.node.access.subscribe;
  return ask(context.node, "subscribe", rule && (() => rule(channelRule(context, channel, known))));
}

/**
 * Asks the publish rule. Without one, what a name keeps out does not write either, unless it is subscribed.
 * @throws {TidewireError} `denied`, or the rule's own.
 */
export function askToPublish(context: Context, channel: string, known: Known): void | Promise<void> {
  const rule = context.node.access.publish;
  if (rule === undefined && !context.subscriptions.has(channel)) checkName(context, channel);
  return ask(context.node, "publish", rule && (() => rule(channelRule(context, channel, known))));
}

function channelRule(context: Asking, channel: string, { definition, params }: Known): ChannelRuleContext {
  return { ...context.rule(), channel, definition, params };
}

function checkName({ node, identity }: Asking, channel: string): void {
  if (node.tokens !== null && isKeptOut(channel, identity.user)) {
    fail("denied", "this channel's name lets nobody else in without a token for it");
  }
}
