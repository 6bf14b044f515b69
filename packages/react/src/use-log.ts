"use client";
// A channel's log in a component: what was published before, and from there on what is.

import type { Channel } from "@tidewire/client";
import { type Log, logOf, type LogSnapshot } from "@tidewire/client/log";
import type { ChannelDefinition, ChannelShape } from "@tidewire/protocol";
import { useMemo, useState, useSyncExternalStore } from "react";
import { type ChannelArguments, channelOf } from "./channel-arguments.ts";
import { useClient } from "./provider.tsx";

/** What a component wants of a log. */
export interface UseLogOptions {
  /** How many publications of before are asked for at first, and by each `older`. Default: 50. */
  readonly newest?: number;
  /** How many publications to keep, the oldest dropped first. Default: 1,000. */
  readonly keep?: number;
  /** Let the server rest while the page is hidden. Default: false. */
  readonly pauseWhenHidden?: boolean;
}

/** What a component has of a log. The functions stay the same from render to render. */
export interface LogView<Data = unknown, Info = unknown> extends LogSnapshot<Data, Info> {
  readonly channel: Channel<Data, Info>;
  readonly publish: Channel<Data, Info>["publish"];
  /** Reads those before the first; does nothing while some are read, or where there is nothing to read. */
  readonly older: (count?: number) => void;
}

/**
 * The newest publications of a channel, those of before it was opened too, without a hole or a repeat; renders at most
 * once a frame. Subscribes while the component is mounted; components that name the same channel share one subscription.
 */
export function useLog<Pattern extends string, Shape extends ChannelShape>(
  definition: ChannelDefinition<Pattern, Shape>,
  ...given: ChannelArguments<Pattern, UseLogOptions>
): LogView<Shape["data"], Shape["info"]> {
  const { channel, options } = channelOf(useClient(), definition, given);
  const log = useLogOf(channel, options);
  const snapshot = useSyncExternalStore(log.subscribe, log.getSnapshot, log.getSnapshot);
  return useMemo(() => {
    return { ...snapshot, channel, publish: channel.publish, older: log.older };
  }, [channel, log, snapshot]);
}

/** State and not a memo: a hot reload forgets memos, and with a log what it has read. */
function useLogOf<Data, Info>(
  channel: Channel<Data, Info>,
  { newest = 50, keep = 1_000, pauseWhenHidden = false }: UseLogOptions,
): Log<Data, Info> {
  const make = () => ({
    channel,
    newest,
    keep,
    pauseWhenHidden,
    log: logOf(channel, { newest, keep, pauseWhenHidden }),
  });
  const [held, hold] = useState(make);
  const isSame = held.newest === newest && held.keep === keep && held.pauseWhenHidden === pauseWhenHidden;
  if (held.channel === channel && isSame) return held.log;
  const next = make();
  hold(next);
  return next.log;
}
