// The door "@tidewire/client/feed": the newest publications of a channel, ready to be drawn; it changes at most once a frame.

import { type Channel, ChannelHandle } from "./channel.ts";
import type { Cancel } from "./clock.ts";
import { FrameValue } from "./frame-value.ts";
import type { Gap, Publication } from "./publication.ts";
import type { Store } from "./store.ts";
import type { OpenOptions } from "./subscription-options.ts";
import { isUp, type SubscriptionStatus } from "./subscription-status.ts";
import type { Subscription } from "./subscription.ts";

/** How much a feed keeps, and when it rests. */
export interface FeedOptions extends Pick<OpenOptions, "token"> {
  /** How many publications are kept, the oldest dropped first. 0: none. Default: 200. */
  readonly keep?: number;
  /** Rest while the page is hidden. Default: false. */
  readonly pauseWhenHidden?: boolean;
}

/** A feed at one moment; another object whenever something has changed, and the same one while nothing has. */
export interface FeedSnapshot<Data = unknown, Info = unknown> {
  /** Oldest first. */
  readonly publications: readonly Publication<Data, Info>[];
  readonly status: SubscriptionStatus;
  readonly isPaused: boolean;
  /** False when something is missing before the newest publications. */
  readonly recovered: boolean;
  /** The newest gap, if there was one since the channel was opened. */
  readonly gap: Gap | null;
  /** How many publications the server skipped because we were slow (`signal` channels). */
  readonly skipped: number;
}

/** The newest publications of a channel as a store. */
export type Feed<Data = unknown, Info = unknown> = Store<FeedSnapshot<Data, Info>>;

/** The newest publications of a channel. Watching it opens the channel. Each call makes one of its own. */
export function feedOf<Data, Info>(channel: Channel<Data, Info>, options: FeedOptions = {}): Feed<Data, Info> {
  if (!(channel instanceof ChannelHandle)) throw new TypeError("expected a channel of this package's client");
  const { store } = new ChannelFeed(channel, options);
  // The definition of the channel says what its publications carry.
  return store as Feed as Feed<Data, Info>;
}

class ChannelFeed {
  /** Watching it opens the channel. */
  readonly store: FrameValue<FeedSnapshot>;
  readonly #subscription: Subscription;
  readonly #options: FeedOptions;
  readonly #keep: number;
  #kept: readonly Publication[] = [];
  #fresh: Publication[] = [];
  #gap: Gap | null = null;
  #skipped = 0;
  #recovered = true;
  #life = 0;

  constructor({ host, subscription }: ChannelHandle, options: FeedOptions) {
    this.#subscription = subscription;
    this.#options = options;
    this.#keep = options.keep ?? 200;
    this.store = new FrameValue(this.#build(), host, () => this.#start());
  }

  #start(): Cancel {
    const { flow, gaps, publications, skips, status } = this.#subscription;
    const show = (): void => {
      if (this.#life !== this.#subscription.life) this.#forget();
      this.store.later(() => this.#build());
    };
    const stops = [
      status.subscribe(show),
      flow.changes.add(show),
      publications.add((publication) => {
        if (this.#keep === 0) return;
        // Thousands may come in a frame; what would not be kept need not wait for it.
        if (this.#fresh.push(publication) > 2 * this.#keep) this.#merge();
        show();
      }),
      gaps.add((gap) => {
        this.#gap = gap;
        show();
      }),
      skips.add((count) => {
        this.#skipped += count;
        show();
      }),
      this.#subscription.open(this.#options),
    ];
    show();
    return () => {
      for (const stop of stops) stop();
    };
  }

  // Between two lives of a subscription anything may have passed unseen, so nothing is carried over.
  #forget(): void {
    this.#life = this.#subscription.life;
    this.#kept = [];
    this.#fresh = [];
    this.#gap = null;
    this.#recovered = true;
    this.#skipped = 0;
  }

  #merge(): void {
    if (this.#fresh.length === 0) return;
    this.#kept = [...this.#kept, ...this.#fresh].slice(-this.#keep);
    this.#fresh = [];
  }

  #build(): FeedSnapshot {
    this.#merge();
    const { flow, status } = this.#subscription;
    const now = status.getSnapshot();
    if (isUp(now)) this.#recovered = now.recovered;
    return {
      publications: this.#kept,
      status: now,
      isPaused: flow.isPaused,
      recovered: this.#recovered,
      gap: this.#gap,
      skipped: this.#skipped,
    };
  }
}
