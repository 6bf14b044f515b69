// presence and presence_stats: who is in a channel.
import { fail } from "@tidewire/protocol";
import type { Presence } from "../../hub/presence.ts";
import { shown } from "./history.ts";
import type { ApiNode } from "./node.ts";
import { channelOf, type JsonText, type Parameters } from "./parameters.ts";

export async function presence(node: ApiNode, parameters: Parameters): Promise<JsonText> {
  const members = (await membersOf(node, parameters)).list();
  return JSON.stringify({ presence: Object.fromEntries(members.map((member) => [member.session, shown(member)])) });
}

export async function presenceStats(node: ApiNode, parameters: Parameters): Promise<JsonText> {
  const { clients, users } = (await membersOf(node, parameters)).counts;
  return JSON.stringify({ num_clients: clients, num_users: users });
}

/** @throws {TidewireError} `unknown_channel`, `not_available`, `engine_unavailable` */
async function membersOf({ hub }: ApiNode, parameters: Parameters): Promise<Presence> {
  const channel = channelOf(parameters);
  if (!hub.registry.resolve(channel).definition.presence) fail("not_available", "this channel has no presence");
  return await hub.presence(channel);
}
