// Verifying tokens: signature, time, audience and issuer, with the algorithms that fit the key and no others.
import { createPublicKey, type KeyObject } from "node:crypto";
import {
  createRemoteJWKSet,
  errors,
  type JWTPayload,
  jwtVerify,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
} from "jose";
import { type Clock, toDate } from "../ports/clock.ts";
import {
  ClaimError,
  type ConnectionClaims,
  connectionClaims,
  type SubscriptionClaims,
  subscriptionClaims,
  type Verified,
} from "./claims.ts";

/** Exactly one of `secret`, `publicKey` and `jwksUrl`. */
export interface TokenOptions {
  /** For HS256, HS384 and HS512. */
  readonly secret?: string;
  /** A public key as PEM: RSA for RS256 to RS512, P-256 to P-521 for ES256 to ES512, Ed25519 for EdDSA. */
  readonly publicKey?: string;
  /** Where the issuer publishes its keys. Fetched when a key is not known, at most every 30 s. */
  readonly jwksUrl?: string;
  /** Checked only when given. */
  readonly audience?: string;
  readonly issuer?: string;
}

/** Never throws for a token: whatever is wrong with one is in the answer. */
export interface TokenVerifier {
  connection(token: string): Promise<Verified<ConnectionClaims>>;
  subscription(token: string): Promise<Verified<SubscriptionClaims>>;
}

interface Key {
  readonly get: JWTVerifyGetKey;
  readonly algorithms: readonly string[];
}

const hmac = ["HS256", "HS384", "HS512"];
const asymmetric = ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"];
/** No token of ours is longer; parsing more is work for an attacker. */
const maxTokenLength = 8_192;

/** @throws {TypeError} when there is no key, more than one, or one of a kind that is not supported. */
export function tokenVerifier(options: TokenOptions, clock: Clock): TokenVerifier {
  const key = keyOf(options);
  const verify = async (token: string): Promise<JWTPayload> => {
    if (token.length > maxTokenLength) throw new ClaimError(`expected a token of at most ${maxTokenLength} characters`);
    const verifyOptions: JWTVerifyOptions = {
      algorithms: [...key.algorithms],
      currentDate: toDate(clock.wall()),
      ...(options.audience === undefined ? {} : { audience: options.audience }),
      ...(options.issuer === undefined ? {} : { issuer: options.issuer }),
    };
    return (await jwtVerify(token, key.get, verifyOptions)).payload;
  };
  return {
    connection: (token) => outcome(verify(token), connectionClaims),
    subscription: (token) => outcome(verify(token), subscriptionClaims),
  };
}

async function outcome<Claims>(
  verifying: Promise<JWTPayload>,
  read: (payload: JWTPayload) => Claims,
): Promise<Verified<Claims>> {
  try {
    return { kind: "ok", claims: read(await verifying) };
  } catch (thrown) {
    if (thrown instanceof errors.JWTExpired) return { kind: "expired" };
    if (thrown instanceof KeysUnavailable) return { kind: "unavailable", why: thrown.message };
    return { kind: "invalid", why: thrown instanceof Error ? thrown.message : "not a token" };
  }
}

function keyOf({ secret, publicKey, jwksUrl }: TokenOptions): Key {
  const given = [secret, publicKey, jwksUrl].filter((value) => value !== undefined).length;
  if (given !== 1) throw new TypeError(`tokens: expected one of secret, publicKey and jwksUrl, got ${given}`);
  if (secret !== undefined) {
    const bytes = new TextEncoder().encode(secret);
    return { get: () => bytes, algorithms: hmac };
  }
  if (publicKey !== undefined) {
    const parsed = createPublicKey(publicKey);
    return { get: () => parsed, algorithms: algorithmsOf(parsed) };
  }
  // Keys come from the configured address alone, never from one that a token names.
  return { get: publishedKeys(new URL(jwksUrl ?? "")), algorithms: asymmetric };
}

/** An issuer that does not answer says nothing about a token. */
class KeysUnavailable extends Error {
  override readonly name: string = "KeysUnavailable";
}

function publishedKeys(url: URL): JWTVerifyGetKey {
  const keys = createRemoteJWKSet(url, { cooldownDuration: 30_000 });
  return async (header, token) => {
    try {
      return await keys(header, token);
    } catch (thrown) {
      if (thrown instanceof errors.JWKSNoMatchingKey || thrown instanceof errors.JWKSMultipleMatchingKeys) throw thrown;
      if (thrown instanceof errors.JOSENotSupported) throw thrown;
      throw new KeysUnavailable(thrown instanceof Error ? thrown.message : "the keys could not be fetched");
    }
  };
}

function algorithmsOf(key: KeyObject): readonly string[] {
  const kind = key.asymmetricKeyType ?? "none";
  if (kind === "rsa") return ["RS256", "RS384", "RS512"];
  if (kind === "ed25519") return ["EdDSA", "Ed25519"];
  const curves: Readonly<Record<string, string>> = { prime256v1: "ES256", secp384r1: "ES384", secp521r1: "ES512" };
  const algorithm = kind === "ec" ? curves[key.asymmetricKeyDetails?.namedCurve ?? ""] : undefined;
  if (algorithm !== undefined) return [algorithm];
  throw new TypeError(`tokens: expected an RSA, P-256, P-384, P-521 or Ed25519 public key, got ${kind}`);
}
