// A subscription as the hub gives it: a cursor in its channel, and whoever is present by it.
import type { Member, Position } from "@tidewire/protocol";
import type { Channel, Known } from "./channel.ts";
import type { Cursor } from "./cursor.ts";
import type { Sources } from "./sources.ts";

/** A subscription, born held: call `release` in the step that queues its reply. */
export interface Subscription {
  readonly known: Known;
  /** The channel's number on this node. */
  readonly number: number;
  readonly cursor: Cursor;
  readonly members: Cursor | null;
  readonly position: Position;
  readonly recovered: boolean;
  release(): void;
  close(): void;
}

interface Parts extends Pick<Subscription, "cursor" | "members" | "position" | "recovered"> {
  readonly sources: Sources;
  readonly channel: Channel;
  readonly member: Member | null;
}

export class PlacedSubscription implements Subscription {
  readonly cursor: Cursor;
  readonly members: Cursor | null;
  readonly position: Position;
  readonly recovered: boolean;
  readonly #sources: Sources;
  readonly #channel: Channel;
  readonly #member: Member | null;

  constructor({ sources, channel, cursor, members, position, recovered, member }: Parts) {
    this.cursor = cursor;
    this.members = members;
    this.position = position;
    this.recovered = recovered;
    this.#sources = sources;
    this.#channel = channel;
    this.#member = member;
  }

  get known(): Known {
    return this.#channel.known;
  }

  get number(): number {
    return this.#channel.number;
  }

  release(): void {
    this.members?.release();
    this.cursor.release();
    // From here its first value finds this subscriber in its place.
    this.#sources.occupancy(this.#channel);
  }

  close(): void {
    if (this.cursor.state === "closed") return;
    this.members?.close();
    if (this.#member !== null) this.#channel.members.dismiss(this.#member);
    this.cursor.close();
  }
}
