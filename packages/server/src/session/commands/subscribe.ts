// subscribe, unsubscribe, pause and resume: opening, ending and resting a cursor.
import type { Member } from "@tidewire/protocol";
import { admitToChannel } from "../channel-access.ts";
import type { Known } from "../../hub/channel.ts";
import type { Encoder } from "../../hub/encoder.ts";
import type { Subscription } from "../../hub/subscription.ts";
import { filtered, filterOf } from "../../hub/filter.ts";
import { refuse } from "../../hub/refusal.ts";
import type { CommandOf } from "../command.ts";
import type { Context } from "../context.ts";
import { ttlOf } from "../expiry.ts";
import { subRefreshRule, subscriptionExpiry } from "../renewal.ts";
import { admissionOfGiven, give } from "../given.ts";
import { beginningOf, grant, plainly } from "../granted.ts";
import type { Manner } from "../link.ts";
import { memberAs, memberOf } from "../member.ts";
import { checkRoom } from "../room.ts";
import { checkTellable } from "../tellable.ts";

export async function subscribe(context: Context, command: CommandOf<"subscribe">): Promise<void> {
  const { node, subscriptions, rates } = context;
  const { channel } = command;
  const given = admissionOfGiven(context, channel);
  const present = subscriptions.get(channel);
  if (present === undefined) checkRoom(context);
  else if (given === null || !present.isServerSide) refuse("already_subscribed");
  if (!rates.maySubscribe()) tooFast(context, "subscribes");
  const known = node.hub.registry.resolve(channel);
  if (command.rate !== null) checkRated(known);
  checkTellable(context, known);
  const admission = given ?? (await admitToChannel(context, command, known));
  const channelInfo = admission?.info;
  const member = known.definition.presence ? await shownOf(context, known, channelInfo) : null;
  if (!context.isOpen) return;
  const { encoder, manner } = wordsFor(context, command, known);
  // Before: a session is a member once, and reads a channel once (decision 0035).
  subscriptions.delete(channel);
  present?.close();
  const subscription = await opened(context, command, { known, encoder, member });
  if (!isWanted(context, command, subscription)) return;
  const expiry = admission === null ? null : subscriptionExpiry(context, channel, known);
  const expiresAt = admission?.expiresAt ?? null;
  expiry?.set(expiresAt);
  const granted = grant(subscription, {
    isServerSide: false,
    channelInfo,
    expiry,
    wasRecovering: command.seen !== null,
    manner,
  });
  subscriptions.set(channel, granted);
  if (command.rate !== null) subscription.cursor.rate(command.rate);
  if (command.isPaused) {
    subscription.cursor.pause();
    subscription.members?.pause();
  }
  if (given !== null) give(context, channel, granted);
  // Where the application is asked itself, or said it by itself, its client has no part in it.
  const isItsOwn = given === null && subRefreshRule(node, known) === undefined;
  const ttl = isItsOwn ? ttlOf(expiresAt, node.clock) : null;
  const beginning = { ...beginningOf(channel, granted, ttl), data: admission?.data };
  context.reply({ kind: "subscribed", id: command.id, ...beginning });
  // The reply is queued: from here publications may follow it (S10).
  subscription.release();
}

interface Reader {
  readonly known: Known;
  readonly encoder: Encoder;
  readonly member: Member | null;
}

function opened(
  { node, subscriber }: Context,
  { channel, seen, wantsMembers }: CommandOf<"subscribe">,
  { known, encoder, member }: Reader,
): Promise<Subscription> {
  const { definition } = known;
  return node.hub.subscribe(channel, {
    subscriber,
    encoder,
    seen,
    member,
    wantsMembers: (wantsMembers && definition.presence) || definition.announcesMembers,
  });
}

/**
 * Whether what was opened is to be kept; it is closed if not. Not async: whoever asks keeps it before another one asks,
 * or the limit would be of those opened at different moments.
 * @throws {TidewireError} `unrecoverable_position`, `limit_exceeded`.
 */
function isWanted(
  context: Context,
  { mustRecover, seen }: CommandOf<"subscribe">,
  subscription: Subscription,
): boolean {
  try {
    if (context.isOpen && mustRecover && seen !== null && !subscription.recovered) refuse("unrecoverable_position");
    // Others may have come first while this one was opened.
    if (context.isOpen) checkRoom(context);
  } catch (thrown) {
    subscription.close();
    throw thrown;
  }
  if (!context.isOpen) subscription.close();
  return context.isOpen;
}

function shownOf({ id, identity, node }: Context, known: Known, channelInfo: unknown): ReturnType<typeof memberOf> {
  return memberOf(known, memberAs(id, identity, channelInfo), node);
}

/**
 * How this subscription is told of publications: as far as its channel allows what it asks for.
 * @throws {TidewireError} `bad_request` for a filter that is none, or where the channel has none.
 */
function wordsFor(
  { traits }: Context,
  { wantsNumber, wantsPatches, filter }: CommandOf<"subscribe">,
  { definition }: Known,
): { readonly encoder: Encoder; readonly manner: Manner } {
  const { encoder, encoderFor, hasNumbers = false } = traits;
  if (encoderFor === undefined) return { encoder, manner: plainly };
  // A reader of some publications has not seen the one before another.
  const isPatched = wantsPatches && definition.deltas && filter === null;
  const isNumbered = wantsNumber && hasNumbers;
  const manner = isNumbered || isPatched ? { isNumbered, isPatched } : plainly;
  if (filter === null) return { encoder: encoderFor(manner), manner };
  if (!definition.filters) refuse("bad_request", "tf: this channel has no filters");
  return { encoder: filtered(encoderFor(manner), filterOf(filter)), manner };
}

/** @throws {TidewireError} `bad_request`: what passes over publications would break what the other modes promise. */
export function checkRated({ definition }: Known): void {
  if (definition.mode !== "latest") {
    refuse("bad_request", `rate: expected a latest channel, this is a ${definition.mode} channel`);
  }
}

/** Always succeeds, also for a channel that was not subscribed. */
export function unsubscribe(context: Context, command: CommandOf<"unsubscribe">): void {
  context.subscriptions.get(command.channel)?.close();
  context.subscriptions.delete(command.channel);
  context.reply({ kind: "unsubscribed", id: command.id });
}

export function pause(context: Context, command: CommandOf<"pause">): void {
  const { cursor, members } = subscriptionOf(context, command.channel);
  cursor.pause();
  members?.pause();
  context.reply({ kind: "flow", id: command.id, skipped: 0 });
}

export function resume(context: Context, command: CommandOf<"resume">): void {
  const { cursor, members } = subscriptionOf(context, command.channel);
  const skipped = cursor.resume();
  context.reply({ kind: "flow", id: command.id, skipped });
  members?.resume();
}

export function subscriptionOf(
  context: Context,
  channel: string,
): NonNullable<ReturnType<Context["subscriptions"]["get"]>> {
  return context.subscriptions.get(channel) ?? refuse("denied", "not subscribed to this channel");
}

/** Refuses what came too fast, and ends a connection that does not slow down. */
export function tooFast(context: Context, what: string): never {
  context.node.metrics.add("rate_refusals");
  if (context.rates.isHopeless) {
    context.node.metrics.hit("refusalsInARow");
    context.close("too_many_requests", `too many ${what}`);
  }
  return refuse("too_many_requests", `too many ${what} in a second`);
}
