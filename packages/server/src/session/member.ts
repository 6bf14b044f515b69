// What a member shows of itself in a channel, checked against the channel's schema and the limit.
import type { Member, SessionId } from "@tidewire/protocol";
import type { Identity } from "../access.ts";
import type { Known } from "../hub/channel.ts";
import { refuse } from "../hub/refusal.ts";
import { validate } from "../hub/registry.ts";
import type { Limits } from "../options.ts";
import type { Metrics } from "../ports/metrics.ts";

/** How somebody shows up in a channel; `channelInfo` is what a token said for that one alone. */
export function memberAs(session: SessionId, { user, info }: Identity, channelInfo?: unknown): Member {
  const member = info === undefined ? { session, user } : { session, user, info };
  return channelInfo === undefined ? member : { ...member, channelInfo };
}

interface MemberNode {
  readonly limits: Pick<Limits, "memberBytes">;
  readonly metrics: Metrics;
}

/**
 * `null` where the channel has no presence.
 * @throws {TidewireError} `invalid_data`, `too_large`.
 */
export async function memberOf(known: Known, member: Member, node: MemberNode): Promise<Member | null> {
  if (!known.definition.presence) return null;
  const { infoSchema } = known.definition;
  const json = await validate(infoSchema, member.info ?? null);
  const channelInfo = JSON.stringify(member.channelInfo) as string | undefined;
  const maxBytes = node.limits.memberBytes;
  if (Buffer.byteLength(json) + Buffer.byteLength(channelInfo ?? "") > maxBytes) {
    node.metrics.hit("memberBytes");
    refuse("too_large", `a member shows at most ${maxBytes} bytes of itself`);
  }
  return infoSchema === null ? member : { ...member, info: JSON.parse(json) as unknown };
}
