// Publishing and looking into a channel by HTTP: forms, rates, identities, origins, and what an answer says.
import { connect } from "node:net";
import { defineChannel } from "@tidewire/protocol";
import { tokenOf, tokenSecret } from "@tidewire/server/testing";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { openStream, requestStream } from "./event-stream-client.ts";
import { ask, errorOf, post, say } from "./requesting.ts";
import { lobby, serve } from "./serving.ts";
import { talk } from "./talk.ts";
import { dial, readUntil } from "./wire.ts";

const feed = defineChannel("feed", { publishers: "server" });
const typed = defineChannel("typed", { data: z.object({ n: z.number() }) });
const quiet = defineChannel("quiet");

describe("publishing", () => {
  test("what a body becomes, by its type", async () => {
    const { httpUrl, socketUrl } = await serve();
    const url = `${httpUrl}/raw/public:a`;
    const raw = await talk(`${socketUrl}/raw/public:a`);
    const first = await post(url, "hello");
    const epoch = (first.body as { epoch: string }).epoch;
    expect([first.status, first.body]).toEqual([200, { epoch, offset: 1, durability: "volatile" }]);
    await post(url, '{"a": 1}', { "Content-Type": "application/x-www-form-urlencoded" });
    await post(url, '"in quotes"', { "Content-Type": "text/plain" });
    await post(url, '"a JSON string"', { "Content-Type": "application/json; charset=utf-8" });
    expect((await post(url, "")).body).toEqual({ epoch, offset: 5, durability: "volatile" });
    expect(await raw.take(5)).toEqual(["hello", '{"a": 1}', '"in quotes"', "a JSON string", ""]);
    expect(errorOf(await post(url, "{broken", { "Content-Type": "application/json" }))).toEqual([400, 107]);
    expect(errorOf(await post(url, Uint8Array.of(0xc3, 0x28)))).toEqual([400, 107]);
    expect(errorOf(await post(url, "x", { "Content-Encoding": "gzip" }))).toEqual([415, 107]);
    // Binary is for signal channels alone, by every door.
    const binary = { "Content-Type": "application/octet-stream" };
    expect(errorOf(await post(url, Uint8Array.of(1), binary))).toEqual([422, 422]);
    const signal = await talk(`${socketUrl}/raw/lobby`);
    const kept = await post(`${httpUrl}/raw/lobby`, Uint8Array.of(0, 255), binary);
    expect([kept.status, kept.body]).toEqual([200, { durability: "volatile" }]);
    expect(await signal.next()).toEqual(Uint8Array.of(0, 255));
  });

  test("with a key, once", async () => {
    const { httpUrl } = await serve();
    const url = `${httpUrl}/raw/public:a`;
    const headers = { "Idempotency-Key": "one" };
    const { body } = await post(url, "x", headers);
    expect((await post(url, "x", headers)).body).toEqual({ ...(body as object), duplicate: true });
    expect(errorOf(await post(url, "other", headers))).toEqual([409, 409]);
    for (const key of ["", "k".repeat(65)]) {
      expect(errorOf(await post(url, "x", { "Idempotency-Key": key }))).toEqual([400, 107]);
    }
  });

  test("the rules of every other door", async () => {
    const access = { publish: ({ channel }: { channel: string }) => channel !== "quiet" };
    const { httpUrl } = await serve({ channels: [feed, typed, quiet], access });
    expect(errorOf(await post(`${httpUrl}/raw/feed`, "1"))).toEqual([403, 103]);
    expect(errorOf(await post(`${httpUrl}/raw/quiet`, "1"))).toEqual([403, 103]);
    expect(errorOf(await post(`${httpUrl}/raw/typed`, '{"n":"x"}'))).toEqual([422, 422]);
    expect(errorOf(await post(`${httpUrl}/raw/nowhere`, "1"))).toEqual([404, 102]);
    expect((await post(`${httpUrl}/raw/typed`, '{"n":1}')).status).toBe(200);
    const production = await serve({ mode: "production" });
    const refused = await post(`${production.httpUrl}/raw/lobby`, "1");
    expect([errorOf(refused), refused.headers.get("www-authenticate")]).toEqual([[401, 101], "Bearer"]);
  });

  test("who it is: by a cookie that the connect rule reads, or by a token", async () => {
    const authors: unknown[] = [];
    const served = await serve({
      mode: "production",
      tokens: { secret: tokenSecret },
      access: { publish: ({ user }) => authors.push(user) > 0 },
    });
    const url = `${served.httpUrl}/raw/public:a`;
    const token = tokenOf({ sub: "ann" });
    expect((await post(url, "x", { Authorization: `Bearer ${token}` })).status).toBe(200);
    expect((await post(url, "x", { Authorization: `bearer  ${token}` })).status).toBe(200);
    expect(errorOf(await post(url, "x", { Authorization: "Bearer nonsense" }))).toEqual([401, 3500]);
    expect(errorOf(await post(url, "x", { Authorization: `Basic ${token}` }))).toEqual([401, 101]);
    expect(errorOf(await post(url, "x", { Authorization: `Bearer ${tokenOf({ sub: "ann", exp: 1 })}` }))).toEqual([
      401, 109,
    ]);
    const stream = await openStream(served.port, "/raw/public:a", { headers: { Authorization: `Bearer ${token}` } });
    const presence = await ask(`${url}/presence`, { headers: { Authorization: `Bearer ${token}` } });
    expect((presence.body as { members: { user: string }[] }).members.map(({ user }) => user)).toEqual(["ann"]);
    const raw = await talk(`${served.socketUrl}/raw/public:a`, { headers: { Authorization: `Bearer ${token}` } });
    raw.send("by socket");
    await stream.until(({ events }) => events.length === 1);
    expect(authors).toEqual(["ann", "ann", "ann"]);
    const users: string[] = [];
    const cookies = await serve({
      access: { connect: ({ headers }) => ({ user: String(users.push(headers.cookie ?? "none")) }) },
    });
    await post(`${cookies.httpUrl}/raw/lobby`, "x", { Cookie: "session=1" });
    expect(users).toEqual(["session=1"]);
  });

  test("by many at once: each its own position, nothing lost, and nobody stays", async () => {
    const { httpUrl, tide, port } = await serve();
    const stream = await openStream(port, "/raw/public:a");
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, n) => post(`${httpUrl}/raw/public:a`, String(n))),
    );
    const offsets = answers.map(({ body }) => (body as { offset: number }).offset).sort((a, b) => a - b);
    expect(offsets).toEqual(Array.from({ length: 200 }, (_, n) => n + 1));
    await stream.until(({ events }) => events.length === 200);
    // In the order of the log.
    for (const [at, { lastEventId }] of stream.events.entries()) expect(lastEventId).toMatch(new RegExp(`:${at + 1}$`));
    await expect.poll(() => tide.stats().sessions).toBe(1);
  });
});

describe("as many as a connection may", () => {
  const limits = { publishesPerSecond: 1, publishBurst: 3 };
  const access = { connect: () => ({ user: "" }) };
  const one = "POST /raw/lobby HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1\r\n\r\nx";

  test("publishes of one TCP connection share their rate; another has its own", async () => {
    const { port, tide } = await serve({ mode: "production", limits, access });
    const count = (text: string): number => text.match(/HTTP\/1\.1 /g)?.length ?? 0;
    const text = await say(port, one.repeat(5), (said) => count(said) === 5 && said.endsWith("}"));
    expect(
      text
        .match(/HTTP\/1\.1 \d+/g)
        ?.map((status) => status.slice(-3))
        .sort(),
    ).toEqual(["200", "200", "200", "429", "429"]);
    expect(text.toLowerCase()).toContain("retry-after: 1");
    expect(await say(port, one, (said) => said.endsWith("}"))).toMatch(/^HTTP\/1\.1 200 /);
    expect(tide.stats().counters["rate_refusals"]).toBe(2);
  });

  test("those of one address share it where addresses are told apart, whatever the connection", async () => {
    const { httpUrl } = await serve({ mode: "production", limits, access, trustProxy: ["127.0.0.1"] });
    const from = async (address: string): Promise<number> =>
      (await post(`${httpUrl}/raw/lobby`, "x", { "X-Forwarded-For": address, Connection: "close" })).status;
    const statuses = [];
    for (let n = 0; n < 4; n += 1) statuses.push(await from("203.0.113.9"));
    expect(statuses).toEqual([200, 200, 200, 429]);
    expect(await from("203.0.113.10")).toBe(200);
  });

  test("a connection counts once, however many requests it carries, until it ends", async () => {
    const { port, tide } = await serve({ limits: { connections: 1 } });
    const socket = await dial(port);
    for (let n = 0; n < 3; n += 1) {
      socket.write(one);
      await readUntil(socket, (text) => text.endsWith("}"));
      expect(tide.stats()).toMatchObject({ connections: 1 });
    }
    expect(await say(port, one, (text) => text.endsWith("}"))).toMatch(/^HTTP\/1\.1 503 [^]*too many connections/);
    socket.destroy();
    await expect.poll(() => tide.stats()).toMatchObject({ connections: 0, sessions: 0 });
  });
});

describe("who is present", () => {
  test("members and counts", async () => {
    const { httpUrl, port } = await serve({ access: { connect: () => ({ user: "ann", info: { name: "Ann" } }) } });
    const url = `${httpUrl}/raw/public:a/presence`;
    expect((await ask(url)).body).toEqual({ clients: 0, users: 0, members: [] });
    await openStream(port, "/raw/public:a");
    await openStream(port, "/raw/public:a");
    const { body, status, headers } = await ask(url);
    const session = expect.any(String) as string;
    const member = { session, user: "ann", info: { name: "Ann" } };
    expect([status, body]).toEqual([200, { clients: 2, users: 1, members: [member, member] }]);
    expect(headers.get("cache-control")).toBe("no-store");
    expect((await ask(url, { method: "HEAD" })).status).toBe(200);
    expect(errorOf(await post(url, "x"))).toEqual([405, 107]);
  });

  test("counts alone, of more than are shown and of more than an answer holds", async () => {
    for (const limits of [{ membersShown: 2 }, { replyBytes: 150 }]) {
      const { httpUrl, port } = await serve({ limits });
      for (let n = 0; n < 3; n += 1) await openStream(port, "/raw/lobby");
      expect(await ask(`${httpUrl}/raw/lobby/presence`)).toMatchObject({
        status: 200,
        body: { clients: 3, users: 1, members: null },
      });
    }
  });

  test("only for whom the channel is", async () => {
    const { httpUrl } = await serve({ channels: [lobby, quiet], access: { subscribe: () => false } });
    expect(errorOf(await ask(`${httpUrl}/raw/lobby/presence`))).toEqual([403, 103]);
    expect(errorOf(await ask(`${httpUrl}/raw/quiet/presence`))).toEqual([404, 108]);
    expect(errorOf(await ask(`${httpUrl}/raw/nowhere/presence`))).toEqual([404, 102]);
  });
});

describe("other methods and other wishes", () => {
  test("a plain GET is told the ways there are", async () => {
    const { httpUrl } = await serve();
    for (const path of ["/raw/lobby", "/raw/nowhere", "/raw/a%2Fpresence"]) {
      const { status, body } = await ask(httpUrl + path);
      expect([status, body]).toEqual([
        406,
        expect.stringMatching(/WebSocket[^]*EventSource[^]*-d "hello"[^]*presence/),
      ]);
    }
    const deleted = await ask(`${httpUrl}/raw/lobby`, { method: "DELETE" });
    expect([errorOf(deleted), deleted.headers.get("allow")]).toEqual([[405, 107], "GET, HEAD, POST, OPTIONS"]);
  });

  test.each(["/raw", "/raw/", "/raw/%", "/raw/%FF", "/rawx/lobby"])("%s is the host's own", async (path) => {
    const { httpUrl } = await serve();
    expect(await ask(httpUrl + path)).toMatchObject({ status: 404, body: `not here: ${path}` });
  });

  test("before the server has started, and once it stops: 503", async () => {
    const { httpUrl, tide } = await serve();
    await tide.stop({ drainMs: 1 });
    const { status, headers } = await post(`${httpUrl}/raw/lobby`, "x");
    expect([status, headers.get("retry-after")]).toEqual([503, "5"]);
  });
});

describe("pages of other origins", () => {
  const preflight = { "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "idempotency-key" };

  test("in production one that is not allowed reads nothing, and publishes nothing", async () => {
    const { httpUrl, port, tide, log } = await serve({ mode: "production", access: { connect: () => ({ user: "" }) } });
    const headers = { Origin: "https://evil.example" };
    const refused = await post(`${httpUrl}/raw/lobby`, "x", headers);
    expect([errorOf(refused), refused.headers.get("access-control-allow-origin")]).toEqual([[403, 103], null]);
    const asked = await ask(`${httpUrl}/raw/lobby`, { method: "OPTIONS", headers: { ...headers, ...preflight } });
    expect([asked.status, asked.headers.get("access-control-allow-methods")]).toEqual([403, null]);
    const stream = await requestStream(port, "/raw/lobby", { headers });
    await stream.until(({ head }) => head !== "");
    expect(stream.status).toBe(403);
    // A request whose answer a page cannot read says where it is from all the same.
    const image = await requestStream(port, "/raw/lobby", { headers: { "Sec-Fetch-Site": "cross-site" } });
    await image.until(({ head }) => head !== "");
    expect(image.status).toBe(403);
    expect(tide.stats().counters["connected"]).toBeUndefined();
    expect(log.troubles.map(({ fields }) => fields["TIDEWIRE_ORIGINS"])).toEqual(["https://evil.example"]);
  });

  test("an allowed one reads as the user, a foreign one without the user's cookies", async () => {
    const cookies: unknown[] = [];
    const { httpUrl } = await serve({
      mode: "production",
      origins: ["https://app.example", "*"],
      access: { connect: ({ headers, token }) => ({ user: String(cookies.push([headers.cookie, token])) }) },
    });
    const sent = { Cookie: "session=1", Authorization: "Bearer t" };
    const own = await post(`${httpUrl}/raw/lobby`, "x", { Origin: "https://app.example", ...sent });
    expect(own.headers.get("access-control-allow-origin")).toBe("https://app.example");
    expect(own.headers.get("access-control-allow-credentials")).toBe("true");
    const foreign = await post(`${httpUrl}/raw/lobby`, "x", { Origin: "https://other.example", ...sent });
    expect(foreign.headers.get("access-control-allow-origin")).toBe("https://other.example");
    expect(foreign.headers.get("access-control-allow-credentials")).toBeNull();
    expect([own.status, foreign.status, own.headers.get("vary")]).toEqual([200, 200, "Origin"]);
    // A bearer token is the page's own to send.
    expect(cookies).toEqual([
      ["session=1", "t"],
      [undefined, "t"],
    ]);
    const asked = await ask(`${httpUrl}/raw/lobby`, {
      method: "OPTIONS",
      headers: { Origin: "https://other.example", ...preflight },
    });
    expect(asked.status).toBe(204);
    expect(asked.headers.get("access-control-allow-headers")).toContain("Idempotency-Key");
  });
});

test("a request line that is no address, and a client that says nothing, are the host's affair", async () => {
  const { port, tide } = await serve();
  expect(await say(port, "GET //[ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", (text) => text.endsWith("["))).toContain("404");
  const socket = connect(port, "127.0.0.1");
  await new Promise((resolve) => void socket.once("connect", resolve));
  socket.destroy();
  expect(tide.stats().connections).toBe(0);
});
