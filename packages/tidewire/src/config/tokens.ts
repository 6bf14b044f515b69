// How a configuration has tokens verified: by one kind of key.
import { createPublicKey } from "node:crypto";
import type { TokenOptions } from "@tidewire/server";
import { hostsFor, isLoopback } from "../host/settings.ts";
import type { TokenConfig } from "./config.ts";

/** `null` where there is no key. */
export function tokensOf(token: TokenConfig, note: (where: string, what: string) => void): TokenOptions | null {
  const { hmac_secret_key: secret, public_key: publicKey, jwks_public_endpoint: jwksUrl, audience, issuer } = token;
  const names = { TIDEWIRE_TOKEN_SECRET: secret, TIDEWIRE_TOKEN_PUBLIC_KEY: publicKey, TIDEWIRE_JWKS_URL: jwksUrl };
  const given = Object.entries(names).flatMap(([name, value]) => (value === null ? [] : [name]));
  if (given.length > 1) {
    note(given.join(", "), `expected one of them, got ${given.length === 2 ? "both" : "all"}`);
    return null;
  }
  if (jwksUrl !== null && !isSafe(jwksUrl)) {
    note("TIDEWIRE_JWKS_URL", `expected an address that begins with https://, got ${JSON.stringify(jwksUrl)}`);
  }
  if (publicKey !== null && !isPublicKey(publicKey)) {
    note("client.token.public_key_file", "expected a public key as PEM: RSA, P-256 to P-521 or Ed25519");
  }
  const checked = { ...(audience !== null && { audience }), ...(issuer !== null && { issuer }) };
  if (secret !== null) return { secret, ...checked };
  if (publicKey !== null) return { publicKey, ...checked };
  return jwksUrl === null ? null : { jwksUrl, ...checked };
}

/** Whoever answers there decides who may come in: without TLS that is anybody on the way. */
function isSafe(address: string): boolean {
  const url = URL.canParse(address) ? new URL(address) : null;
  return url?.protocol === "https:" || (url?.protocol === "http:" && hostsFor(url.hostname).every(isLoopback));
}

function isPublicKey(pem: string): boolean {
  // A private key has a public one in it, and no business here.
  if (/PRIVATE KEY/.test(pem)) return false;
  try {
    return ["rsa", "ec", "ed25519"].includes(createPublicKey(pem).asymmetricKeyType ?? "");
  } catch {
    return false;
  }
}
