// presence and presence_stats: who is in a channel.
import { fail } from "@tidewire/protocol";
import type { Members } from "../../hub/members.ts";
import { shown } from "./history.ts";
import type { ApiNode } from "./node.ts";
import { channelOf, type JsonText, type Parameters } from "./parameters.ts";

export async function presence(node: ApiNode, parameters: Parameters): Promise<JsonText> {
  const members = membersOf(node, parameters)?.list() ?? [];
  return JSON.stringify({ presence: Object.fromEntries(members.map((member) => [member.session, shown(member)])) });
}

export async function presenceStats(node: ApiNode, parameters: Parameters): Promise<JsonText> {
  const { clients, users } = membersOf(node, parameters)?.counts ?? { clients: 0, users: 0 };
  return JSON.stringify({ num_clients: clients, num_users: users });
}

/** `undefined` where nobody is. @throws {TidewireError} `unknown_channel`, `not_available` */
function membersOf({ hub }: ApiNode, parameters: Parameters): Members | undefined {
  const channel = channelOf(parameters);
  if (!hub.registry.resolve(channel).definition.presence) fail("not_available", "this channel has no presence");
  return hub.channel(channel)?.members;
}
