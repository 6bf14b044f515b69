// Who may read and write a channel: a subscription token, or the channel's name and the application's rule.
import type { ChannelRuleContext, PublishTerms, SubscribeTerms } from "../access.ts";
import type { Known } from "../hub/channel.ts";
import { refuse } from "../hub/refusal.ts";
import { isKeptOut } from "../tokens/names.ts";
import type { CommandOf } from "./command.ts";
import type { Context } from "./context.ts";
import { askForTerms } from "./rules.ts";
import { checkBelongs, claimsOf, verifierOf } from "./verified.ts";

/** On what terms somebody reads a channel. */
export interface Admission {
  /** What others in the channel see of this user. */
  readonly info: unknown;
  /** Goes out with the reply. */
  readonly data?: unknown;
  /** In seconds since 1970; `null`: never. */
  readonly expiresAt: number | null;
}

/**
 * The terms of its token or of the rule; `null` where there are none.
 * @throws {TidewireError} `denied`, `token_expired`, or the rule's own. @throws {CloseError} for somebody else's token.
 */
export async function admitToChannel(
  context: Context,
  command: CommandOf<"subscribe">,
  known: Known,
): Promise<Admission | null> {
  const { node, identity } = context;
  const { channel, token } = command;
  if (node.tokens === null || token === "") {
    const terms = await askToSubscribe(context, command, known);
    return terms && admissionOf(terms);
  }
  const claims = await claimsOf(node, verifierOf(node).subscription(token));
  if (claims === "expired") return refuse("token_expired");
  if ("invalid" in claims) return refuse("denied", `the token is not valid: ${claims.invalid}`);
  checkBelongs(claims, { user: identity.user, channel });
  return claims;
}

/** Whose wish it is. */
export type Asker = Pick<Context, "node" | "identity" | "rule">;

function admissionOf({ info, data, expiresAt = 0 }: SubscribeTerms): Admission {
  // What is not JSON is found here, not when somebody else is to be told of this user.
  JSON.stringify([info, data]);
  return { info, data, expiresAt: expiresAt === 0 ? null : expiresAt };
}

interface Asking {
  readonly channel: string;
  readonly data?: unknown;
}

/** @throws {TidewireError} when this client may not read the channel without a token for it. */
export function askToSubscribe(
  context: Asker,
  { channel, data }: Asking,
  known: Known,
): SubscribeTerms | null | Promise<SubscribeTerms | null> {
  checkName(context, channel);
  const rule = context.node.access.subscribe;
  return askForTerms(
    context.node,
    "subscribe",
    rule && (() => rule({ ...channelRule(context, channel, known), data })),
  );
}

/** What is to be done to a channel. */
export interface Change {
  readonly channel: string;
  readonly data: unknown;
  readonly removedKey: string | null;
}

/**
 * Asks the publish rule. Without one, what a name keeps out does not write either, unless it is subscribed.
 * @throws {TidewireError} `denied`, or the rule's own.
 */
export function askToPublish(
  context: Context,
  { channel, data, removedKey }: Change,
  known: Known,
): PublishTerms | null | Promise<PublishTerms | null> {
  const rule = context.node.access.publish;
  const isSubscribed = context.subscriptions.has(channel);
  if (rule === undefined && !isSubscribed) checkName(context, channel);
  const asked = rule && (() => rule({ ...channelRule(context, channel, known), isSubscribed, data, removedKey }));
  return askForTerms(context.node, "publish", asked);
}

export function channelRule(context: Asker, channel: string, { definition, params }: Known): ChannelRuleContext {
  return { ...context.rule(), channel, definition, params };
}

function checkName({ node, identity }: Asker, channel: string): void {
  if (node.tokens !== null && isKeptOut(channel, identity.user)) {
    refuse("denied", "this channel's name lets nobody else in without a token for it");
  }
}
