// Who connects: what its token and the application's connect rule say, checked before anybody is told of it.
import type { SessionId } from "@tidewire/protocol";
import type { ConnectRequest, Headers, Identity, RuleContext } from "../access.ts";
import { refuse } from "../hub/refusal.ts";
import type { ConnectionClaims } from "../tokens/claims.ts";
import type { SessionNode } from "./node.ts";
import { guarded } from "./rules.ts";
import { connectionClaimsOf } from "./verified.ts";

/** Who it is, with the headers that later rules are shown, where they want some. */
export interface Identified extends Identity {
  readonly headers?: Headers;
}

/** A guest without an account. */
export const nobody: Identified = { user: "" };

/** What rules are told of somebody who is connected. */
export function ruleContext(session: SessionId, identity: Identified, dialect: string): RuleContext {
  const { user, info, meta, headers = noHeaders } = identity;
  return { session, user, info, meta, dialect, headers };
}

const noHeaders: Headers = {};

/** Somebody who is let in. */
export interface Admitted {
  readonly identity: Identified;
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
  const said = rule === undefined ? identityOf(node, claims) : await identityBy(rule, node, { ...request, claims });
  const identity = withHeaders(said, request.headers, node.access.keptHeaders);
  // What is not JSON is found here, not when somebody else is to be told of this user.
  JSON.stringify([identity.info, identity.data]);
  return {
    identity,
    tokenUser: claims?.user ?? identity.user,
    expiresAt: expiryOf(identity, claims),
    channels: channelsOf(identity.subscriptions ?? none, claims?.channels ?? none),
  };
}

const none: readonly string[] = [];

/** The rule's word stands before the token's. */
function expiryOf({ expiresAt }: Identity, claims: ConnectionClaims | null): number | null {
  if (expiresAt === undefined) return claims?.expiresAt ?? null;
  return expiresAt === 0 ? null : expiresAt;
}

function withHeaders(
  identity: Identity,
  headers: ConnectRequest["headers"],
  names: readonly string[] | undefined,
): Identified {
  if (names === undefined) return identity;
  const kept = names.flatMap((name) => {
    const value = headers[name.toLowerCase()];
    return value === undefined ? [] : [[name.toLowerCase(), Array.isArray(value) ? value.join(", ") : value] as const];
  });
  return { ...identity, headers: Object.fromEntries(kept) };
}

/** Each once. */
function channelsOf(byRule: readonly string[], byToken: readonly string[]): readonly string[] {
  return byRule.length + byToken.length === 0 ? none : [...new Set([...byRule, ...byToken])];
}

type ConnectRule = NonNullable<SessionNode["access"]["connect"]>;

async function identityBy(rule: ConnectRule, node: SessionNode, request: ConnectRequest): Promise<Identity> {
  const said = await guarded(node, "connect", () => rule(request));
  return said ?? refuse("denied", "the connect rule does not allow it");
}

function identityOf(node: SessionNode, claims: ConnectionClaims | null): Identity {
  if (claims !== null) return ofToken(claims);
  if (node.mode() === "production") refuse("unauthorized", unidentified(node));
  return nobody;
}

function ofToken({ user, info }: ConnectionClaims): Identity {
  return info === undefined ? { user } : { user, info };
}

function unidentified(node: SessionNode): string {
  return node.tokens === null
    ? "guests are not let in, and there is no connect rule"
    : "guests are not let in: expected a token";
}
