// The door "@tidewire/client/log": a channel's newest publications out of history, joined with those that come since.

import { TidewireError } from "@tidewire/protocol";
import { type Channel, ChannelHandle } from "./channel.ts";
import type { Cancel } from "./clock.ts";
import { FrameValue } from "./frame-value.ts";
import type { Gap, Publication } from "./publication.ts";
import type { Store } from "./store.ts";
import type { OpenOptions } from "./subscription-options.ts";
import { isUp, type SubscriptionStatus } from "./subscription-status.ts";

/** How much of a log is wanted, and when it rests. */
export interface LogOptions extends Pick<OpenOptions, "token" | "pauseWhenHidden"> {
  /** So many are asked of history, at first and by each `older` that does not say. Default: 50. */
  readonly newest?: number;
  /** How many publications are kept, the oldest dropped first. Default: 1,000. */
  readonly keep?: number;
}

/** A log at one moment; another object whenever something has changed, and the same one while nothing has. */
export interface LogSnapshot<Data = unknown, Info = unknown> {
  /** Oldest first; between two of them there is none. */
  readonly publications: readonly Publication<Data, Info>[];
  readonly status: SubscriptionStatus;
  /** Whether history is being read. */
  readonly isLoading: boolean;
  /** `older` may bring more: history has not said that there is nothing before, and there is room. */
  readonly hasOlder: boolean;
  /** Why history could not be read; `older` asks again. */
  readonly error: TidewireError | null;
  /** Something is missing before what is shown: the list has begun anew where the subscription goes on. */
  readonly gap: Gap | null;
}

/** The newest publications of a channel as a store, with a way back. */
export interface Log<Data = unknown, Info = unknown> extends Store<LogSnapshot<Data, Info>> {
  /** Reads those before the first; does nothing while some are read, or where there is nothing to read. */
  readonly older: (count?: number) => void;
}

/**
 * The newest publications of a channel, those of before it was opened too. Watching it opens the channel. Each call makes
 * one of its own. A channel that keeps no history shows what comes. What history did not answer is asked again with the
 * next connection.
 * @throws {RangeError} when nothing is to be kept.
 */
export function logOf<Data, Info>(channel: Channel<Data, Info>, options: LogOptions = {}): Log<Data, Info> {
  if (!(channel instanceof ChannelHandle)) throw new TypeError("expected a channel of this package's client");
  const { older, store } = new ChannelLog(channel, options);
  const { getSnapshot, subscribe } = store;
  // The definition of the channel says what its publications carry.
  return { getSnapshot, subscribe, older } as Log as Log<Data, Info>;
}

class ChannelLog {
  /** Watching it opens the channel. */
  readonly store: FrameValue<LogSnapshot>;
  readonly #channel: ChannelHandle;
  readonly #options: LogOptions;
  readonly #newest: number;
  readonly #keep: number;
  #kept: readonly Publication[] = [];
  #fresh: Publication[] = [];
  /** Everything from this offset on is here; `null` before the subscription stands, and where none has a place. */
  #first: number | null = null;
  #epoch = "";
  #isLoading = false;
  #hasOlder = false;
  #error: TidewireError | null = null;
  #gap: Gap | null = null;
  /** Where it left off when nobody watched any more. */
  #left: object | null = null;
  #life = 0;
  /** Grows whenever an answer on its way becomes worthless. */
  #run = 0;

  constructor(channel: ChannelHandle, options: LogOptions) {
    this.#channel = channel;
    this.#options = options;
    this.#newest = options.newest ?? 50;
    this.#keep = options.keep ?? 1_000;
    if (!(this.#keep >= 1)) throw new RangeError(`keep: expected at least 1, got ${this.#keep}`);
    this.store = new FrameValue(this.#build(), channel.host, () => this.#start());
  }

  readonly older = (count: number = this.#newest): void => {
    this.#merge();
    const limit = Math.min(count, this.#keep - this.#kept.length);
    const offset = this.#first;
    if (offset === null || !this.#hasOlder || this.#isLoading || limit <= 0) return;
    const run = this.#run;
    this.#isLoading = true;
    this.#error = null;
    const done = (act: () => void): void => {
      if (run !== this.#run) return;
      this.#isLoading = false;
      act();
      this.#show();
    };
    this.#channel.history({ limit, since: { epoch: this.#epoch, offset }, reverse: true }).then(
      ({ publications }) => done(() => this.#prepend(publications)),
      (error: unknown) => done(() => (this.#error = asError(error))),
    );
    this.#show();
  };

  #start(): Cancel {
    const { gaps, publications, status } = this.#channel.subscription;
    const stops = [
      gaps.add((gap) => {
        this.#forget();
        this.#gap = gap;
      }),
      status.subscribe(() => this.#follow()),
      publications.add((publication) => {
        if (this.#fresh.push(publication) > 2 * this.#keep) this.#merge();
        this.#show();
      }),
      this.#channel.subscription.open(this.#options),
    ];
    // What came while nobody watched would be a hole.
    if (this.#left !== this.#channel.position) this.#forget();
    this.#follow();
    return () => {
      for (const stop of stops) stop();
      this.#left = this.#channel.position;
    };
  }

  #follow(): void {
    const { life, position, status } = this.#channel.subscription;
    if (life !== this.#life) this.#forget();
    this.#life = life;
    if (!isUp(status.getSnapshot())) return this.#show();
    if (this.#first === null && position !== null) {
      // What follows this place is handed over, whenever history answers; what it has up to here is not.
      this.#first = position.offset + 1;
      this.#epoch = position.epoch;
      this.#hasOlder = position.offset > 0;
      this.older();
    } else if (this.#error !== null) this.older();
    this.#show();
  }

  #forget(): void {
    this.#run++;
    this.#kept = [];
    this.#fresh = [];
    this.#first = null;
    this.#isLoading = this.#hasOlder = false;
    this.#error = this.#gap = null;
  }

  /** @param publications Newest first. */
  #prepend(publications: readonly Publication[]): void {
    this.#merge();
    const room = Math.max(0, this.#keep - this.#kept.length);
    const before = publications.slice(0, room);
    this.#kept = [...before.toReversed(), ...this.#kept];
    this.#first = before.at(-1)?.position?.offset ?? this.#first;
    // A page may be short for its bytes: only an empty one says that there is no other.
    this.#hasOlder = publications.length > 0 && this.#first !== 1;
  }

  #merge(): void {
    if (this.#fresh.length === 0) return;
    const all = [...this.#kept, ...this.#fresh];
    this.#fresh = [];
    this.#kept = all.slice(-this.#keep);
    const [first] = this.#kept;
    if (this.#kept.length === all.length || this.#first === null) return;
    this.#first = first?.position?.offset ?? this.#first;
    this.#hasOlder = true;
  }

  #show(): void {
    this.store.later(() => this.#build());
  }

  #build(): LogSnapshot {
    this.#merge();
    return {
      publications: this.#kept,
      status: this.#channel.status,
      isLoading: this.#isLoading,
      hasOlder: this.#hasOlder && this.#kept.length < this.#keep,
      error: this.#error,
      gap: this.#gap,
    };
  }
}

function asError(error: unknown): TidewireError {
  return error instanceof TidewireError ? error : new TidewireError("internal", String(error));
}
