// Tokens: garbage is invalid and never an exception, and what the issuer signed is read for what it says.
import { createHmac } from "node:crypto";
import { isPast, ttlOf } from "../../packages/server/src/session/expiry.ts";
import { isKeptOut, listedUsers } from "../../packages/server/src/tokens/names.ts";
import { tokenVerifier } from "../../packages/server/src/tokens/verifier.ts";
import { hasOwnKeysOnly, holds } from "../oracle.ts";
import type { Target } from "../target.ts";

const secret = "a secret of some length, which nobody knows";
const nowMs = 1_700_000_000_000;
const clock = { now: () => 0, wall: () => nowMs, after: () => () => undefined, defer: (act: () => void) => act() };
const verifier = tokenVerifier({ secret }, clock);

function signed(header: string, payload: string): string {
  const encoded = [header, payload].map((part) => Buffer.from(part).toString("base64url")).join(".");
  return `${encoded}.${createHmac("sha256", secret).update(encoded).digest("base64url")}`;
}

/** A header and its claims on two lines are signed; one line is the token itself. */
export const target: Target = {
  name: "tokens",
  shape: "json",
  files: ["server/src/tokens/"],
  // Each is verified in another thread.
  batch: 64,
  maxBytes: 16_384,
  seeds: [
    '{"alg":"HS256","typ":"JWT"}\n{"sub":"u","exp":1800000000,"info":{"a":1},"channels":["a","b"],"subs":{"c":{}}}',
    '{"alg":"HS256"}\n{"sub":"u","channel":"$c","expire_at":0,"b64info":"e30="}',
    '{"alg":"none"}\n{"sub":"admin"}',
    '{"alg":"HS256","crit":["b64"],"b64":false}\n{"exp":1600000000,"nbf":1}',
    "eyJhbGciOiJIUzI1NiJ9.e30.c2ln",
  ],
  words: ["alg", "typ", "kid", "jwk", "jku", "crit", "HS256", "none", "exp", "nbf", "iat", "iss", "aud", "sub"],
  async run(input) {
    const text = Buffer.from(input).toString();
    const [header = "", payload] = text.split("\n");
    const token = payload === undefined ? text : signed(header, payload);
    for (const verified of [await verifier.connection(token), await verifier.subscription(token)]) {
      hasOwnKeysOnly(verified);
      holds(verified.kind !== "unavailable", "the keys are here");
      if (verified.kind !== "ok") continue;
      const { claims } = verified;
      holds(token.length <= 8_192 && payload !== undefined, "nobody signed it");
      holds((JSON.parse(header) as { alg?: unknown }).alg === "HS256", "its algorithm is another one");
      holds(typeof claims.user === "string", "a user who is no text");
      const ttl = ttlOf(claims.expiresAt, clock);
      isPast(claims.expiresAt, clock);
      holds(ttl === null || (Number.isInteger(ttl) && ttl >= 0 && ttl <= 0xffff_ffff), `it expires in ${ttl} s`);
      const channels = "channels" in claims ? claims.channels : [claims.channel];
      for (const channel of channels) {
        holds(typeof channel === "string", "a channel that is no text");
        holds(isKeptOut(channel, "") || listedUsers(channel) === null, "a guest is on a list");
      }
    }
  },
};
