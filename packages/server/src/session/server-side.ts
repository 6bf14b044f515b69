// Server-side subscriptions: those that the server begins by its own word, at connect or later.
import { fail, type Member } from "@tidewire/protocol";
import type { ConnectRequest } from "../access.ts";
import type { Seen } from "../hub/recovery.ts";
import { CloseError } from "./close-error.ts";
import type { CommandId, CommandOf } from "./command.ts";
import type { Context } from "./context.ts";
import { closeCrowded } from "./crowd.ts";
import { ttlOf } from "./expiry.ts";
import { beginningOf, type Granted, grant } from "./granted.ts";
import { type Admitted, identify } from "./identify.ts";
import { memberAs, memberOf } from "./member.ts";
import type { Reply } from "./reply.ts";
import { checkRoom } from "./room.ts";
import { checkUser } from "./users.ts";

/** What a connect comes to: who it is, and its subscriptions, held until the reply is queued. */
export interface Entry extends Admitted {
  readonly subscriptions: ReadonlyMap<string, Granted>;
}

/**
 * Decides a connect, and opens what the server subscribes it to. Nothing is left behind when it fails.
 * @throws {TidewireError | CloseError}
 */
export async function enter(context: Context, request: ConnectRequest, seen: Seens): Promise<Entry> {
  const { node, id } = context;
  const admitted = await identify(node, request);
  const { identity } = admitted;
  const channels = context.traits.hasOneChannel ? [] : admitted.channels;
  checkUser(node, identity.user);
  const most = node.limits.channelsPerConnection;
  if (channels.length > most) {
    node.metrics.hit("channelsPerConnection");
    throw new CloseError("channel_limit", `expected at most ${most}, got ${channels.length}`);
  }
  if (channels.length === 0) return { ...admitted, subscriptions: none };
  const member = memberAs(id, identity);
  const opening = channels.map((channel) => openOne(context, { channel, seen: seen.get(channel) ?? null, member }));
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

type Seens = CommandOf<"connect">["seen"];

const none: ReadonlyMap<string, Granted> = new Map();

/** The connect reply. */
export function welcome({ id: session, node }: Context, id: CommandId, entry: Entry): Reply {
  return {
    kind: "connected",
    id,
    session,
    data: entry.identity.data,
    pingIntervalMs: node.limits.pingIntervalMs,
    ttl: ttlOf(entry.expiresAt, node.clock),
    subscriptions: Array.from(entry.subscriptions, ([channel, granted]) => beginningOf(channel, granted, null)),
  };
}

/**
 * Subscribes somebody who is connected. False when it has gone meanwhile.
 * @throws {TidewireError} `already_subscribed`, `limit_exceeded`, `unknown_channel`, `not_available`.
 */
export async function subscribeLive(context: Context, channel: string): Promise<boolean> {
  const { subscriptions } = context;
  if (context.isCrowded) closeCrowded(context);
  if (!context.isOpen) return false;
  const present = subscriptions.get(channel);
  if (present?.isServerSide === true) return true;
  if (present !== undefined) fail("already_subscribed", "the client has subscribed to it by itself");
  checkRoom(context);
  const opened = await openOne(context, { channel, seen: null, member: memberAs(context.id, context.identity) });
  try {
    if (!context.isOpen) return false;
    checkRoom(context);
    const { position } = beginningOf(channel, opened, null);
    if (!context.tell({ kind: "subscribed", channel, position })) {
      fail("not_available", "this client's dialect knows its own channel alone");
    }
    subscriptions.set(channel, opened);
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

async function openOne(
  context: Context,
  { channel, seen, member }: { readonly channel: string; readonly seen: Seen | null; readonly member: Member },
): Promise<Granted> {
  const { hub } = context.node;
  const known = hub.registry.resolve(channel);
  const shown = await memberOf(known, member, context.node);
  const { subscriber, traits } = context;
  const { encoder } = traits;
  const wantsMembers = known.definition.announcesMembers;
  const subscription = await hub.subscribe(channel, { subscriber, encoder, seen, member: shown, wantsMembers });
  const wasRecovering = seen !== null;
  return grant(subscription, { isServerSide: true, channelInfo: undefined, expiry: null, wasRecovering });
}
