// Coming in, being known and leaving, over a real HTTP server; and who may not.
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openDatabase } from "../data/open-database.ts";
import type { Database } from "../data/schema.ts";
import { createSessions } from "../session/sessions.ts";
import { answerText } from "./answer.ts";
import { answerSession } from "./session-routes.ts";
import { createTurnstile } from "./turnstile.ts";

let db: Database;
let server: Server;
let base = "";

beforeEach(async () => {
  db = await openDatabase(":memory:");
  const sessions = createSessions(db, randomBytes(32));
  const routes = { db, sessions, mode: "development" as const, turnstile: createTurnstile() };
  server = createServer((request, response) => {
    if (!answerSession(routes, request, response)) answerText(response, 404, "somebody else's");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await db.destroy();
});

async function ask(
  method: string,
  options: { seat?: number; cookie?: string; body?: string; headers?: Record<string, string> } = {},
) {
  const { body, cookie, headers, seat } = options;
  const response = await fetch(`${base}/session${seat === undefined ? "" : `?seat=${seat}`}`, {
    method,
    headers: {
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...(cookie === undefined ? {} : { cookie }),
      ...headers,
    },
    ...(body === undefined ? {} : { body }),
  });
  const text = await response.text();
  const setCookie = response.headers.getSetCookie()[0] ?? "";
  return { status: response.status, text, cookie: setCookie.split(";")[0] ?? "", setCookie };
}

const enter = (name: string, seat?: number) =>
  ask("POST", { body: JSON.stringify({ name }), ...(seat === undefined ? {} : { seat }) });

async function nameOf(cookie: string, seat?: number): Promise<unknown> {
  const { text } = await ask("GET", { cookie, ...(seat === undefined ? {} : { seat }) });
  return (JSON.parse(text) as { person: { name: string } | null }).person?.name ?? null;
}

describe("a session", () => {
  it("begins with a name, is known by its cookie, and is over for good after leaving", async () => {
    const came = await enter("  Ada  Lovelace ");
    expect(came.status).toBe(201);
    expect(came.setCookie).toContain("HttpOnly; SameSite=Lax");
    expect(await nameOf(came.cookie)).toBe("Ada Lovelace");
    const left = await ask("DELETE", { cookie: came.cookie });
    expect(left.setCookie).toContain("Max-Age=0");
    // Also for whoever kept the cookie.
    expect(await nameOf(came.cookie)).toBeNull();
  });

  it("is another one on another seat of the same browser", async () => {
    const first = await enter("One");
    const second = await enter("Two", 2);
    const jar = `${first.cookie}; ${second.cookie}`;
    expect(await nameOf(jar)).toBe("One");
    expect(await nameOf(jar, 2)).toBe("Two");
    expect(await nameOf(jar, 3)).toBeNull();
    expect(await nameOf(second.cookie.replace("harbor_session_2", "harbor_session"))).toBeNull();
  });

  it.each([
    ["no name", "{}", 422],
    ["an empty name", '{"name":"  "}', 422],
    ["a name too long", JSON.stringify({ name: "x".repeat(41) }), 422],
    ["no JSON", "{", 400],
    ["too much", JSON.stringify({ name: "x".repeat(5_000) }), 413],
  ])("does not begin with %s", async (_what, body, status) => {
    expect((await ask("POST", { body })).status).toBe(status);
  });

  it("does not begin or end for a page of another site, nor for a form", async () => {
    const body = '{"name":"Eve"}';
    const { cookie } = await enter("Ada");
    for (const origin of ["https://evil.example", "null", `${base}.evil.example`, "http://127.0.0.1:1"]) {
      expect((await ask("POST", { body, headers: { origin } })).status).toBe(403);
      expect((await ask("DELETE", { cookie, headers: { origin } })).status).toBe(403);
    }
    expect((await ask("POST", { body, headers: { "sec-fetch-site": "cross-site" } })).status).toBe(403);
    expect((await ask("POST", { body, headers: { "content-type": "text/plain" } })).status).toBe(415);
    expect((await ask("POST", { body, headers: { origin: base } })).status).toBe(201);
    expect(await nameOf(cookie)).toBe("Ada");
  });

  it("has seats from 1 to 9, and nothing else at its address", async () => {
    expect((await ask("GET", { seat: 10 })).status).toBe(400);
    expect((await ask("GET", { seat: 0 })).status).toBe(400);
    expect((await ask("PUT")).status).toBe(405);
    expect((await fetch(`${base}/sessions`)).status).toBe(404);
  });
});

describe("the turnstile", () => {
  it("lets so many guests of one address in, and one's own machine always", () => {
    const turnstile = createTurnstile();
    const letIn = Array.from({ length: 50 }, () => turnstile.lets("203.0.113.7")).filter(Boolean);
    expect(letIn).toHaveLength(30);
    expect(turnstile.lets("203.0.113.8")).toBe(true);
    expect(Array.from({ length: 50 }, () => turnstile.lets("::1")).every(Boolean)).toBe(true);
  });
});
