// Renewal: asking the application whether what is about to expire may stay.
import type { AccessRules, Renewal } from "../access.ts";
import type { Known } from "../hub/channel.ts";
import { reasonOf } from "../ports/log.ts";
import { channelRule } from "./channel-access.ts";
import type { Context } from "./context.ts";
import { Expiry } from "./expiry.ts";
import type { SessionNode } from "./node.ts";
import { guarded } from "./rules.ts";

interface Renewed {
  readonly context: Context;
  /** Asked again for every answer: the subscription may be another one by then. */
  readonly isOpen: () => boolean;
  readonly expiry: () => Expiry;
  readonly expired: () => void;
}

/** Closes the connection, unless the application or a new token prolongs it. */
export function connectionExpiry(context: Context): Expiry {
  const expired = (): void => context.close("connection_expired", "its time is over");
  const rule = context.node.access.refresh;
  if (rule === undefined) return new Expiry(context.node, expired);
  const renewed = { context, isOpen: () => context.isOpen, expiry: () => expiry, expired };
  const expiry: Expiry = new Expiry(
    context.node,
    expired,
    renewal(renewed, "refresh", () => rule(context.rule())),
  );
  return expiry;
}

/** The rule that prolongs subscriptions to such a channel; `undefined` where their clients bring new tokens. */
export function subRefreshRule({ access }: SessionNode, { definition }: Known): AccessRules["subRefresh"] {
  const isAsked = access.subRefreshPatterns?.includes(definition.pattern) ?? true;
  return isAsked ? access.subRefresh : undefined;
}

/** Ends the subscription, unless the application or a new token prolongs it. */
export function subscriptionExpiry(context: Context, channel: string, known: Known): Expiry {
  const { node, subscriptions, subscriber } = context;
  const expired = (): void => {
    node.metrics.add("subscriptions_expired");
    subscriber.end(channel, "subscription_expired");
  };
  const rule = subRefreshRule(node, known);
  if (rule === undefined) return new Expiry(node, expired);
  const isOpen = (): boolean => subscriptions.get(channel)?.expiry === expiry;
  const asked = (): Renewal | Promise<Renewal> => rule(channelRule(context, channel, known));
  const expiry: Expiry = new Expiry(
    node,
    expired,
    renewal({ context, isOpen, expiry: () => expiry, expired }, "subRefresh", asked),
  );
  return expiry;
}

/** One question at a time. One that fails is asked again at the next look; the grace is how often. */
function renewal(renewed: Renewed, name: string, rule: () => Renewal | Promise<Renewal>): () => void {
  const { node } = renewed.context;
  let isAsking = false;
  const ask = async (): Promise<void> => {
    const said = await guarded(node, name, rule);
    if (!renewed.isOpen()) return;
    if (said === "expired") return renewed.expired();
    renewed.expiry().set(said.expiresAt);
  };
  return () => {
    if (isAsking) return;
    isAsking = true;
    ask()
      .catch((thrown: unknown) => {
        node.metrics.add("renewals_failed");
        node.log.warn("a rule did not say whether somebody may stay", { rule: name, reason: reasonOf(thrown) });
      })
      .finally(() => (isAsking = false));
  };
}
