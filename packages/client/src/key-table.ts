// The newest publication of each key of one channel: what came between two frames is taken in by the next one.

import type { Cancel } from "./clock.ts";
import type { Publication } from "./publication.ts";
import { Listeners, Value } from "./store.ts";
import type { SubscriptionStatus } from "./subscription-status.ts";
import type { Subscription, SubscriptionHost } from "./subscription.ts";

/** The values of a channel, key by key; the same object for the same channel. */
export interface LatestTable<Data = unknown, Info = unknown> {
  /** The newest publication of a key, as of the newest snapshot; `undefined` where it has none. */
  readonly get: (key: string) => Publication<Data, Info> | undefined;
  /** Calls `listener` when the key got a value or lost it, at most once a frame. Opens nothing by itself. */
  readonly subscribeKey: (key: string, listener: () => void) => Cancel;
}

/** What there is besides values. */
export interface LatestOutline<Data = unknown, Info = unknown> {
  /** The same array until a key comes or goes. */
  readonly keys: readonly string[];
  readonly table: LatestTable<Data, Info>;
  readonly status: SubscriptionStatus;
  readonly isPaused: boolean;
  /**
   * The values may be out of date, or not there yet: there is no connection, it is paused, or the whole table is on its
   * way. What was there before stays until then.
   */
  readonly isStale: boolean;
  /** How often the server no longer knew what was removed meanwhile, so that the whole table was read again. */
  readonly resets: number;
}

/** A table at one moment, with what has changed since the moment before. */
export interface LatestSnapshot<Data = unknown, Info = unknown> extends LatestOutline<Data, Info> {
  /** The keys that got a value, or lost theirs, since the snapshot before. */
  readonly changed: ReadonlySet<string>;
  /** How many publications have come since the channel was opened. */
  readonly received: number;
}

/** A new table of which nothing has come so long after it was promised is empty. */
const emptyAfterMs = 1_000;

export class KeyTable implements LatestTable {
  readonly outline: Value<LatestOutline>;
  readonly whole: Value<LatestSnapshot>;
  readonly #subscription: Subscription;
  readonly #host: SubscriptionHost;
  readonly #watchers = new Map<string, Listeners<void>>();
  /** As of the newest snapshot. */
  readonly #entries = new Map<string, Publication>();
  /** What came since, of each key the newest. */
  readonly #fresh = new Map<string, Publication>();
  /** What was there before `#fresh` is gone. */
  #isCleared = false;
  /** The whole table is on its way, and none of it has come. */
  #isAwaited = true;
  /** It does not know what came first in this life of the subscription. */
  #isLate: boolean;
  #life = 0;
  #resets = 0;
  #received = 0;
  #isFrameComing = false;
  #stopTimer: Cancel | null = null;

  constructor(subscription: Subscription, host: SubscriptionHost) {
    const { flow, gaps, name, position, publications, status } = subscription;
    this.#subscription = subscription;
    this.#host = host;
    const outline = { ...this.#state(), keys: [], table: this };
    this.outline = new Value<LatestOutline>(outline, host.onError);
    this.whole = new Value<LatestSnapshot>({ ...outline, changed: new Set(), received: 0 }, host.onError);
    // For good: they are as old as the subscription, and a table that missed something would be worth nothing.
    status.subscribe(() => this.#follow());
    flow.changes.add(() => this.#later());
    publications.add((publication) => this.#take(publication));
    gaps.add(() => {
      this.#resets++;
      this.#isAwaited = true;
    });
    this.#isLate = position !== null && host.open.get(name) === subscription;
  }

  /** Has the whole table told again, where it was told to others before there was this one. */
  complete(): void {
    if (this.#isLate) this.#subscription.renew();
  }

  readonly get = (key: string): Publication | undefined => this.#entries.get(key);

  readonly subscribeKey = (key: string, listener: () => void): Cancel => {
    const watchers = this.#watchers.get(key) ?? new Listeners<void>(this.#host.onError);
    const stop = watchers.add(listener);
    this.#watchers.set(key, watchers);
    return () => {
      stop();
      if (watchers.size === 0 && this.#watchers.get(key) === watchers) this.#watchers.delete(key);
    };
  };

  #follow(): void {
    const { life, status } = this.#subscription;
    if (life !== this.#life) {
      // Between two lives nobody looked, so there is no one who would see it empty for a moment.
      this.#life = life;
      this.#isLate = false;
      this.#resets = this.#received = 0;
      this.#clear();
      this.#isAwaited = true;
    }
    this.#stopTimer?.();
    if (this.#isAwaited && status.getSnapshot().kind === "live") {
      this.#stopTimer = this.#host.clock.after(emptyAfterMs, () => {
        this.#clear();
        this.#later();
      });
    }
    this.#later();
  }

  #take(publication: Publication): void {
    if (publication.key === null) return;
    if (this.#isAwaited) this.#clear();
    this.#received++;
    this.#fresh.set(publication.key, publication);
    this.#later();
  }

  #clear(): void {
    this.#stopTimer?.();
    this.#isAwaited = false;
    this.#isCleared = true;
    this.#fresh.clear();
  }

  #later(): void {
    if (this.#isFrameComing) return;
    this.#isFrameComing = true;
    this.#host.clock.frame(() => this.#show());
  }

  #show(): void {
    this.#isFrameComing = false;
    const changed = new Set<string>();
    const hasOtherKeys = this.#merge(changed);
    const before = this.outline.getSnapshot();
    const keys = hasOtherKeys ? [...this.#entries.keys()] : before.keys;
    const outline: LatestOutline = { ...this.#state(), keys, table: this };
    this.whole.set({ ...outline, changed, received: this.#received });
    for (const key of changed) this.#watchers.get(key)?.emit();
    if ((Object.keys(outline) as (keyof LatestOutline)[]).some((name) => outline[name] !== before[name])) {
      this.outline.set(outline);
    }
  }

  /** Takes in what came, and adds to `changed`; true when there are other keys than before. */
  #merge(changed: Set<string>): boolean {
    let hasOtherKeys = this.#isCleared;
    if (this.#isCleared) {
      for (const key of this.#entries.keys()) changed.add(key);
      this.#entries.clear();
    }
    for (const [key, publication] of this.#fresh) {
      const isKnown = this.#entries.has(key);
      if (publication.removed) this.#entries.delete(key);
      else this.#entries.set(key, publication);
      changed.add(key);
      hasOtherKeys ||= isKnown === publication.removed;
    }
    this.#isCleared = false;
    this.#fresh.clear();
    return hasOtherKeys;
  }

  #state(): Pick<LatestOutline, "status" | "isPaused" | "isStale" | "resets"> {
    const { flow, status } = this.#subscription;
    const now = status.getSnapshot();
    return {
      status: now,
      isPaused: flow.isPaused,
      isStale: this.#isAwaited || now.kind !== "live",
      resets: this.#resets,
    };
  }
}
