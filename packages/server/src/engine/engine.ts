// The engine contract: the log of every channel, and the news of what was appended.
//
// What an implementer guarantees:
// - `publish` appends and announces as one act: what was acked is announced to every node that follows the channel, or
//   can be read. An announcement may be lost, doubled, early or reordered; the hub repairs that. An ack is one too.
// - In one epoch offsets strictly increase, and each publication names the one before it (S1). Where numbering starts
//   anew, for whatever reason, the epoch is another one; so it is after a store came back older than it was (S8).
// - `read` shows what was acked. Pages ascend and have no hole: each publication's `previous` is the one before it.
// - A channel written with a retention of kind `table` keeps the newest publication of each key, and so do its pages:
//   those with a version (their offset) above the start, ascending. A removal is one of them until it is `ttlMs` old or
//   more than `keys` removals are kept; forgetting one raises `floor`, which is kept as long as the epoch. Whoever knows
//   nothing (offset 0) misses nothing below it. `previous` says what came before at the append; pages do not link. A
//   value that makes the table larger than its limits is refused with `limit_exceeded`; nothing is evicted.
//   A channel that is written as a table after it was a log, or the other way round, begins a new epoch, empty.
// - A draft that was rejected is never seen. When the outcome is not known, `publish` throws `indeterminate` (P3).
// - An idempotency key of a channel is remembered for 5 minutes, or as many keys as the engine's bound allows (decision
//   0004): the same key with the same data answers with the first position and `duplicate: true`, with other data it
//   throws `conflict` (P4). Keys outlive `clear`, so a duplicate may name an epoch that has ended.
// What happens if it cannot: it says `health("down")`, its methods throw `engine_unavailable`, and once it is back
// it says `health("up")` and `suspect("all")`; nobody has to restart anything.
import type { Member, Position, SessionId } from "@tidewire/protocol";

/** What a publication's bytes are: JSON text, text that is not JSON, or anything. */
export type Form = "json" | "text" | "bytes";

/** What was said, with its place. */
export interface Publication {
  /** 96 random bits as text: tells two publications apart that share an offset after a rollback. */
  readonly id: string;
  /** Its place in the epoch, from 1; 0 for an ephemeral one, which has no place. */
  readonly offset: number;
  /** The one before it in this epoch; `null` for the first and for an ephemeral one. `id` is `null` where not known. */
  readonly previous: { readonly offset: number; readonly id: string | null } | null;
  readonly data: Uint8Array;
  readonly form: Form;
  /** What it is the newest value of, where the channel is a table. */
  readonly key?: string;
  /** The key has no value any more; the data is `null` in JSON. */
  readonly removed?: true;
  readonly author?: Member;
  readonly tags?: Readonly<Record<string, string>>;
  /** Wall-clock time of the append, milliseconds since 1970. */
  readonly atMs: number;
}

/** What somebody wants to say. */
export interface Body {
  readonly data: Uint8Array;
  readonly form: Form;
  /** With a retention of kind `table`, and only there. */
  readonly key?: string;
  readonly author?: Member;
  readonly tags?: Readonly<Record<string, string>>;
}

/** The newest `size` publications, each for `ttlMs`. */
export interface LogRetention {
  readonly kind?: undefined;
  readonly size: number;
  readonly ttlMs: number;
}

/** The newest value of each key, and removals for `ttlMs`. */
export interface TableRetention {
  readonly kind: "table";
  /** At most so many keys, and as many removals. */
  readonly keys: number;
  /** Of all values together. */
  readonly bytes: number;
  readonly ttlMs: number;
}

export type Draft =
  | {
      readonly kind: "value";
      readonly body: Body;
      /** How much the channel keeps from now on; `null`: nothing is kept, the publication is ephemeral. */
      readonly retention: LogRetention | TableRetention | null;
      readonly idempotencyKey?: string;
      /** Of the lease of its channel's source: refused with `conflict` when it is another node's, or over. */
      readonly fence?: number;
    }
  /** Takes a key out of a table. Where it has no value nothing is appended, and the ack's publication is `null`. */
  | { readonly kind: "remove"; readonly key: string; readonly author?: Member; readonly retention: TableRetention }
  /** Forgets the channel's history. Its numbering starts anew in another epoch. */
  | { readonly kind: "clear" };

/** The class of fault that an acked publication survives (P2). */
export type Durability = "volatile" | "process" | "fsync" | "quorum";

export interface Ack {
  /** Offset 0 for an ephemeral publication and after `clear`. */
  readonly position: Position;
  /** `null` after `clear`, and where there was nothing to remove. */
  readonly publication: Publication | null;
  /** The key was used before; the position is the first one's and nothing was appended. */
  readonly duplicate: boolean;
  readonly durability: Durability;
}

/** Where a page begins. `after` goes forward from a position, `before` gives the newest ones below one. */
export type PageStart = { readonly after: Position } | { readonly before: Position } | "oldest" | "newest";

/** How much a page has. */
export interface PageLimit {
  /** At most this many, at least 1. */
  readonly publications: number;
  /** Stops before the payloads exceed this, but one publication is always given. */
  readonly bytes: number;
}

/**
 * Publications in ascending order, whatever the start was.
 * A start in an epoch that is not the current one gives an empty page; `top` then tells the current one.
 */
export interface Page {
  readonly publications: readonly Publication[];
  readonly top: Position;
  /** A position at or above it can be read on from without a hole. */
  readonly floor: number;
  /** Whether the page was cut by its limit. */
  readonly more: boolean;
}

export interface EngineTraits {
  readonly name: string;
  readonly durability: Durability;
  /** Whether positions are still good after the process was restarted. */
  readonly survivesRestart: boolean;
}

/** What the hub hears from its engine. */
export interface EngineSink {
  /** Something was appended, or is ephemeral. Only for channels that are followed. */
  announced(channel: string, epoch: string, publication: Publication): void;
  /** Announcements of these may have been lost: compare their tops. Also after a `clear`. */
  suspect(channels: readonly string[] | "all"): void;
  health(state: "up" | "down"): void;
}

/** Somebody at another node came or left. */
export interface OtherMember {
  readonly kind: "join" | "leave";
  readonly member: Member;
}

/**
 * Who is in which channel, over all nodes. An engine without it is one node's alone.
 *
 * What this node says is known to the others within a second while the engine can be reached, and is said again when it
 * is back. Nobody is told of this node's own members. Of a node that ended without a word, all members have left within 60
 * seconds (R3).
 */
export interface EngineMembers {
  /** A session of this node is in the channel. Never throws; the engine sees to it that it is known. */
  enter(channel: string, member: Member): void;
  leave(channel: string, session: SessionId): void;
  /**
   * Tells who at other nodes is in the channel, and from then on who comes and leaves there; resolves when all who are
   * there were told. The channel is followed. When it throws, nothing is told.
   */
  watch(channel: string, told: (change: OtherMember) => void): Promise<void>;
  unwatch(channel: string): void;
  /** Who at other nodes is in a channel that need not be watched. */
  list(channel: string): Promise<readonly Member[]>;
}

/**
 * Which node is the source of a channel, over all nodes. An engine without it is one node's alone.
 * A lease is good until `ttlMs` after it was taken, by the engine's own clock; a draft with its fence is appended only as
 * long as it is.
 */
export interface EngineSources {
  /** Takes or renews the lease. @returns its fence; another one when it was lost in between. `null`: another node has it. */
  take(channel: string, ttlMs: number): Promise<number | null>;
  /** Gives it back, if it is held. Never throws. */
  release(channel: string): void;
}

/** @see delivery: an engine keeps the log; the hub reads on. */
export interface Engine {
  readonly traits: EngineTraits;
  readonly sources?: EngineSources | undefined;
  readonly members?: EngineMembers | undefined;
  /** Opens the store. Nothing else is called before it resolved. @throws when the store cannot be opened. */
  start(sink: EngineSink): Promise<void>;
  /** Finishes what was accepted, then closes the store. */
  stop(): Promise<void>;
  /**
   * `draft.body.data` is the engine's from here on; the caller does not change it.
   * @throws {TidewireError} `conflict`, `overloaded` and `engine_unavailable` (not appended), `indeterminate`,
   * `limit_exceeded`, `too_large`.
   */
  publish(channel: string, draft: Draft): Promise<Ack>;
  read(channel: string, start: PageStart, limit: PageLimit): Promise<Page>;
  /** The top of each channel, in the order asked. A channel nobody wrote to has offset 0 and a stable epoch. */
  tops(channels: readonly string[]): Promise<readonly Position[]>;
  /**
   * Begins to announce a channel; resolves with a top that was read after announcements flow. When it throws, the channel
   * is not followed.
   */
  follow(channel: string): Promise<Position>;
  unfollow(channel: string): void;
  readonly cluster?: EngineCluster | undefined;
}

/**
 * Nodes that ask each other. An engine without it is one node's alone.
 * A question is not kept: a node that does not answer within a few seconds is as good as gone.
 */
export interface EngineCluster {
  /** Called once, before the engine is started. @param node Names this run of the process. */
  listen(node: string, answer: (question: Uint8Array) => Promise<Uint8Array>): void;
  /** `null` where there is no such node, or it could not answer. @throws {TidewireError} `engine_unavailable` */
  ask(node: string, question: Uint8Array): Promise<Uint8Array | null>;
  /** What the other nodes answer; nothing of those that could not. @throws {TidewireError} `engine_unavailable` */
  askAll(question: Uint8Array): Promise<readonly Uint8Array[]>;
}
