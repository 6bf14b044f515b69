// The channels that a node follows: a subscription each, and how far each was heard.
import type { EngineSink } from "../../engine/engine.ts";
import { type Head, recordIn } from "./log-records.ts";
import type { Names } from "./names.ts";
import type { NatsClient, NatsMessage } from "./nats-client.ts";

export interface FollowedOptions {
  readonly names: Names;
  readonly sink: EngineSink;
  /** `null` while nothing that is heard counts. */
  readonly epochOf: (token: string) => string | null;
  /** Told of what no node can have announced. */
  readonly damaged: (channel: string) => void;
}

interface Heard {
  subscription: { unsubscribe(): void } | null;
  /** Of the newest record that was heard or read, and its epoch; 0 before that. */
  sequence: number;
  token: string;
  /** What stood in the log when it was looked at, and had not been heard. */
  missing: number;
  /** Of the newest record that ever was heard or read in this life of the store: what is older is not the newest. */
  known: number;
  /** The newest source that was heard of. */
  fence: number;
}

export class Followed {
  readonly #options: FollowedOptions;
  readonly #channels = new Map<string, Heard>();

  constructor(options: FollowedOptions) {
    this.#options = options;
  }

  get channels(): readonly string[] {
    return [...this.#channels.keys()];
  }

  has(channel: string): boolean {
    return this.#channels.has(channel);
  }

  /** What is announced from here on is heard as soon as the server has seen it. */
  add(channel: string, client: NatsClient): void {
    if (this.#channels.has(channel)) return;
    const heard: Heard = { subscription: null, sequence: 0, token: "", missing: 0, known: 0, fence: 0 };
    this.#channels.set(channel, heard);
    this.#subscribe(channel, heard, client);
  }

  /** On a connection that has no subscriptions yet. */
  subscribeAll(client: NatsClient): void {
    for (const [channel, heard] of this.#channels) this.#subscribe(channel, heard, client);
  }

  delete(channel: string): void {
    this.#channels.get(channel)?.subscription?.unsubscribe();
    this.#channels.delete(channel);
  }

  clear(): void {
    for (const channel of this.channels) this.delete(channel);
  }

  /** The log stands here, as was read. @returns whether something newer of another epoch was heard meanwhile. */
  stands(channel: string, { sequence, token, fence }: Head): boolean {
    const heard = this.#channels.get(channel);
    if (heard === undefined) return false;
    heard.known = Math.max(heard.known, sequence);
    if (heard.sequence > sequence) return heard.token !== token;
    Object.assign(heard, { sequence, token, fence });
    return false;
  }

  /** The sequence below which no record is the channel's newest; 0 where that is not known. */
  known(channel: string): number {
    return this.#channels.get(channel)?.known ?? 0;
  }

  /** Whatever was known: this record is the newest. */
  believe(channel: string, { sequence }: Head): void {
    const heard = this.#channels.get(channel);
    if (heard !== undefined) heard.known = sequence;
  }

  /** The store is another one. */
  forgetKnown(): void {
    for (const heard of this.#channels.values()) heard.known = 0;
  }

  /** Before all is read anew. */
  forget(): void {
    for (const heard of this.#channels.values()) Object.assign(heard, { sequence: 0, token: "", missing: 0 });
  }

  /**
   * @param sequence Of the newest record in the log; 0 where there is none.
   * @returns whether that was not heard since the last time it was looked at, and so will not be.
   */
  isMissing(channel: string, sequence: number): boolean {
    const heard = this.#channels.get(channel);
    if (heard === undefined || heard.sequence === sequence) return false;
    const wasMissing = heard.missing === sequence && sequence > heard.sequence;
    heard.missing = sequence;
    // A log that is shorter than it was has been purged.
    const isMissing = wasMissing || (sequence < heard.sequence && sequence === 0);
    if (isMissing) heard.sequence = sequence;
    return isMissing;
  }

  #subscribe(channel: string, heard: Heard, { connection }: NatsClient): void {
    const subscription = connection.subscribe(this.#options.names.ofNews(channel), {
      callback: (error, message) => {
        if (error === null && heard.subscription === subscription) this.#hear(channel, heard, message);
      },
    });
    heard.subscription = subscription;
  }

  #hear(channel: string, heard: Heard, { data, headers }: NatsMessage): void {
    const { sink, epochOf, damaged } = this.#options;
    const record = recordIn(data);
    const sequence = Number(headers?.get("Nats-Sequence") ?? "");
    const isKept = Number.isSafeInteger(sequence) && sequence > 0;
    if (record === null || (record.kind !== "pass") !== isKept) return damaged(channel);
    const epoch = epochOf(record.token);
    if (epoch === null) return;
    // Of a source that another node has taken over. If that was a lie, the log says so.
    if (!isKept && record.fence > 0 && record.fence < heard.fence) return sink.suspect([channel]);
    heard.fence = Math.max(heard.fence, record.fence);
    const { token: before, sequence: last } = heard;
    if (isKept) heard.known = Math.max(heard.known, sequence);
    if (isKept && sequence > last) Object.assign(heard, { sequence, token: record.token });
    if (record.publication !== null) sink.announced(channel, epoch, record.publication);
    else if (last > 0 && sequence > last && before !== record.token) sink.suspect([channel]);
  }
}
