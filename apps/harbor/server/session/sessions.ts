// Sessions: from a request to the guest whose cookie it carries.
import type { IncomingHttpHeaders } from "node:http";
import { findGuest } from "../data/guests.ts";
import type { Database, GuestRow } from "../data/schema.ts";
import { cookieFrom, cookieName, readSession } from "./session-cookie.ts";

/** What both an HTTP request and the upgrade of a socket have. */
export interface Carrier {
  readonly headers: IncomingHttpHeaders;
  readonly url: string;
}

export interface Sessions {
  readonly secret: Buffer;
  /** `null` without a good cookie for the request's seat, and for a guest who has left. */
  guestOf(request: Carrier): Promise<GuestRow | null>;
}

export function createSessions(db: Database, secret: Buffer): Sessions {
  return {
    secret,
    async guestOf(request) {
      const seat = seatOf(request.url);
      if (seat === null) return null;
      const value = cookieFrom(request.headers.cookie, cookieName(seat));
      const claim = value === null ? null : readSession(value, seat, secret);
      return claim === null ? null : await findGuest(db, claim.guest);
    },
  };
}

/** The seat in a request's query: 1 when it names none, `null` when there is no such seat. */
export function seatOf(url: string): number | null {
  const given = new URL(url, "http://harbor").searchParams.get("seat");
  if (given === null) return 1;
  return /^[1-9]$/.test(given) ? Number(given) : null;
}
