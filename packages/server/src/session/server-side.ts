// Server-side subscriptions: those that the server begins by its own word, at connect or later.
import { fail, type Member } from "@tidewire/protocol";
import type { ConnectRequest, LiveTerms, RuleContext, SubscribeTerms } from "../access.ts";
import type { Seen } from "../hub/recovery.ts";
import { askToSubscribe } from "./channel-access.ts";
import { CloseError } from "./close-error.ts";
import type { CommandId, CommandOf } from "./command.ts";
import type { Context } from "./context.ts";
import { closeCrowded } from "./crowd.ts";
import { ttlOf } from "./expiry.ts";
import { give } from "./given.ts";
import { beginningOf, type Granted, grant, plainly } from "./granted.ts";
import { type Admitted, identify, ruleContext } from "./identify.ts";
import { subscriptionExpiry } from "./renewal.ts";
import { memberAs, memberOf } from "./member.ts";
import type { Reply } from "./reply.ts";
import { checkRoom } from "./room.ts";
import { checkTellable } from "./tellable.ts";
import { checkUser } from "./users.ts";

/** What a connect comes to: who it is, and its subscriptions, held until the reply is queued. */
export interface Entry extends Admitted {
  readonly subscriptions: ReadonlyMap<string, Granted>;
}

/**
 * Decides a connect, and opens what the server subscribes it to. Nothing is left behind when it fails.
 * @throws {TidewireError | CloseError}
 */
export async function enter(
  context: Context,
  request: ConnectRequest,
  { seen, asks = [] }: Pick<CommandOf<"connect">, "seen" | "asks">,
): Promise<Entry> {
  const { node, id } = context;
  const admitted = await identify(node, request);
  const { identity } = admitted;
  const given = context.traits.hasOneChannel ? [] : admitted.channels;
  checkUser(node, identity.user);
  const channels = asks.length === 0 ? given : [...new Set([...given, ...asks])];
  const most = node.limits.channelsPerConnection;
  if (channels.length > most) {
    node.metrics.hit("channelsPerConnection");
    throw new CloseError("channel_limit", `expected at most ${most}, got ${channels.length}`);
  }
  if (channels.length === 0) return { ...admitted, subscriptions: none };
  const rule = (): RuleContext => ruleContext(id, identity, context.traits.encoder.id);
  const terms = new Map<string, SubscribeTerms | null>();
  for (const channel of channels.slice(given.length)) {
    const asked = askToSubscribe({ node, identity, rule }, { channel }, node.hub.registry.resolve(channel));
    terms.set(channel, await asked);
  }
  const opening = channels.map(async (channel) => {
    const { info, expiresAt } = terms.get(channel) ?? {};
    const member = memberAs(id, identity, info);
    const mayExpire = expiresAt !== undefined;
    const opened = await openOne(context, { channel, seen: seen.get(channel) ?? null, member, mayExpire });
    opened.expiry?.set(expiresAt ?? null);
    return opened;
  });
  const opened = await Promise.allSettled(opening);
  const subscriptions = new Map<string, Granted>();
  for (const [index, outcome] of opened.entries()) {
    if (outcome.status === "fulfilled") subscriptions.set(channels[index] ?? "", outcome.value);
  }
  const failed = opened.find((outcome) => outcome.status === "rejected");
  if (failed === undefined) return { ...admitted, subscriptions };
  for (const subscription of subscriptions.values()) subscription.close();
  throw failed.reason;
}

const none: ReadonlyMap<string, Granted> = new Map();

/** The connect reply. */
export function welcome({ id: session, node }: Context, id: CommandId, entry: Entry): Reply {
  return {
    kind: "connected",
    id,
    session,
    data: entry.identity.data,
    pingIntervalMs: node.limits.pingIntervalMs,
    // Where the application is asked itself, its client has no part in it.
    ttl: node.access.refresh === undefined ? ttlOf(entry.expiresAt, node.clock) : null,
    subscriptions: Array.from(entry.subscriptions, ([channel, granted]) => beginningOf(channel, granted, null)),
  };
}

/**
 * Subscribes somebody who is connected. False when it has gone meanwhile.
 * @throws {TidewireError} `already_subscribed`, `limit_exceeded`, `unknown_channel`, `not_available`,
 * `unrecoverable_position`.
 */
export async function subscribeLive(
  context: Context,
  channel: string,
  { info, data, expiresAt, since }: LiveTerms,
): Promise<boolean> {
  const { subscriptions } = context;
  if (context.isCrowded) closeCrowded(context);
  if (!context.isOpen) return false;
  const present = subscriptions.get(channel);
  // The client may have taken it over meanwhile: it is there by the server's word all the same.
  if (present !== undefined && (present.isServerSide || context.given?.has(channel) === true)) return true;
  if (present !== undefined) fail("already_subscribed", "the client has subscribed to it by itself");
  checkRoom(context);
  const seen = since === undefined ? null : { position: since, id: null };
  const member = memberAs(context.id, context.identity, info);
  const opened = await openOne(context, { channel, seen, member, mayExpire: expiresAt !== undefined });
  try {
    if (!context.isOpen) return false;
    checkRoom(context);
    if (seen !== null && !opened.recovered) fail("unrecoverable_position");
    const { position } = beginningOf(channel, opened, null);
    if (!context.tell({ kind: "subscribed", channel, position, data })) {
      fail("not_available", "this client's dialect knows its own channel alone");
    }
    subscriptions.set(channel, opened);
    give(context, channel, opened);
    opened.expiry?.set(expiresAt ?? null);
    opened.release();
    return true;
  } finally {
    if (subscriptions.get(channel) !== opened) opened.close();
  }
}

/** Ends a subscription by the server's own word. False when there was none. */
export async function unsubscribeLive({ subscriber, subscriptions }: Context, channel: string): Promise<boolean> {
  const wasSubscribed = subscriptions.has(channel);
  subscriber.end(channel, "unsubscribed");
  return wasSubscribed;
}

interface Opening {
  readonly channel: string;
  readonly seen: Seen | null;
  readonly member: Member;
  readonly mayExpire?: boolean;
}

async function openOne(context: Context, { channel, seen, member, mayExpire = false }: Opening): Promise<Granted> {
  const { hub } = context.node;
  const known = hub.registry.resolve(channel);
  checkTellable(context, known);
  const shown = await memberOf(known, member, context.node);
  const { subscriber, traits } = context;
  const { encoder } = traits;
  const wantsMembers = known.definition.announcesMembers;
  const subscription = await hub.subscribe(channel, { subscriber, encoder, seen, member: shown, wantsMembers });
  const wasRecovering = seen !== null;
  const { channelInfo } = member;
  const expiry = mayExpire ? subscriptionExpiry(context, channel, known) : null;
  return grant(subscription, { isServerSide: true, channelInfo, expiry, wasRecovering, manner: plainly });
}
