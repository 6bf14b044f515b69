// The door "@tidewire/client/latest": a `latest` channel as a table, read whole or key by key.

import { type Channel, ChannelHandle } from "./channel.ts";
import { KeyTable, type LatestOutline, type LatestSnapshot } from "./key-table.ts";
import type { Store } from "./store.ts";
import type { OpenOptions } from "./subscription-options.ts";
import type { Subscription } from "./subscription.ts";

export type { LatestOutline, LatestSnapshot, LatestTable } from "./key-table.ts";

/** How often a table may change, and when it rests. */
export type LatestOptions = Pick<OpenOptions, "rate" | "pauseWhenHidden" | "token">;

/** Changes at most once a frame, and costs as much as keys have changed, not as there are. */
export interface Latest<Data = unknown, Info = unknown> extends Store<LatestSnapshot<Data, Info>> {
  /** Changes when keys come and go and with the state of the channel, not with values. */
  readonly outline: Store<LatestOutline<Data, Info>>;
}

const tables = new WeakMap<Subscription, KeyTable>();

/**
 * The newest value of each key of a `latest` channel. Watching it opens the channel with these options; whoever watches
 * the same channel shares one subscription and one table, and gets the highest rate that one of them wants. Over
 * reconnects rate and pause stay as they are.
 * @throws {TypeError} for a channel of another mode.
 */
export function latestOf<Data, Info>(channel: Channel<Data, Info>, options: LatestOptions = {}): Latest<Data, Info> {
  if (!(channel instanceof ChannelHandle)) throw new TypeError("expected a channel of this package's client");
  const { host, name, subscription } = channel;
  const { mode = "stream" } = subscription.traits;
  if (mode !== "latest") throw new TypeError(`expected a latest channel, "${name}" is a ${mode} channel`);
  const table = tables.get(subscription) ?? new KeyTable(subscription, host);
  tables.set(subscription, table);
  const opening = <Value>({ getSnapshot, subscribe }: Store<Value>): Store<Value> => ({
    getSnapshot,
    subscribe: (listener) => {
      const stops = [subscribe(listener), channel.open(options)];
      // Only now: asking for a table, as a page does while it renders, changes nothing for others.
      table.complete();
      return () => {
        for (const stop of stops) stop();
      };
    },
  });
  // The definition of the channel says what its publications carry.
  return { ...opening(table.whole), outline: opening(table.outline) } as Latest<Data, Info>;
}
