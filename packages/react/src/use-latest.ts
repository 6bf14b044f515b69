"use client";
// A `latest` channel in components: whole, or its keys in one and each value in another.

import type { Channel, Publication, Store } from "@tidewire/client";
import {
  type Latest,
  type LatestOptions,
  latestOf,
  type LatestOutline,
  type LatestSnapshot,
  type LatestTable,
} from "@tidewire/client/latest";
import type { ChannelDefinition, ChannelShape } from "@tidewire/protocol";
import { useCallback, useMemo, useState, useSyncExternalStore } from "react";
import { type ChannelArguments, channelOf } from "./channel-arguments.ts";
import { useClient } from "./provider.tsx";

/** What a component wants of a `latest` channel. */
export interface UseLatestOptions {
  /**
   * How often a second new values may come, 0.1 to 60. The highest of all who look at the channel counts, and a change
   * of it is told to the server without subscribing again. Default: as often as they change.
   */
  readonly rate?: number;
  /** Let the server rest while the page is hidden. Default: false. */
  readonly pauseWhenHidden?: boolean;
}

interface Controls<Data, Info> {
  readonly channel: Channel<Data, Info>;
  readonly pause: () => void;
  readonly resume: () => void;
}

/** What a component has of a `latest` channel: it changes with every value, at most once a frame. */
export type LatestView<Data = unknown, Info = unknown> = LatestSnapshot<Data, Info> & Controls<Data, Info>;
/** What a component has of the keys of a `latest` channel: it changes when keys come and go. */
export type LatestKeysView<Data = unknown, Info = unknown> = LatestOutline<Data, Info> & Controls<Data, Info>;

type Options = Partial<UseLatestOptions>;

/**
 * The newest value of every key; renders at most once a frame, whenever one has changed. For tables of many keys see
 * `useLatestKeys`. Components that name the same channel share one subscription and one table.
 * @throws {TypeError} for a channel of another mode.
 */
export function useLatest<Pattern extends string, Shape extends ChannelShape>(
  definition: ChannelDefinition<Pattern, Shape>,
  ...given: ChannelArguments<Pattern, UseLatestOptions>
): LatestView<Shape["data"], Shape["info"]> {
  const { channel, options } = channelOf(useClient(), definition, given);
  return useView(channel, useLatestOf(channel, options));
}

/**
 * The keys of a channel and its state: renders when keys come and go, not when values change. Hand `table` and a key to
 * a component that calls `useLatestKey`.
 * @throws {TypeError} for a channel of another mode.
 */
export function useLatestKeys<Pattern extends string, Shape extends ChannelShape>(
  definition: ChannelDefinition<Pattern, Shape>,
  ...given: ChannelArguments<Pattern, UseLatestOptions>
): LatestKeysView<Shape["data"], Shape["info"]> {
  const { channel, options } = channelOf(useClient(), definition, given);
  return useView(channel, useLatestOf(channel, options).outline);
}

/** The newest publication of one key, `undefined` where it has none; renders when that one changes, and at no other's. */
export function useLatestKey<Data, Info>(
  table: LatestTable<Data, Info>,
  key: string,
): Publication<Data, Info> | undefined {
  const subscribe = useCallback((listener: () => void) => table.subscribeKey(key, listener), [table, key]);
  const read = (): Publication<Data, Info> | undefined => table.get(key);
  return useSyncExternalStore(subscribe, read, read);
}

/** State and not a memo: a hot reload forgets memos, and would close and open the channel. */
function useLatestOf<Data, Info>(channel: Channel<Data, Info>, { rate, pauseWhenHidden }: Options): Latest<Data, Info> {
  const make = () => {
    const options: LatestOptions = {
      ...(rate !== undefined && { rate }),
      ...(pauseWhenHidden !== undefined && { pauseWhenHidden }),
    };
    return { channel, rate, pauseWhenHidden, latest: latestOf(channel, options) };
  };
  const [held, hold] = useState(make);
  if (held.channel === channel && held.rate === rate && held.pauseWhenHidden === pauseWhenHidden) return held.latest;
  const next = make();
  hold(next);
  return next.latest;
}

function useView<Snapshot, Data, Info>(
  channel: Channel<Data, Info>,
  store: Store<Snapshot>,
): Snapshot & Controls<Data, Info> {
  const snapshot = useSyncExternalStore(store.subscribe, store.getSnapshot, store.getSnapshot);
  return useMemo(() => {
    const { pause, resume } = channel;
    return { ...snapshot, channel, pause, resume };
  }, [channel, snapshot]);
}
