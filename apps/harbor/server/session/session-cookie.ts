// The session cookie: a guest's id under a signature. A browser can hold one for each seat.
import { createHmac, timingSafeEqual } from "node:crypto";

export const sessionDays = 30;
const maxAgeMs = sessionDays * 86_400_000;

/** What a cookie says once its signature was found good. */
export interface SessionClaim {
  readonly guest: string;
  readonly issuedMs: number;
}

/** Seats from 2 up let one browser be several people; they are told apart by the cookie's name. */
export function cookieName(seat: number): string {
  return seat === 1 ? "harbor_session" : `harbor_session_${seat}`;
}

export function signSession(claim: SessionClaim, seat: number, secret: Buffer): string {
  const body = `${claim.guest}.${claim.issuedMs.toString(36)}`;
  return `${body}.${signatureOf(body, seat, secret)}`;
}

/** `null` when it is malformed, not signed by us for this seat, or older than it may be. */
export function readSession(value: string, seat: number, secret: Buffer): SessionClaim | null {
  const found = /^([A-Za-z0-9_-]{1,64})\.([0-9a-z]{1,12})\.([A-Za-z0-9_-]{43})$/.exec(value);
  if (found === null) return null;
  const [, guest = "", issued = "", signature = ""] = found;
  const expected = signatureOf(`${guest}.${issued}`, seat, secret);
  if (!timingSafeEqual(Buffer.from(signature), Buffer.from(expected))) return null;
  const issuedMs = Number.parseInt(issued, 36);
  const ageMs = Date.now() - issuedMs;
  return ageMs > maxAgeMs ? null : { guest, issuedMs };
}

function signatureOf(body: string, seat: number, secret: Buffer): string {
  return createHmac("sha256", secret).update(`harbor-session.${seat}.${body}`).digest("base64url");
}

/** The value of one cookie in a `Cookie` header; the first, should there be several of that name. */
export function cookieFrom(header: string | undefined, name: string): string | null {
  for (const pair of (header ?? "").split(";")) {
    const at = pair.indexOf("=");
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim();
  }
  return null;
}

/** @param isSecure Whether the page came over TLS; a cookie marked Secure would be dropped without it. */
export function setCookie(given: { seat: number; value: string; isSecure: boolean }): string {
  const attributes = ["Path=/", "HttpOnly", "SameSite=Lax", `Max-Age=${given.value === "" ? 0 : maxAgeMs / 1_000}`];
  if (given.isSecure) attributes.push("Secure");
  return [`${cookieName(given.seat)}=${given.value}`, ...attributes].join("; ");
}
