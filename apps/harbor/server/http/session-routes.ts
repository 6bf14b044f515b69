// `/session`: who I am (GET), coming in with a name (POST), leaving (DELETE).
import type { IncomingMessage, ServerResponse } from "node:http";
import { describeIssues } from "@tidewire/protocol";
import type { Mode } from "@tidewire/server";
import { colourOf } from "../../contract/person.ts";
import { enterRequest, type SessionReply } from "../../contract/session.ts";
import { addGuest, guestLeaves } from "../data/guests.ts";
import type { Database, GuestRow } from "../data/schema.ts";
import { setCookie, signSession } from "../session/session-cookie.ts";
import { type Carrier, type Sessions, seatOf } from "../session/sessions.ts";
import { answerJson, answerText } from "./answer.ts";
import { readJsonBody } from "./json-body.ts";
import { isOwnPage } from "./own-page.ts";
import type { Turnstile } from "./turnstile.ts";

export interface SessionRoutes {
  readonly db: Database;
  readonly sessions: Sessions;
  readonly mode: Mode;
  readonly turnstile: Turnstile;
}

/** False when the request is not for `/session`. */
export function answerSession(routes: SessionRoutes, request: IncomingMessage, response: ServerResponse): boolean {
  const url = request.url ?? "/";
  if (url !== "/session" && !url.startsWith("/session?")) return false;
  answer(routes, { request, response, url }).catch(() => {
    if (!response.headersSent) answerText(response, 500, "Something went wrong here. Nothing was changed.");
    else response.destroy();
  });
  return true;
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: string;
}

async function answer(routes: SessionRoutes, exchange: Exchange): Promise<void> {
  const { request, response, url } = exchange;
  const carrier: Carrier = { headers: request.headers, url };
  const seat = seatOf(url);
  if (seat === null) return answerText(response, 400, "A seat is a number from 1 to 9.");
  if (request.method === "GET" || request.method === "HEAD") {
    return answerJson(response, 200, replyFor(await routes.sessions.guestOf(carrier), routes.mode));
  }
  if (request.method !== "POST" && request.method !== "DELETE") {
    response.setHeader("Allow", "GET, HEAD, POST, DELETE");
    return answerText(response, 405, "Here one can GET, POST and DELETE.");
  }
  if (!isOwnPage(request.headers)) return answerText(response, 403, "A page of another site may not do this.");
  if (request.method === "POST") return await enter(routes, exchange, seat);
  const guest = await routes.sessions.guestOf(carrier);
  if (guest !== null) await guestLeaves(routes.db, guest.id);
  response.setHeader("Set-Cookie", setCookie({ seat, value: "", isSecure: isSecure(request) }));
  return answerJson(response, 200, replyFor(null, routes.mode));
}

async function enter(routes: SessionRoutes, { request, response }: Exchange, seat: number): Promise<void> {
  if (!routes.turnstile.lets(request.socket.remoteAddress ?? "")) {
    response.setHeader("Retry-After", "60");
    return answerText(response, 429, "Too many new guests from this address. Try again in a minute.");
  }
  const body = await readJsonBody(request);
  if (body.kind === "refused") return answerText(response, body.status, body.why);
  const parsed = enterRequest.safeParse(body.value);
  if (!parsed.success) return answerText(response, 422, describeIssues(parsed.error.issues));
  const guest = await addGuest(routes.db, parsed.data.name);
  const value = signSession({ guest: guest.id, issuedMs: Date.now() }, seat, routes.sessions.secret);
  response.setHeader("Set-Cookie", setCookie({ seat, value, isSecure: isSecure(request) }));
  return answerJson(response, 201, replyFor(guest, routes.mode));
}

function replyFor(guest: GuestRow | null, mode: Mode): SessionReply {
  return { person: guest === null ? null : { id: guest.id, name: guest.name, colour: colourOf(guest.id) }, mode };
}

/** Believing a forged header here only makes the forger's own cookie stricter. */
function isSecure(request: IncomingMessage): boolean {
  return request.headers["x-forwarded-proto"] === "https";
}
