// What the engine needs of a NATS client: `@nats-io/jetstream` has it, and the server package has no client of its own.

/** What came on a subscription. */
export interface NatsMessage {
  readonly subject: string;
  readonly data: Uint8Array;
  /** `code` is NATS' own: 503 where nobody listened. */
  readonly headers?: { get(name: string): string; readonly code: number } | undefined;
}

/** One connection, which finds its way back by itself. */
export interface NatsConnection {
  readonly info?:
    | {
        readonly server_id: string;
        readonly version: string;
        readonly max_payload: number;
        readonly cluster?: string | undefined;
      }
    | undefined;
  /** @param options.reply Where answers are heard. */
  publish(subject: string, payload: Uint8Array, options?: { readonly reply?: string }): void;
  subscribe(
    subject: string,
    options: { readonly callback: (error: Error | null, message: NatsMessage) => void },
  ): { unsubscribe(): void };
  /** Resolves when the server has seen what was sent before. */
  flush(): Promise<void>;
  status(): AsyncIterable<{ readonly type: string }>;
  isClosed(): boolean;
  close(): Promise<void>;
}

/** What a publish says beside its payload. */
export interface NatsPublishOptions {
  readonly timeout: number;
  readonly msgID?: string;
  /** "never": it lasts longer than the stream lets others become. */
  readonly ttl?: string;
  readonly expect?: { readonly lastSubjectSequence: number };
}

/** Appends to streams. */
export interface NatsJetStream {
  publish(
    subject: string,
    payload: Uint8Array,
    options: NatsPublishOptions,
  ): Promise<{ readonly seq: number; readonly duplicate: boolean }>;
}

/** The settings of a stream that the engine makes. */
export interface NatsStreamConfig {
  readonly name: string;
  readonly description: string;
  readonly subjects: string[];
  readonly storage: "file" | "memory";
  readonly num_replicas: number;
  readonly retention: "limits";
  readonly discard: "new" | "old";
  readonly max_age: number;
  readonly max_msgs_per_subject: number;
  readonly duplicate_window: number;
  readonly republish?: { readonly src: string; readonly dest: string };
  readonly allow_msg_ttl?: boolean;
}

/** What a stream is said to be. */
export interface NatsStreamInfo {
  readonly created: string;
  readonly config: {
    readonly subjects?: readonly string[] | undefined;
    readonly storage: string;
    readonly num_replicas: number;
    readonly retention?: string | undefined;
    readonly discard?: string | undefined;
    readonly max_age?: number | undefined;
    readonly max_msgs?: number | undefined;
    readonly max_msgs_per_subject?: number | undefined;
    readonly duplicate_window?: number | undefined;
    readonly republish?: { readonly src?: string; readonly dest: string } | undefined;
    readonly allow_msg_ttl?: boolean | undefined;
  };
  readonly state: { readonly last_seq: number };
}

/** Which stored message is asked for. */
export type NatsMessageQuery =
  | { readonly last_by_subj: string }
  | { readonly seq: number }
  | { readonly seq: number; readonly next_by_subj: string };

/** A message of a stream. */
export interface NatsStoredMessage {
  readonly seq: number;
  readonly subject: string;
  readonly data: Uint8Array;
  /** When it was stored. */
  readonly time: Date;
}

/** Makes, reads and trims streams. */
export interface NatsManager {
  readonly streams: {
    info(stream: string): Promise<NatsStreamInfo>;
    add(config: NatsStreamConfig): Promise<NatsStreamInfo>;
    update(stream: string, config: { readonly allow_msg_ttl: boolean }): Promise<NatsStreamInfo>;
    getMessage(stream: string, query: NatsMessageQuery): Promise<NatsStoredMessage | null>;
    deleteMessage(stream: string, sequence: number, erase: boolean): Promise<boolean>;
    purge(stream: string, options: { readonly filter: string; readonly seq: number }): Promise<unknown>;
  };
}

/** A connection of `@nats-io/transport-node`, with `jetstream(connection)` and `jetstreamManager(connection)`. */
export interface NatsClient {
  readonly connection: NatsConnection;
  readonly jetstream: NatsJetStream;
  readonly manager: NatsManager;
}
