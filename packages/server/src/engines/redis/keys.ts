// Names of what the engine keeps in Redis. All keys of a lane share its hash tag, so that a cluster keeps them together.
import { crc32 } from "node:zlib";

/** Never changed: channels would be looked for in another lane than they were written to. */
export const laneCount = 256;

export function laneOf(channel: string): number {
  return crc32(channel) % laneCount;
}

const longestPrefix = 64;
const allKinds = ["c", "l", "s", "v", "r"] as const;

export class Keys {
  readonly #prefix: string;
  /** Several keys of a channel are asked for in a row: what they begin with is made once. */
  #channel: string | null = null;
  #start = "";

  /** @throws {TypeError} for a prefix that would change where keys are kept, or what they are found by. */
  constructor(prefix: string) {
    if (prefix === "" || prefix.length > longestPrefix || !/^[\w.:-]+$/.test(prefix)) {
      throw new TypeError(
        `a prefix of at most ${longestPrefix} letters, digits and "_.:-" was expected, got "${prefix.slice(0, 100)}"`,
      );
    }
    this.#prefix = prefix;
  }

  /** The lane itself, its channels by when they are looked at next, and where it is announced. */
  ofLane(lane: number): readonly [lane: string, idle: string, announcements: string] {
    const start = `${this.#prefix}:{${lane}}`;
    return [`${start}:lane`, `${start}:due`, `${start}:news`];
  }

  /** A name ends its key, so it may hold anything. */
  ofChannel(channel: string): string {
    return this.#named(channel, "c");
  }

  /** The channel, and what it keeps: its log, or its table's values, versions and removals. */
  ofAll(channel: string): readonly string[] {
    return allKinds.map((kind) => this.#named(channel, kind));
  }

  ofMembers(channel: string): string {
    return this.#named(channel, "m");
  }

  /** Which node is the channel's source. */
  ofSource(channel: string): string {
    return this.#named(channel, "f");
  }

  /** Who holds a lease; with the first lane. */
  ofNodes(): string {
    return `${this.#prefix}:{0}:nodes`;
  }

  /** Who holds a lease and answers questions; with the first lane. */
  ofAnswering(): string {
    return `${this.#prefix}:{0}:answering`;
  }

  /** Where questions to all nodes are heard. */
  ofQuestions(): string {
    return `${this.#prefix}:{0}:questions`;
  }

  /** Where one node hears what is said to it alone. */
  ofNode(node: string): string {
    return `${this.#prefix}:{0}:node:${node}`;
  }

  /** No channel name has a line end, so the first one ends it. */
  ofIdempotency(channel: string, key: string): string {
    return `${this.#named(channel, "k")}\n${key}`;
  }

  #named(channel: string, kind: string): string {
    if (channel !== this.#channel) {
      this.#channel = channel;
      this.#start = `${this.#prefix}:{${laneOf(channel)}}`;
    }
    return `${this.#start}:${kind}:${channel}`;
  }
}
