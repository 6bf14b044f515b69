"use client";
// A channel in a component: its newest publications, its state, and what can be done with it.

import type { Channel, Publication } from "@tidewire/client";
import { type Feed, feedOf, type FeedSnapshot } from "@tidewire/client/feed";
import type { ChannelDefinition, ChannelShape } from "@tidewire/protocol";
import { useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import { type ChannelArguments, channelOf } from "./channel-arguments.ts";
import { useClient } from "./provider.tsx";

/** What a component wants of a channel. */
export interface UseChannelOptions<Data = unknown, Info = unknown> {
  /** How many publications to keep, the oldest dropped first. 0: none, for `onPublication` alone. Default: 200. */
  readonly keep?: number;
  /** Let the server rest while the page is hidden. Default: false. */
  readonly pauseWhenHidden?: boolean;
  /** Called for each publication, not once a frame; renders nothing by itself. */
  readonly onPublication?: (publication: Publication<Data, Info>) => void;
}

/** What a component has of a channel. The functions stay the same from render to render. */
export interface ChannelView<Data = unknown, Info = unknown> extends FeedSnapshot<Data, Info> {
  readonly channel: Channel<Data, Info>;
  readonly publish: Channel<Data, Info>["publish"];
  readonly pause: () => void;
  readonly resume: () => void;
}

/**
 * Subscribes while the component is mounted, and renders at most once a frame. Components that name the same channel
 * share one subscription; parameters may be written anew in every render.
 */
export function useChannel<Pattern extends string, Shape extends ChannelShape>(
  definition: ChannelDefinition<Pattern, Shape>,
  ...given: ChannelArguments<Pattern, UseChannelOptions<Shape["data"], Shape["info"]>>
): ChannelView<Shape["data"], Shape["info"]> {
  const client = useClient();
  const { channel, options } = channelOf(client, definition, given);
  const { keep = 200, pauseWhenHidden = false, onPublication } = options;
  const listener = useRef(onPublication);
  useEffect(() => {
    listener.current = onPublication;
  });
  useEffect(() => channel.onPublication((publication) => listener.current?.(publication)), [channel]);
  const feed = useFeed(channel, keep, pauseWhenHidden);
  const snapshot = useSyncExternalStore(feed.subscribe, feed.getSnapshot, feed.getSnapshot);
  return useMemo(() => {
    const { publish, pause, resume } = channel;
    return { ...snapshot, channel, publish, pause, resume };
  }, [channel, snapshot]);
}

/** State and not a memo: a hot reload forgets memos, and with a feed what it has kept. */
function useFeed<Data, Info>(channel: Channel<Data, Info>, keep: number, pauseWhenHidden: boolean): Feed<Data, Info> {
  const make = () => ({ channel, keep, pauseWhenHidden, feed: feedOf(channel, { keep, pauseWhenHidden }) });
  const [held, hold] = useState(make);
  if (held.channel === channel && held.keep === keep && held.pauseWhenHidden === pauseWhenHidden) return held.feed;
  const next = make();
  hold(next);
  return next.feed;
}
