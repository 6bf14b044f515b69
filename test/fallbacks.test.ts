// The protocol's fallbacks on real sockets: heads, limits, origins, and whatever is asked of them that is not right.
import { once } from "node:events";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { defineChannel } from "@tidewire/protocol";
import { describe, expect, test } from "vitest";
import { FakeClock } from "../packages/server/src/testing/fake-clock.ts";
import {
  beginStream,
  connectCommand,
  emulate,
  emulatedClient,
  EmulatedClient,
  type Fallback,
  postStream,
} from "./emulated-client.ts";
import { ask, errorOf, post } from "./requesting.ts";
import { open, serve } from "./serving.ts";
import { dial, readUntil } from "./wire.ts";

const fallbacks: readonly Fallback[] = ["http_stream", "sse"];
const subscribe = (id: number): string => `{"id":${id},"subscribe":{"channel":"public:a"}}`;
const presence = (id: number): string => `{"id":${id},"presence_stats":{"channel":"public:a"}}`;

describe.each(fallbacks)("%s", (fallback) => {
  test("a head that keeps what is between from storing and holding back; then the connect reply with its place", async () => {
    const client = await emulatedClient(await serve(), fallback);
    const head = client.stream.head.toLowerCase();
    expect(client.stream.status).toBe(200);
    expect(head).toContain(`content-type: ${fallback === "sse" ? "text/event-stream" : "application/json"}`);
    for (const line of ["cache-control: no-store", "x-accel-buffering: no", "connection: close"]) {
      expect(head).toContain(line);
    }
    expect(head).not.toContain("transfer-encoding");
    expect(client.lines).toMatchObject([
      {
        id: 1,
        connect: {
          pong: true,
          session: expect.stringMatching(/^[\w-]{32}$/) as string,
          node: expect.stringMatching(/^[\w-]{16}$/) as string,
        },
      },
    ]);
  });

  test("many commands in one frame: the connect is decided before those that follow it", async () => {
    const commands = [connectCommand, subscribe(2), '{"id":3,"publish":{"channel":"public:a","data":"x"}}'].join("\n");
    const client = await emulatedClient(await serve(), fallback, commands);
    await client.until((lines) => lines.length === 4);
    expect(client.lines.map((line) => line["id"] ?? "push")).toEqual([1, 2, "push", 3]);
  });

  test("a refused connect is answered, and what follows it is ignored", async () => {
    const served = await serve({ access: { connect: () => null } });
    const client = await emulatedClient(served, fallback, `${connectCommand}\n${subscribe(2)}`);
    expect(client.lines).toMatchObject([{ id: 1, error: { code: 103 } }]);
  });

  test.each([
    ["no JSON", "nonsense"],
    ["no connect", subscribe(1)],
    ["two connects", `${connectCommand}\n${connectCommand}`],
    ["a pong", "{}"],
  ])("%s: told in the stream, which ends", async (_, commands) => {
    const stream = await beginStream(await serve(), fallback, commands);
    await stream.ended;
    const client = new EmulatedClient(stream, "");
    expect(stream.status).toBe(200);
    expect(client.lines.at(-1)).toMatchObject({ push: { disconnect: { code: 3501 } } });
  });

  test("an invalid token is the terminal 3500", async () => {
    const served = await serve({ tokens: { secret: "s".repeat(32) } });
    const stream = await beginStream(served, fallback, '{"id":1,"connect":{"token":"none"}}');
    await stream.ended;
    expect(new EmulatedClient(stream, "").lines).toMatchObject([{ push: { disconnect: { code: 3500 } } }]);
  });

  test("nothing to begin with is 400, and another method 405", async () => {
    const { httpUrl } = await serve();
    const url = `${httpUrl}/connection/${fallback}`;
    expect(errorOf(await post(url, ""))).toEqual([400, 107]);
    expect(errorOf(await ask(url))).toEqual(fallback === "sse" ? [400, 107] : [405, 107]);
    expect((await ask(url, { method: "PUT", body: "x" })).status).toBe(405);
  });

  test("the server stops: said in the stream", async () => {
    const served = await serve();
    const client = await emulatedClient(served, fallback);
    await served.stop();
    await client.stream.ended;
    expect(client.lines.at(-1)).toEqual({ push: { disconnect: { code: 3001, reason: "shutdown" } } });
  });

  test("a stream that is closed ends its session, and what is posted then is 404", async () => {
    const served = await serve();
    const client = await emulatedClient(served, fallback, `${connectCommand}\n${subscribe(2)}`);
    await client.until((lines) => lines.length === 2);
    client.stream.socket.destroy();
    await expect.poll(() => served.tide.stats(), { timeout: 20_000 }).toMatchObject({ sessions: 0, subscriptions: 0 });
    expect(errorOf(await client.say(presence(3)))).toEqual([404, 108]);
  });

  test("a node that is full refuses with a status: the SDK then tries what comes next", async () => {
    const served = await serve({ limits: { connections: 1 } });
    await emulatedClient(served, fallback);
    const refused = await beginStream(served, fallback, connectCommand);
    await refused.until(({ head }) => head !== "");
    expect(refused.status).toBe(503);
  });
});

describe("http_stream in Protobuf", () => {
  test("messages with their length before them, and a pong by a request in Protobuf", async () => {
    const { port, httpUrl } = await serve({ limits: { pingIntervalMs: 50, pongTimeoutMs: 60_000 } });
    const stream = await postStream(port, "/connection/http_stream", Uint8Array.of(4, 8, 1, 0x22, 0));
    const texts = (): string[] => [...stream.text.matchAll(/[\w-]{16,}/g)].map(([text]) => text);
    await stream.until(() => texts().length >= 3);
    expect(stream.head).toContain("application/octet-stream");
    const [, session = "", node = ""] = texts().map((text, index) => text.slice(0, [22, 32, 16][index]));
    const part = (number: number, text: string | Uint8Array): Buffer =>
      Buffer.concat([Buffer.of((number << 3) | 2, text.length), Buffer.from(text)]);
    await stream.until(({ text }) => text.endsWith("\0"));
    const body = Buffer.concat([part(1, node), part(2, session), part(3, Uint8Array.of(0))]);
    expect((await emulate(httpUrl, body, "application/octet-stream")).status).toBe(204);
    // A second pong was asked for by nobody.
    await emulate(httpUrl, body, "application/octet-stream");
    expect(await stream.ended).toContain("bad request");
  });
});

describe("emulation", () => {
  test("answers 204 without a body, and the reply comes by the stream", async () => {
    const client = await emulatedClient(await serve());
    const { status, body, headers } = await client.say(presence(2));
    expect([status, body, headers.get("content-length")]).toEqual([204, "", null]);
    await client.until((lines) => lines.at(-1)?.["id"] === 2);
  });

  test("a session of nobody's, of another, of another node, and none at all", async () => {
    const served = await serve();
    const [ann, bob] = [await emulatedClient(served), await emulatedClient(served)];
    await ann.say(subscribe(2));
    const { client: known = "" } = (ann.lines[0]?.["connect"] ?? {}) as { client?: string };
    const { session } = ann.place;
    const guesses = [known, session.toUpperCase(), `${session}x`, session.slice(1), "", "__proto__", "*"];
    for (const guess of guesses) expect(errorOf(await bob.say(presence(3), { session: guess }))).toEqual([404, 108]);
    for (const node of ["", "elsewhere"]) expect(errorOf(await ann.say(presence(3), { node }))).toEqual([404, 108]);
    expect(served.tide.stats().sessions).toBe(2);
    expect(ann.lines.some((line) => line["id"] === 3)).toBe(false);
  });

  test("bodies that are none: 400, and nobody's connection pays for it", async () => {
    const served = await serve();
    const client = await emulatedClient(served);
    const { session, node } = client.place;
    const bodies = ["", "nonsense", "null", "[]", "1", '"x"', "{}", JSON.stringify({ session, node })];
    const odd = [JSON.stringify({ session, node, data: {} }), JSON.stringify({ session: 1, node, data: "{}" })];
    for (const body of [...bodies, ...odd]) expect(errorOf(await emulate(served.httpUrl, body))).toEqual([400, 107]);
    const binary = "application/octet-stream";
    for (const bytes of [[0xff], [0x1a, 5, 1], []]) {
      expect(errorOf(await emulate(served.httpUrl, Uint8Array.from(bytes), binary))).toEqual([400, 107]);
    }
    const text = Buffer.concat([
      Buffer.from(`{"session":"${session}","node":"${node}","data":"`),
      Buffer.of(0xff, 0x22, 0x7d),
    ]);
    expect(errorOf(await emulate(served.httpUrl, text))).toEqual([400, 107]);
    expect((await client.say(presence(2))).status).toBe(204);
    await client.until((lines) => lines.at(-1)?.["id"] === 2);
  });

  test("commands that are none end the connection, as on a WebSocket", async () => {
    const client = await emulatedClient(await serve());
    await client.say('{"id":2,"what":{}}');
    await client.stream.ended;
    expect(client.lines.at(-1)).toMatchObject({ push: { disconnect: { code: 3501 } } });
  });

  test("sizes: the limit of a message, of what is said and not of how it is wrapped", async () => {
    const served = await serve({ limits: { messageBytes: 4_096 } });
    const client = await emulatedClient(served);
    const quotes = (bytes: number): string => {
      const shell = '{"id":2,"publish":{"channel":"public:a","data":[]}}';
      return shell.replace("[]", `[${'"",'.repeat((bytes - shell.length) / 3 - 1)}""]`);
    };
    expect((await client.say(quotes(4_000))).status).toBe(204);
    await client.until((lines) => lines.at(-1)?.["id"] === 2);
    expect(errorOf(await client.say(quotes(4_200)))).toEqual([413, 413]);
    expect(errorOf(await emulate(served.httpUrl, "x".repeat(20_000)))).toEqual([413, 413]);
    expect((await post(`${served.httpUrl}/connection/http_stream`, "x".repeat(4_097))).status).toBe(413);
    expect((await client.say(presence(3))).status).toBe(204);
  });

  test("rates are the session's, however many connections its requests come by", async () => {
    const access = { connect: () => ({ user: "" }) };
    const served = await serve({ mode: "production", access, limits: { publishBurst: 5, publishesPerSecond: 1 } });
    const client = await emulatedClient(served);
    const publish = (id: number): string => `{"id":${id},"publish":{"channel":"public:a","data":1}}`;
    for (let id = 2; id < 9; id += 1) await client.say(publish(id));
    await client.until((lines) => lines.length === 8);
    expect(client.lines.at(-1)).toMatchObject({ id: 8, error: { code: 111 } });
  });

  test("a request that overtakes another on a connection of its own waits for it", async () => {
    const served = await serve();
    const client = await emulatedClient(served, "http_stream", `${connectCommand}\n${subscribe(2)}`);
    const publish = (id: number): string => `{"id":${id},"publish":{"channel":"public:a","data":${id}}}`;
    expect((await client.say(publish(5))).status).toBe(204);
    expect((await client.say(publish(4))).status).toBe(204);
    expect((await client.say(publish(3))).status).toBe(204);
    await client.until((lines) => lines.length === 8);
    const heard = client.lines.flatMap(
      (line) => (line["push"] as { pub: { data: number } } | undefined)?.pub.data ?? [],
    );
    expect(heard).toEqual([3, 4, 5]);
  });

  test("two at once, and fifty: each is answered and each is obeyed", async () => {
    const client = await emulatedClient(await serve());
    const answers = await Promise.all(Array.from({ length: 50 }, (_, index) => client.say(presence(index + 2))));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([204]));
    await client.until((lines) => lines.length === 51);
    expect(client.lines.map((line) => line["id"])).toEqual(Array.from({ length: 51 }, (_, index) => index + 1));
  });

  test("a body that trickles in is not waited for", async () => {
    const served = await serve({ limits: { firstCommandMs: 50 } });
    for (const path of ["/emulation", "/connection/http_stream"]) {
      const socket = await dial(served.port);
      socket.write(`POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n{`);
      expect(await readUntil(socket, (text) => text.includes("}}"))).toMatch(/^HTTP\/1.1 408 /);
      socket.destroy();
    }
  });

  test("while a drain sends the others away, a session that is still there is heard", async () => {
    const clock = new FakeClock({ defer: (act) => void setImmediate(act) });
    const served = await serve({ clock });
    const [first, second] = [await emulatedClient(served), await emulatedClient(served)];
    const stopping = served.tide.stop({ drainMs: 30_000 });
    await first.stream.ended;
    expect((await second.say(presence(2))).status).toBe(204);
    await second.until((lines) => lines.at(-1)?.["id"] === 2);
    const late = await beginStream(served, "http_stream", connectCommand);
    await late.until(({ head }) => head !== "");
    expect(late.status).toBe(503);
    for (const _half of [1, 2]) {
      clock.advance(15_000);
      await new Promise<void>((resolve) => void setImmediate(resolve));
    }
    await Promise.all([stopping, second.stream.ended]);
  });
});

describe("pages of other origins", () => {
  const foreign = { Origin: "https://elsewhere.example" };

  test("are asked before, and answered with their origin where it is allowed", async () => {
    const { httpUrl } = await serve({ mode: "production", origins: ["https://app.example"] });
    const headers = { Origin: "https://app.example", "Access-Control-Request-Method": "POST" };
    for (const path of ["/connection/http_stream", "/connection/sse", "/emulation"]) {
      const asked = await ask(`${httpUrl}${path}`, { method: "OPTIONS", headers });
      expect([asked.status, asked.headers.get("access-control-allow-origin")]).toEqual([204, "https://app.example"]);
      expect(asked.headers.get("access-control-allow-methods")).toContain("POST, OPTIONS");
      expect(asked.headers.get("access-control-allow-headers")).toContain("Content-Type");
    }
    const posted = await post(`${httpUrl}/emulation`, "{}", headers);
    expect([posted.status, posted.headers.get("access-control-allow-origin")]).toEqual([400, "https://app.example"]);
  });

  test("are refused where they are not", async () => {
    const { httpUrl } = await serve({ mode: "production" });
    for (const path of ["/connection/http_stream", "/connection/sse", "/emulation"]) {
      const refused = await post(`${httpUrl}${path}`, connectCommand, foreign);
      expect([errorOf(refused), refused.headers.get("access-control-allow-origin")]).toEqual([[403, 103], null]);
    }
  });

  test("come without their user's cookies", async () => {
    let cookie: unknown = "not asked";
    const served = await serve({
      access: {
        connect: ({ headers }) => {
          ({ cookie } = headers);
          return { user: "" };
        },
      },
    });
    const response = await fetch(`${served.httpUrl}/connection/http_stream`, {
      method: "POST",
      body: connectCommand,
      headers: { ...foreign, Cookie: "user=ann" },
    });
    await response.body?.getReader().read();
    expect(cookie).toBeUndefined();
  });
});

describe("those who stop reading", () => {
  const long = defineChannel("long:{name}", { history: { size: 20_000, ttlMs: 60_000 } });

  test.each(fallbacks)(
    "%s: get everything in order when they read on, and cost a bounded amount meanwhile",
    async (fallback) => {
      const served = await serve({ channels: [open, long] });
      const commands = `${connectCommand}\n{"id":2,"subscribe":{"channel":"long:a"}}`;
      const client = await emulatedClient(served, fallback, commands);
      await client.until((lines) => lines.length === 2);
      client.stream.socket.pause();
      const channel = served.tide.channel(long, { name: "a" });
      for (let n = 1; n <= 2_000; n += 1) await channel.publish({ n, text: "x".repeat(2_000) });
      client.stream.socket.resume();
      await client.stream.until(({ text }) => text.includes('"n":2000'));
      const heard = client.lines.flatMap(
        (line) => (line["push"] as { pub: { data: { n: number } } } | undefined)?.pub.data.n ?? [],
      );
      expect(heard).toEqual(Array.from({ length: 2_000 }, (_, index) => index + 1));
    },
  );

  test("are closed as slow, and their sockets freed", async () => {
    const limits = { stalledMs: 200, closeTimeoutMs: 100, pingIntervalMs: 60_000 };
    const served = await serve({ channels: [long], limits });
    const commands = `${connectCommand}\n{"id":2,"subscribe":{"channel":"long:a"}}`;
    const client = await emulatedClient(served, "http_stream", commands);
    client.stream.socket.pause();
    const channel = served.tide.channel(long, { name: "a" });
    for (let n = 1; n <= 3_000; n += 1) await channel.publish({ n, text: "x".repeat(4_000) });
    await expect
      .poll(() => served.tide.stats(), { timeout: 20_000 })
      .toMatchObject({ sessions: 0, connections: 0, counters: { closed_slow: 1 } });
  }, 30_000);
});

test("a client that answers no ping is taken for gone: so half-open streams are found", async () => {
  const served = await serve({ limits: { pingIntervalMs: 50, pongTimeoutMs: 100 } });
  const client = await emulatedClient(served);
  await once(client.stream.socket, "close");
  expect(client.lines.at(-1)).toMatchObject({ push: { disconnect: { code: 3012 } } });
});

test("a stream holds nothing of what its request said", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const heldBytes = (): number => {
    collect();
    const { arrayBuffers, heapUsed } = process.memoryUsage();
    return arrayBuffers + heapUsed;
  };
  const served = await serve();
  const commands = `{"id":1,"connect":{"data":"${"x".repeat(60_000)}"}}`;
  await emulatedClient(served, "http_stream", commands);
  const before = heldBytes();
  const clients = await Promise.all(Array.from({ length: 100 }, () => emulatedClient(served, "http_stream", commands)));
  await expect.poll(() => heldBytes() - before, { timeout: 20_000 }).toBeLessThan(4_000_000);
  expect([clients.length, served.tide.stats().sessions]).toEqual([100, 101]);
}, 30_000);
