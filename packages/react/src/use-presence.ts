"use client";
// Who is in a channel, for a component.

import { type Members, membersOf } from "@tidewire/client/members";
import type { ChannelDefinition, ChannelShape } from "@tidewire/protocol";
import { useSyncExternalStore } from "react";
import { type ChannelArguments, channelOf } from "./channel-arguments.ts";
import { useClient } from "./provider.tsx";

/** The members of a channel as a component sees them. */
export type PresenceView<Info = unknown> = Members<Info>;

/** The members of a channel, kept up to date while the component is mounted; it subscribes to the channel. */
export function usePresence<Pattern extends string, Shape extends ChannelShape>(
  definition: ChannelDefinition<Pattern, Shape>,
  ...given: ChannelArguments<Pattern, Readonly<Record<string, never>>>
): PresenceView<Shape["info"]> {
  const client = useClient();
  const members = membersOf(channelOf(client, definition, given).channel);
  return useSyncExternalStore(members.subscribe, members.getSnapshot, members.getSnapshot);
}
