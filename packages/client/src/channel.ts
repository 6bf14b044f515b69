// What an application holds of a channel: opening, listening, publishing, pausing, history and presence.

import type { Member, Position } from "@tidewire/protocol";
import { type Cancel, randomKey } from "./clock.ts";
import { encode } from "./exchange.ts";
import { listOf, type PresenceStats, statsOf } from "./presence.ts";
import { fromWire, type Gap, type HistoryPage, type Publication } from "./publication.ts";
import { answerMs, type Requests } from "./requests.ts";
import type { OpenOptions } from "./subscription-options.ts";
import type { MemberChange, SubscriptionStatus } from "./subscription-status.ts";
import type { Subscription, SubscriptionHost } from "./subscription.ts";
import { type Fields, objectAt, positionOf, publicationsAt } from "./wire.ts";

/** How one publish is named, and how long it may take. */
export interface PublishOptions {
  /** Names this publish: with the same key within 5 minutes the server publishes nothing more. Default: a new one. */
  readonly key?: string;
  /** Milliseconds to wait for a connection and an answer. Default: any time for a connection, 10 s for the answer. */
  readonly timeoutMs?: number;
}

/** What became of a publish. */
export interface Published {
  /** `null` when the channel keeps no history. */
  readonly position: Position | null;
  /** An earlier attempt with the same key had been accepted; `position` is that one's. */
  readonly duplicate: boolean;
}

/** Which part of a channel's history is wanted. */
export interface HistoryOptions {
  /** At most this many publications. The server has a limit of its own. */
  readonly limit: number;
  /** Only what comes after it, or with `reverse` before it. */
  readonly since?: Position;
  /** Newest first. Default: false. */
  readonly reverse?: boolean;
}

/** One channel. Its functions may be passed around without it. */
export interface Channel<Data = unknown, Info = unknown> {
  readonly name: string;
  readonly status: SubscriptionStatus;
  /** Everything up to here was handed to the listeners; `null` where the channel keeps no history. */
  readonly position: Position | null;
  /**
   * Subscribes while at least one opener has not called the function it got. Opening is counted: the first subscribes,
   * and some 50 ms after the last has closed, the subscription ends. Between the two it survives every reconnect, and
   * no publication comes twice or silently not at all (GUARANTEES S3, S4).
   */
  readonly open: (options?: OpenOptions) => Cancel;
  readonly onPublication: (listener: (publication: Publication<Data, Info>) => void) => Cancel;
  readonly onState: (listener: (status: SubscriptionStatus) => void) => Cancel;
  /** Something is missing that history no longer had: what the application derived from before may be out of date. */
  readonly onGap: (listener: (gap: Gap) => void) => Cancel;
  /** The server skipped so many publications because we were slow; on `signal` channels. */
  readonly onSkipped: (listener: (count: number) => void) => Cancel;
  readonly onMember: (listener: (change: MemberChange) => void) => Cancel;
  /**
   * Publishes `data`. Waits in order while there is no connection, and is repeated after a broken one without being
   * published twice. At most 1,000 requests and 1 MiB wait.
   * @throws {TidewireError} What the server answered; `overloaded`, `too_large`; `indeterminate` when nobody can know.
   * @see GUARANTEES P1, P3, P4, P5
   */
  readonly publish: (data: Data, options?: PublishOptions) => Promise<Published>;
  /** Lets the server send nothing more until `resume`, over reconnects too. A stream then catches up. */
  readonly pause: () => void;
  readonly resume: () => void;
  /** @throws {TidewireError} `not_available` where none is kept; `unrecoverable_position` when `since` is of another epoch. */
  readonly history: (options: HistoryOptions) => Promise<HistoryPage<Data, Info>>;
  readonly presence: () => Promise<readonly Member<Info>[]>;
  readonly presenceStats: () => Promise<PresenceStats>;
}

export class ChannelHandle implements Channel {
  readonly name: string;
  readonly onPublication: Channel["onPublication"];
  readonly onState: Channel["onState"];
  readonly onGap: Channel["onGap"];
  readonly onSkipped: Channel["onSkipped"];
  readonly onMember: Channel["onMember"];
  /** For the parts of this package that a page takes in or leaves out; no part of `Channel`. */
  readonly subscription: Subscription;
  readonly host: SubscriptionHost;
  readonly #requests: Requests;

  constructor(subscription: Subscription, requests: Requests, host: SubscriptionHost) {
    this.subscription = subscription;
    this.#requests = requests;
    this.host = host;
    this.name = subscription.name;
    this.onPublication = subscription.publications.add;
    this.onState = subscription.status.listeners.add;
    this.onGap = subscription.gaps.add;
    this.onSkipped = subscription.skips.add;
    this.onMember = subscription.members.add;
  }

  get status(): SubscriptionStatus {
    return this.subscription.status.getSnapshot();
  }

  get position(): Position | null {
    return this.subscription.position;
  }

  readonly open = (options: OpenOptions = {}): Cancel => this.subscription.open(options);
  readonly pause = (): void => this.subscription.flow.set(true);
  readonly resume = (): void => this.subscription.flow.set(false);

  readonly publish = async (data: unknown, options: PublishOptions = {}): Promise<Published> => {
    const { key = randomKey(this.host.random), timeoutMs } = options;
    // As JSON is, it is what it was when publish was called.
    const bytes = data instanceof Uint8Array ? data.slice() : undefined;
    const fields = await this.#requests.add({
      body: encode({
        rpc: { method: "tide.publish", data: { channel: this.name, data: bytes ? undefined : data, key } },
      }),
      bytes,
      method: "rpc",
      isRepeatable: true,
      deadlineMs: timeoutMs ?? null,
    });
    const result = objectAt(fields, "data") ?? {};
    const position = result["offset"] === 0 ? null : positionOf(result);
    return { position, duplicate: result["duplicate"] === true };
  };

  readonly history = (options: HistoryOptions): Promise<HistoryPage> =>
    this.#read("history", options, (fields) => {
      const position = positionOf(fields);
      return { publications: publicationsAt(fields).map((wire) => fromWire(wire, position?.epoch ?? "")), position };
    });

  readonly presence = (): Promise<readonly Member[]> => this.#read("presence", {}, listOf);
  readonly presenceStats = (): Promise<PresenceStats> => this.#read("presence_stats", {}, statsOf);

  async #read<Result>(method: string, options: object, result: (fields: Fields) => Result): Promise<Result> {
    const body = encode({ [method]: { channel: this.name, ...options } });
    return result(await this.#requests.add({ body, method, isRepeatable: true, deadlineMs: answerMs }));
  }
}
