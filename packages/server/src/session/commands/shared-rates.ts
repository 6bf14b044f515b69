// What a publish takes of the rates that its connection shares: of its user's, and of the channel's.
//
// What others do is no fault of this connection: it is refused, and not closed.
import type { Known } from "../../hub/channel.ts";
import { refuse } from "../../hub/refusal.ts";
import type { Context } from "../context.ts";

/** @throws {TidewireError} `too_many_requests` */
export function checkUserRate({ node, identity }: Context): void {
  const { userPublishesPerSecond: perSecond, userPublishBurst: burst } = node.limits;
  if (identity.user === "" || node.userRates.take(identity.user, { perSecond, burst })) return;
  node.metrics.hit("userPublishesPerSecond");
  refuse("too_many_requests", "too many publishes of this user in a second");
}

/**
 * Asked last: whoever may not publish there, or nothing of the kind, takes nothing of what others may.
 * @throws {TidewireError} `too_many_requests`
 */
export function checkChannelRate(
  { node, rates }: Context,
  channel: string,
  { definition: { publishRate } }: Known,
): void {
  if (publishRate === null || !rates.isOn || node.channelRates.take(channel, publishRate)) return;
  node.metrics.hit("channelPublishes");
  refuse("too_many_requests", "too many publishes to this channel in a second");
}
