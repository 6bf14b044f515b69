// Signatures as Standard Webhooks says: HMAC-SHA256 over id, time and body.
import { createHmac } from "node:crypto";

/** What is signed. */
export interface Signed {
  /** It has no "." in it, which is what parts it from the rest. */
  readonly id: string;
  /** Seconds since 1970. */
  readonly timestamp: number;
  readonly body: string;
}

const form = /^whsec_([A-Za-z0-9+/]+={0,2})$/;

/** What is wrong with a secret; `null` when nothing is. Its own words are in no message. */
export function secretProblem(secret: string): string | null {
  const bytes = form.test(secret) ? keyOf(secret).length : 0;
  if (bytes >= 24 && bytes <= 64) return null;
  return 'expected "whsec_" and 24 to 64 bytes in base64';
}

/** One for each secret, so that a receiver that knows the old or the new one alone finds its own (while one is replaced). */
export function signatureOf({ id, timestamp, body }: Signed, secrets: readonly string[]): string {
  const signed = `${id}.${timestamp}.${body}`;
  return secrets.map((secret) => `v1,${createHmac("sha256", keyOf(secret)).update(signed).digest("base64")}`).join(" ");
}

function keyOf(secret: string): Buffer {
  return Buffer.from(form.exec(secret)?.[1] ?? "", "base64");
}
