// A subscription as its session holds it: the hub's, and by whose word it is there and until when.
import type { Position } from "@tidewire/protocol";
import type { Known } from "../hub/channel.ts";
import type { Cursor } from "../hub/cursor.ts";
import type { Subscription } from "../hub/subscription.ts";
import type { Expiry } from "./expiry.ts";
import type { Manner } from "./link.ts";
import type { Subscribed } from "./reply.ts";

/** Publications as they are, under the channel's name. */
export const plainly: Manner = { isNumbered: false, isPatched: false };

export interface Grant {
  /** Begun by the server: a gap then ends the connection, since the client cannot subscribe again by itself. */
  readonly isServerSide: boolean;
  /** What its token lets others see of this user in this channel. */
  readonly channelInfo: unknown;
  /** `null` where no token let it in. */
  readonly expiry: Expiry | null;
  readonly manner: Manner;
}

export interface Granted extends Subscription, Grant {
  readonly wasRecovering: boolean;
}

export function grant(subscription: Subscription, given: Grant & { readonly wasRecovering: boolean }): Granted {
  return new GrantedSubscription(subscription, given);
}

class GrantedSubscription implements Granted {
  readonly isServerSide: boolean;
  readonly channelInfo: unknown;
  readonly expiry: Expiry | null;
  readonly wasRecovering: boolean;
  readonly manner: Manner;
  readonly #subscription: Subscription;

  constructor(subscription: Subscription, given: Grant & { readonly wasRecovering: boolean }) {
    this.#subscription = subscription;
    this.isServerSide = given.isServerSide;
    this.channelInfo = given.channelInfo;
    this.expiry = given.expiry;
    this.wasRecovering = given.wasRecovering;
    this.manner = given.manner;
  }

  get known(): Known {
    return this.#subscription.known;
  }

  get number(): number {
    return this.#subscription.number;
  }

  get cursor(): Cursor {
    return this.#subscription.cursor;
  }

  get members(): Cursor | null {
    return this.#subscription.members;
  }

  get position(): Position {
    return this.#subscription.position;
  }

  get recovered(): boolean {
    return this.#subscription.recovered;
  }

  release(): void {
    this.#subscription.release();
  }

  close(): void {
    this.expiry?.stop();
    this.#subscription.close();
  }
}

/** What its client is told of its beginning. */
export function beginningOf(channel: string, granted: Granted, ttl: number | null): Subscribed {
  const { known, wasRecovering, recovered, manner } = granted;
  const position = known.definition.history === null ? null : granted.position;
  const number = manner.isNumbered ? granted.number : null;
  return { channel, position, wasRecovering, recovered, ttl, number, isPatched: manner.isPatched };
}
