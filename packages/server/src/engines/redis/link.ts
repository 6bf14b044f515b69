// One life of the way to Redis, as the engine uses it: what it can ask and hear, whether one server answers or several.
import type { RedisArgument } from "./redis-client.ts";
import type { ServerFacts } from "./server-facts.ts";

/** When any part of it fails, all of it ends. */
export interface Link {
  readonly isOver: boolean;
  /** What the servers are, asked anew. */
  facts(): Promise<ServerFacts>;
  /** Runs the script of the operation that `args` begin with. Calls of one lane are done in the order they are made. @throws {LinkLost} {TidewireError} `overloaded` */
  run(keys: readonly string[], args: readonly RedisArgument[]): Promise<unknown>;
  /** Says something that is not kept. @returns how many heard it. @throws {LinkLost} {TidewireError} `overloaded` */
  publish(name: string, bytes: Buffer): Promise<number>;
  /** Resolves when announcements flow. @param moved Told when another server has them from now on: some may be missing. */
  subscribe(name: string, listener: (message: Buffer) => void, moved?: () => void): Promise<void>;
  /** Resolves when nothing waits for an answer any more. */
  idle(): Promise<void>;
  /** It is of no use: whoever opened it is told. */
  fail(reason: string): void;
  close(): void;
}

/** A link that has just been made, and what it found. */
export interface Opened {
  readonly link: Link;
  readonly facts: ServerFacts;
}

/** The answer to a command did not come: what it asked may be done, or not. */
export class LinkLost extends Error {
  constructor() {
    super("the connection to Redis ended");
  }
}
