// Verifying what a client shows: its token's claims, or the error or the end that it earns.
import { TidewireError } from "@tidewire/protocol";
import { refuse } from "../hub/refusal.ts";
import type { ConnectionClaims, SubscriptionClaims, Verified } from "../tokens/claims.ts";
import type { TokenVerifier } from "../tokens/verifier.ts";
import { CloseError } from "./close-error.ts";
import { isPast } from "./expiry.ts";
import type { SessionNode } from "./node.ts";

/** What is not usable as a token, in the words of a command. */
export type Unusable = "expired" | { readonly invalid: string };

/** @throws {TidewireError} `not_available` where tokens are not verified. */
export function verifierOf(node: SessionNode): TokenVerifier {
  return (
    node.tokens ?? refuse("not_available", "tokens are not verified here: connections and subscriptions do not expire")
  );
}

/**
 * The claims, or why there are none.
 * @throws {TidewireError} `internal`, temporary, when nobody can say.
 */
export async function claimsOf<Claims extends { readonly expiresAt: number | null }>(
  node: SessionNode,
  verifying: Promise<Verified<Claims>>,
): Promise<Claims | Unusable> {
  const verified = await verifying;
  if (verified.kind === "unavailable") {
    node.metrics.add("token_keys_unavailable");
    node.log.error("the keys of tokens could not be fetched", { reason: verified.why });
    throw new TidewireError("internal", "tokens cannot be verified at present");
  }
  if (verified.kind === "invalid") {
    node.metrics.add("tokens_invalid");
    return { invalid: verified.why };
  }
  // `expire_at` may have passed although the token itself is still good.
  if (verified.kind === "ok" && !isPast(verified.claims.expiresAt, node.clock)) return verified.claims;
  node.metrics.add("tokens_expired");
  return "expired";
}

/** @throws {TidewireError} `token_expired`. @throws {CloseError} for one that is not valid. */
export async function connectionClaimsOf(node: SessionNode, token: string): Promise<ConnectionClaims> {
  const claims = await claimsOf(node, verifierOf(node).connection(token));
  if (claims === "expired") return refuse("token_expired");
  if ("invalid" in claims) throw new CloseError("invalid_token", claims.invalid);
  return claims;
}

/** @throws {CloseError} when the token is another user's, or for another channel. */
export function checkBelongs(
  claims: SubscriptionClaims,
  to: { readonly user: string; readonly channel: string },
): void {
  if (claims.channel !== to.channel) throw new CloseError("invalid_token", "the token is for another channel");
  if (claims.user !== to.user) throw new CloseError("invalid_token", "the token is another user's");
}
