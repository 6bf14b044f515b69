// What an application holds: the face of a running server.
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type {
  CallDefinition,
  ChannelDefinition,
  DataOf,
  Member,
  ParamsOf,
  Position,
  SessionId,
} from "@tidewire/protocol";
import type { CallHandler, HandleOptions, LiveTerms } from "./access.ts";
import type { Durability } from "./engine/engine.ts";
import type { Histories } from "./hub/histories.ts";
import type { Source } from "./hub/sources.ts";

/** How one publish is named and marked. */
export interface PublishOptions {
  /** 1 to 64 characters. Publishing again with the same key within 5 minutes publishes nothing (P4). */
  readonly idempotencyKey?: string;
  readonly tags?: Readonly<Record<string, string>>;
}

/** What became of a publish. */
export interface Published {
  /** Where it stands; offset 0 on a channel that keeps nothing. */
  readonly position: Position;
  readonly id: string;
  readonly duplicate: boolean;
  /** The class of fault it survives (P2). */
  readonly durability: Durability;
}

/** One channel, to speak on from the server. */
export interface ChannelHandle<Data> {
  readonly name: string;
  /**
   * Publishes to the subscribers on every node; resolves when the engine has accepted it, not when subscribers have it.
   * @throws {TidewireError} `invalid_data`, `too_large`, `conflict`, `limit_exceeded` (a `latest` channel is full), `engine_unavailable`, `indeterminate`.
   */
  publish(data: Data, options?: PublishOptions): Promise<Published>;
  /**
   * Takes a key out of a `latest` channel. Where it has no value nothing happens, and the id is "".
   * @throws {TidewireError} `not_available` on a channel of another mode, `bad_request` for what is no key.
   */
  remove(key: string): Promise<Published>;
  /** The newest `limit` publications, oldest first; of a `latest` channel those of them that are values. */
  history(
    limit: number,
  ): Promise<readonly { readonly data: Data; readonly position: Position; readonly atMs: number }[]>;
  members(): readonly Member[];
}

/** Which paths of an HTTP server are Tidewire's. */
export interface AttachOptions {
  /** Put before every path. Default: none. */
  readonly path?: string;
  /** Also answer `/health/*`, `/metrics` and `/api/*` on this server, before its own routes. Default: false. */
  readonly http?: boolean;
}

/** What this node holds now. `/metrics` tells more. */
export interface Stats {
  readonly connections: number;
  readonly sessions: number;
  readonly channels: number;
  readonly subscriptions: number;
  /** Members present, each channel by itself. */
  readonly members: number;
  /** Connections that wait to be let in. */
  readonly queued: number;
  /** Bytes held by the tails of all channels. */
  readonly tailBytes: number;
  /** Whether the engine answers. */
  readonly isEngineUp: boolean;
  /** Counters since the start, by fixed names. */
  readonly counters: Readonly<Record<string, number>>;
}

/** How a server ends. */
export interface StopOptions {
  /** Milliseconds over which connections are closed, at most 100 for each of them. Default: the limit `drainMs`. */
  readonly drainMs?: number;
  /**
   * Whether another process takes connections at the same address meanwhile: then clients come back at once. Otherwise they
   * are told to wait until this one has stopped. Default: whether another node on the same engine says that it is ready.
   */
  readonly hasOthers?: boolean;
}

/** A running server, as the application holds it. */
export interface Tidewire {
  /**
   * Opens the engine. Who calls meanwhile waits for the same attempt; after one that failed, the next call is another.
   * @throws {TidewireError} what the engine says, such as `engine_unavailable`.
   */
  start(): Promise<void>;
  /**
   * Takes Tidewire's own upgrades and the requests to `/raw/{channel}` from `server`, before or after it listens, and
   * leaves every other one alone. Begins to open the engine, and tries again until it is open: meanwhile clients are sent
   * away with 503, and the log says why. Await `start` first to hear of it.
   */
  attach(server: Server, options?: AttachOptions): void;
  /** Answers `/health/*`, `/metrics` and `/api/*`; false when the request is somebody else's. */
  http(request: IncomingMessage, response: ServerResponse): boolean;
  channel<Pattern extends string, Definition extends ChannelDefinition<Pattern>>(
    definition: Definition & { readonly pattern: Pattern },
    ...params: keyof ParamsOf<Pattern> extends never ? [] : [ParamsOf<Pattern>]
  ): ChannelHandle<DataOf<Definition>>;
  /** What channels keep, read by place. */
  readonly histories: Histories;
  /** Binds a source to every channel of `definition`; clients then do not publish there. */
  source<Definition extends ChannelDefinition>(definition: Definition, source: Source<DataOf<Definition>>): void;
  /**
   * Answers a call. A handler whose time is over, or whose caller has gone, is told by its signal (PROTOCOL 1.14).
   * @throws {RangeError} when the time is not a positive integer, {TypeError} when the call has a handler already.
   */
  handle<Definition extends CallDefinition>(
    definition: Definition,
    handler: CallHandler<Definition>,
    options?: HandleOptions,
  ): void;
  /**
   * Subscribes a session to `channel`, without asking the `subscribe` rule. SDKs of the Centrifuge protocol hear it at once;
   * our own client where it has the channel open, or opens it later on this connection. False when the session is not here.
   * @throws {TidewireError} `unknown_channel`, `already_subscribed` by the client itself, `limit_exceeded`,
   * `unrecoverable_position`, `not_available` in a dialect of one channel.
   */
  subscribe(session: SessionId, channel: string, terms?: LiveTerms): Promise<boolean>;
  /** Ends a subscription of a session, whoever began it, with code 2000. False when there was none. */
  unsubscribe(session: SessionId, channel: string): Promise<boolean>;
  /** Ends a session with close code 3503 or, when it may come back, 3011. False when it is not here. */
  disconnect(session: SessionId, mayReturn: boolean): boolean;
  /** Cuts a session's socket without a word, as a broken network does. False when it is not here. */
  cut(session: SessionId): boolean;
  stats(): Stats;
  /** Whether the engine answers and no drain has begun; what `/health/ready` says. */
  isReady(): boolean;
  /** Refuses new connections, sends the others away spread over `drainMs`, then closes the engine. */
  stop(options?: StopOptions): Promise<void>;
}
