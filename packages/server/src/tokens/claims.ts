// What tokens say: the claims of the Centrifuge protocol, checked and in the server's own words.
import type { JWTPayload } from "jose";

/** A token for a connection. */
export interface ConnectionClaims {
  /** "" for a guest. */
  readonly user: string;
  readonly info: unknown;
  /** When the connection ends unless it is refreshed, in seconds since 1970; `null`: never. */
  readonly expiresAt: number | null;
  /** Channels the server subscribes it to. */
  readonly channels: readonly string[];
}

/** A token for one subscription of one user. */
export interface SubscriptionClaims {
  readonly user: string;
  readonly channel: string;
  readonly info: unknown;
  readonly expiresAt: number | null;
}

export type Verified<Claims> =
  | { readonly kind: "ok"; readonly claims: Claims }
  | { readonly kind: "expired" }
  /** Forged, malformed, or for something else. */
  | { readonly kind: "invalid"; readonly why: string }
  /** Nobody can say: the issuer's keys could not be fetched. */
  | { readonly kind: "unavailable"; readonly why: string };

/** A claim that is not what it should be. */
export class ClaimError extends Error {
  override readonly name: string = "ClaimError";
}

/** @throws {ClaimError} */
export function connectionClaims(payload: JWTPayload): ConnectionClaims {
  if (payload["channel"] !== undefined)
    throw new ClaimError("this is a token for a subscription, not for a connection");
  return {
    user: userOf(payload),
    info: infoOf(payload),
    expiresAt: expiryOf(payload),
    channels: [...new Set([...channelsOf(payload), ...Object.keys(objectOf(payload, "subs"))])],
  };
}

/** @throws {ClaimError} */
export function subscriptionClaims(payload: JWTPayload): SubscriptionClaims {
  const { channel } = payload;
  if (typeof channel !== "string" || channel === "") throw new ClaimError("channel: expected a name");
  return { user: userOf(payload), channel, info: infoOf(payload), expiresAt: expiryOf(payload) };
}

function userOf({ sub }: JWTPayload): string {
  if (sub === undefined || typeof sub === "string") return sub ?? "";
  throw new ClaimError("sub: expected a text");
}

/** `info` as JSON, or `b64info`: JSON in base64. */
function infoOf(payload: JWTPayload): unknown {
  const { b64info, info } = payload;
  if (b64info === undefined) return info;
  if (typeof b64info !== "string") throw new ClaimError("b64info: expected a text");
  try {
    return JSON.parse(Buffer.from(b64info, "base64").toString()) as unknown;
  } catch {
    throw new ClaimError("b64info: expected JSON in base64");
  }
}

/** `expire_at` stands before `exp`; 0 means that nothing expires although the token does. */
function expiryOf(payload: JWTPayload): number | null {
  const expireAt = payload["expire_at"];
  if (expireAt === undefined) return payload.exp ?? null;
  if (typeof expireAt !== "number" || !Number.isFinite(expireAt) || expireAt < 0) {
    throw new ClaimError("expire_at: expected seconds since 1970");
  }
  return expireAt === 0 ? null : expireAt;
}

function channelsOf(payload: JWTPayload): readonly string[] {
  const channels = payload["channels"] ?? [];
  if (Array.isArray(channels) && channels.every((name) => typeof name === "string")) return channels;
  throw new ClaimError("channels: expected a list of names");
}

function objectOf(payload: JWTPayload, name: string): object {
  const value = payload[name] ?? {};
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  throw new ClaimError(`${name}: expected an object`);
}
