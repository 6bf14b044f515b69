// The errors a command can end with, and what to make of those that came from the server.

import { TidewireError } from "@tidewire/protocol";
import type { EndReason } from "./connection-state.ts";

/** Whether the same may succeed later (reference A8). */
export function isTemporary({ code, temporary }: TidewireError): boolean {
  return temporary || code < 100;
}

/** The same as the reason why something ended. */
export function ending({ code, message }: TidewireError): EndReason {
  return { code, reason: message };
}

/** It never left: nobody has seen it, and it may be tried again. */
export function notSent(why: string): TidewireError {
  return new TidewireError({ received: { code: 108, message: `not sent: ${why}`, temporary: true } });
}

/** It left, and no answer came: it may or may not have happened. */
export function unknownOutcome(why: string): TidewireError {
  return new TidewireError("indeterminate", why);
}
