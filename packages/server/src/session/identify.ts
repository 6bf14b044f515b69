// Who connects: what the application's connect rule says, checked before anybody is told of it.
import { fail } from "@tidewire/protocol";
import type { ConnectRequest, Identity } from "../access.ts";
import type { SessionNode } from "./node.ts";
import { guarded } from "./rules.ts";

/** A guest without an account. */
export const nobody: Identity = { user: "" };

/** @throws {TidewireError} `unauthorized`, `denied`, or the rule's own. */
export async function identify(node: SessionNode, request: ConnectRequest): Promise<Identity> {
  const rule = node.access.connect;
  if (rule === undefined) {
    if (node.mode() === "production") fail("unauthorized", "guests are not let in, and there is no connect rule");
    return nobody;
  }
  const identity =
    (await guarded(node, "connect", () => rule(request))) ?? fail("denied", "the connect rule does not allow it");
  // What is not JSON is found here, not when somebody else is to be told of this user.
  JSON.stringify([identity.info, identity.data]);
  return identity;
}
