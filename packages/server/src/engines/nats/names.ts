// Names of what the engine keeps in NATS: two streams, and a subject for each channel in them.
import { hash } from "node:crypto";

const longestPrefix = 32;

export class Names {
  /** The stream of what channels keep, and the one of idempotency keys. */
  readonly logs: string;
  readonly keys: string;
  readonly #prefix: string;

  /** @throws {TypeError} for a prefix that is no part of a stream's name. */
  constructor(prefix: string) {
    if (prefix.length > longestPrefix || !/^[\w-]+$/.test(prefix)) {
      throw new TypeError(
        `a prefix of at most ${longestPrefix} letters, digits and "_-" was expected, got "${prefix.slice(0, 100)}"`,
      );
    }
    this.#prefix = prefix;
    this.logs = `${prefix}-logs`;
    this.keys = `${prefix}-keys`;
  }

  /** Whose every record is announced. */
  get allLogs(): string {
    return `${this.#prefix}.log.>`;
  }

  get allNews(): string {
    return `${this.#prefix}.news.>`;
  }

  get allKeys(): string {
    return `${this.#prefix}.key.>`;
  }

  ofLog(channel: string): string {
    return `${this.#prefix}.log.${encoded(channel)}`;
  }

  ofNews(channel: string): string {
    return `${this.#prefix}.news.${encoded(channel)}`;
  }

  /** Where all nodes hear what is said to all. */
  ofBus(): string {
    return `${this.#prefix}.nodes`;
  }

  /** Where one node hears what is said to it alone. */
  ofNode(node: string, place: string): string {
    return `${this.#prefix}.node.${node}.${place}`;
  }

  /** Where nodes say who comes and leaves in the channels of a lane. */
  ofMembers(lane: number): string {
    return `${this.#prefix}.members.${lane}`;
  }

  /** Which node is the channel's source. A digest of a key is longer. */
  ofLease(channel: string): string {
    return `${this.#prefix}.key.${encoded(channel)}.lease`;
  }

  ofKey(channel: string, key: string): string {
    return `${this.#prefix}.key.${encoded(channel)}.${hash("sha256", key, "base64url")}`;
  }
}

/** A subject has no spaces, dots or wildcards; a channel's name may have them. */
function encoded(channel: string): string {
  return Buffer.from(channel).toString("base64url");
}
