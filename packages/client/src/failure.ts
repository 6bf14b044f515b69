// The errors a command can end with, and what to make of those that came from the server.

import { TidewireError } from "@tidewire/protocol";
import type { EndReason } from "./connection-state.ts";
import type { WireError } from "./wire.ts";

/** What the server answered. */
export function answered(error: WireError): TidewireError {
  return new TidewireError({ received: error });
}

/** Whether the same may succeed later (reference A8). */
export function isTemporary({ code, temporary }: WireError): boolean {
  return temporary || code < 100;
}

/** The same as the reason why something ended. */
export function ending({ code, message }: WireError): EndReason {
  return { code, reason: message };
}

/** It never left: nobody has seen it, and it may be tried again. */
export function notSent(why: string): TidewireError {
  return answered({ code: 108, message: `not sent: ${why}`, temporary: true });
}

/** It left, and no answer came: it may or may not have happened. */
export function unknownOutcome(why: string): TidewireError {
  return new TidewireError("indeterminate", why);
}
