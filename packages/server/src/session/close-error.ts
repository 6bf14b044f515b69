// Thrown where the answer to a command is not an error but the end of the connection.
import type { CloseReasonName } from "@tidewire/protocol";
import type { Disconnect } from "../access.ts";

/** Why a connection ends: a reason of the protocol's, or the application's own. */
export type Closing = CloseReasonName | Disconnect;

export class CloseError extends Error {
  override readonly name: string = "CloseError";
  readonly reason: CloseReasonName;

  constructor(reason: CloseReasonName, detail: string) {
    super(detail);
    this.reason = reason;
  }
}
