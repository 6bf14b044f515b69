// A subscription as its session holds it: the hub's, and by whose word it is there and until when.
import type { Subscription } from "../hub/hub.ts";
import type { Expiry } from "./expiry.ts";
import type { Subscribed } from "./reply.ts";

export interface Grant {
  /** Begun by the server: a gap then ends the connection, since the client cannot subscribe again by itself. */
  readonly isServerSide: boolean;
  /** What its token lets others see of this user in this channel. */
  readonly channelInfo: unknown;
  /** `null` where no token let it in. */
  readonly expiry: Expiry | null;
}

export interface Granted extends Subscription, Grant {
  readonly wasRecovering: boolean;
}

export function grant(subscription: Subscription, given: Grant & { readonly wasRecovering: boolean }): Granted {
  return {
    ...subscription,
    ...given,
    close: () => {
      given.expiry?.stop();
      subscription.close();
    },
  };
}

/** What its client is told of its beginning. */
export function beginningOf(channel: string, granted: Granted, ttl: number | null): Subscribed {
  const { known, position, wasRecovering, recovered } = granted;
  return { channel, position: known.definition.history === null ? null : position, wasRecovering, recovered, ttl };
}
