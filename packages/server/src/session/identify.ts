// Who connects: what its token and the application's connect rule say, checked before anybody is told of it.
import { fail } from "@tidewire/protocol";
import type { ConnectRequest, Identity } from "../access.ts";
import type { ConnectionClaims } from "../tokens/claims.ts";
import type { SessionNode } from "./node.ts";
import { guarded } from "./rules.ts";
import { connectionClaimsOf } from "./verified.ts";

/** A guest without an account. */
export const nobody: Identity = { user: "" };

/** Somebody who is let in. */
export interface Admitted {
  readonly identity: Identity;
  /** Whom a refreshed token has to name. */
  readonly tokenUser: string;
  /** In seconds since 1970; `null`: never. */
  readonly expiresAt: number | null;
  /** Channels the server subscribes it to. */
  readonly channels: readonly string[];
}

/**
 * @throws {TidewireError} `unauthorized`, `denied`, `token_expired`, or the rule's own.
 * @throws {CloseError} for a token that is not valid.
 */
export async function identify(node: SessionNode, request: ConnectRequest): Promise<Admitted> {
  const hasToken = node.tokens !== null && request.token !== "";
  const claims = hasToken ? await connectionClaimsOf(node, request.token) : null;
  const rule = node.access.connect;
  const identity = rule === undefined ? identityOf(node, claims) : await identityBy(rule, node, { ...request, claims });
  // What is not JSON is found here, not when somebody else is to be told of this user.
  JSON.stringify([identity.info, identity.data]);
  return {
    identity,
    tokenUser: claims?.user ?? identity.user,
    expiresAt: claims?.expiresAt ?? null,
    channels: channelsOf(identity.subscriptions ?? none, claims?.channels ?? none),
  };
}

const none: readonly string[] = [];

/** Each once. */
function channelsOf(byRule: readonly string[], byToken: readonly string[]): readonly string[] {
  return byRule.length + byToken.length === 0 ? none : [...new Set([...byRule, ...byToken])];
}

type ConnectRule = NonNullable<SessionNode["access"]["connect"]>;

async function identityBy(rule: ConnectRule, node: SessionNode, request: ConnectRequest): Promise<Identity> {
  const said = await guarded(node, "connect", () => rule(request));
  return said ?? fail("denied", "the connect rule does not allow it");
}

function identityOf(node: SessionNode, claims: ConnectionClaims | null): Identity {
  if (claims !== null) return ofToken(claims);
  if (node.mode() === "production") fail("unauthorized", refusal(node));
  return nobody;
}

function ofToken({ user, info }: ConnectionClaims): Identity {
  return info === undefined ? { user } : { user, info };
}

function refusal(node: SessionNode): string {
  return node.tokens === null
    ? "guests are not let in, and there is no connect rule"
    : "guests are not let in: expected a token";
}
