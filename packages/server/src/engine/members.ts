// The members part of an engine: who is in a channel on the other nodes. Optional; without it presence is each node's own.
//
// What an implementer guarantees:
// - A node says who comes and goes on itself, and is told of the other nodes alone, of the channels that it follows.
// - Before `follow` resolves it is told who is there: `all`. So it is whenever something may have been missed.
// - Members of a node that is gone are gone within 60 s (R3), and nothing brings them back but the node itself.
// - What is said is not lost with a connection to the store: it is said again when the store is back.
import type { Member, SessionId } from "@tidewire/protocol";

export type MembersNews =
  | { readonly kind: "join"; readonly member: Member }
  | { readonly kind: "leave"; readonly session: SessionId }
  /** On the other nodes are these, and nobody else. */
  | { readonly kind: "all"; readonly members: readonly Member[] };

export interface EngineMembers {
  /** Called once, before the engine is started. */
  listen(told: (channel: string, news: MembersNews) => void): void;
  /** Somebody is in a channel by this node. */
  add(channel: string, member: Member): void;
  remove(channel: string, session: SessionId): void;
  /**
   * Who is there on the other nodes; of a channel that need not be followed.
   * @param most Of more than so many, nobody is named.
   * @throws {TidewireError} `engine_unavailable`
   */
  list(channel: string, most: number): Promise<FoundMembers>;
}

export interface FoundMembers {
  readonly clients: number;
  /** Different ones. */
  readonly users: number;
  /** `null`: more than was asked for. */
  readonly members: readonly Member[] | null;
}
