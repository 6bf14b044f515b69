// What the engine needs of a Redis client: `@redis/client` has it, and the server package has no client of its own.

/** A part of a command: text, or bytes as they are. */
export type RedisArgument = string | Buffer;

/** How a command is answered. */
export interface RedisCommandOptions {
  /** Which kind of reply becomes what, by the byte that it begins with; the engine wants bulk strings (`$`) as bytes. */
  readonly typeMapping?: Readonly<Record<number, unknown>>;
}

/**
 * A client, made with `createClient({ url })` of `@redis/client`. The engine takes its settings by
 * `duplicate` and makes connections of its own; yours is neither used nor closed, and need not be connected.
 */
export interface RedisClient {
  /** Read where the engine finds servers by itself: where their addresses are put, and TLS is said. */
  readonly options?: { readonly socket?: object } | undefined;
  /** @param overrides Settings in the place of the client's own. */
  duplicate(overrides?: object): RedisConnection;
}

/** What a connection tells of. */
export interface RedisEvents {
  readonly error: [error: Error];
  /** In a cluster: another server announces it from now on. */
  readonly "sharded-channel-moved": [channel: string];
}

/** One connection that the engine makes, and ends when it fails or does not answer. */
export interface RedisConnection {
  connect(): Promise<unknown>;
  /** Ends the connection at once; what waits for an answer is rejected. */
  destroy(): void;
  on<Event extends keyof RedisEvents>(event: Event, listener: (...about: RedisEvents[Event]) => void): unknown;
  sendCommand(args: readonly RedisArgument[], options?: RedisCommandOptions): Promise<unknown>;
  sSubscribe(channel: string, listener: (message: Buffer, channel: Buffer) => void, bufferMode: true): Promise<unknown>;
}
