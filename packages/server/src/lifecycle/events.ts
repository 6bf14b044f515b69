// What happens on a server, as the outside is told of it.
import type { SessionId } from "@tidewire/protocol";
import type { Fact } from "./facts.ts";

/** What there is to tell. */
export type LifecycleType =
  | "connection.opened"
  | "connection.closed"
  | "channel.occupied"
  | "channel.vacated"
  | "member.joined"
  | "member.left";

/** Something that happened, on any node. */
export type LifecycleEvent = {
  /** The same whenever it is told again. Letters, digits, `_` and `-`. */
  readonly id: string;
  /** When, in milliseconds since 1970, by the clock of the node where it happened. */
  readonly atMs: number;
} & (
  | { readonly type: "connection.opened"; readonly session: SessionId; readonly user: string }
  | {
      readonly type: "connection.closed";
      readonly session: SessionId;
      readonly user: string;
      /** A close reason of the protocol, `application`, `client`, `lost`, or `node_lost` where its node is gone without a word. */
      readonly reason: string;
    }
  | { readonly type: "channel.occupied" | "channel.vacated"; readonly channel: string }
  | {
      readonly type: "member.joined" | "member.left";
      readonly channel: string;
      /** "" for a guest. A user is one member of a channel, however many sessions it has there. */
      readonly user: string;
      /** Of a guest. */
      readonly session: SessionId | null;
      /** What it showed of itself when it came. */
      readonly info?: unknown;
    }
);

/**
 * Where a server tells what happens. Of several nodes on one engine one tells, what happens on all of them.
 * What `take` has not resolved for is told again, in the same order and with the same ids.
 */
export interface LifecycleSink {
  /** What there is to be told; an opened connection is told of with its end, and so on. Default: everything. */
  readonly types?: readonly LifecycleType[];
  /**
   * What was told to have begun, and not to have ended, before this process was there. What is not so any more 30 seconds
   * after the start is told to have ended. Rejects as long as this node cannot tell; another one may then. Default: nothing.
   */
  recall?(): Promise<readonly Fact[]>;
  /** Other nodes told until now, and know better what was told to be so: this is what `recall` says from here on. */
  adopt?(facts: readonly Fact[]): Promise<void>;
  /** Resolves when they are safe: kept together with what they say of what is so. */
  take(events: readonly LifecycleEvent[]): Promise<void>;
}

/** What an event says is so, or no more: what a sink keeps for `recall`, under a key. */
export interface Standing {
  readonly fact: Fact;
  readonly holds: boolean;
}

/** What is so after an event; for sinks that remember it. */
export function standingOf(event: LifecycleEvent): Standing {
  switch (event.type) {
    case "connection.opened":
    case "connection.closed": {
      const { session, user } = event;
      return { fact: { kind: "connection", session, user }, holds: event.type === "connection.opened" };
    }
    case "channel.occupied":
    case "channel.vacated":
      return { fact: { kind: "channel", channel: event.channel }, holds: event.type === "channel.occupied" };
    case "member.joined":
    case "member.left": {
      const { channel, user, session, info } = event;
      const fact: Fact = { kind: "member", channel, user, session, ...(info !== undefined && { info }) };
      return { fact, holds: event.type === "member.joined" };
    }
  }
}

/** The event of a fact's beginning or end. */
export function eventOf(
  { fact, holds }: Standing,
  { id, atMs, reason }: { readonly id: string; readonly atMs: number; readonly reason: string },
): LifecycleEvent {
  if (fact.kind === "connection") {
    const { session, user } = fact;
    if (holds) return { id, atMs, type: "connection.opened", session, user };
    return { id, atMs, type: "connection.closed", session, user, reason };
  }
  if (fact.kind === "channel") {
    return { id, atMs, type: holds ? "channel.occupied" : "channel.vacated", channel: fact.channel };
  }
  const { channel, user, session, info } = fact;
  const type = holds ? "member.joined" : "member.left";
  return { id, atMs, type, channel, user, session, ...(info !== undefined && { info }) };
}

export const typesOf: Readonly<Record<Fact["kind"], readonly [LifecycleType, LifecycleType]>> = {
  connection: ["connection.opened", "connection.closed"],
  channel: ["channel.occupied", "channel.vacated"],
  member: ["member.joined", "member.left"],
};
