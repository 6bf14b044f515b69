// Tokens for tests, signed with a secret.
import { createHmac } from "node:crypto";

/** The secret that `tokenOf` signs with by default. */
export const tokenSecret = "a secret of some length, which nobody knows";

/** An HS256 token. Times in the claims are seconds since 1970. */
export function tokenOf(claims: object, secret: string = tokenSecret): string {
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const signed = `${encode({ alg: "HS256", typ: "JWT" })}.${encode(claims)}`;
  return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
}
