// The server API over real HTTP: keys, bodies, refusals and idempotency.
import { createServer, type IncomingMessage, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { defineChannel, type StandardSchema } from "@tidewire/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTidewire } from "../server.ts";
import type { Tidewire } from "../tidewire.ts";

const key = "tw_test_key";

const price: StandardSchema<{ price: number }> = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate: (value) => {
      const given = (value as { price?: unknown } | null)?.price;
      return typeof given === "number"
        ? { value: { price: given } }
        : { issues: [{ message: `expected number, received ${typeof given}`, path: ["price"] }] };
    },
  },
};

const stream = defineChannel("public:{name}");
const signal = defineChannel("lobby", { mode: "signal" });
const quotes = defineChannel("quotes:{symbol}", { data: price });
const news = defineChannel("news", { publishers: "server" });

let tide: Tidewire;
let server: Server;
let url: string;

beforeAll(async () => {
  tide = createTidewire({ channels: [stream, signal, quotes, news], apiKey: key, limits: { requestBodyBytes: 1_000 } });
  server = createServer();
  tide.attach(server, { http: true });
  await tide.start();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(async () => {
  await tide.stop({ drainMs: 1 });
  server.closeAllConnections();
  server.close();
});

interface Asked {
  readonly path?: string;
  readonly method?: string;
  readonly key?: string | null;
}

/** The status and the JSON of an answer. */
async function ask(
  body: unknown,
  { path = "/api/publish", method = "POST", key: given = key }: Asked = {},
): Promise<unknown> {
  const response = await fetch(url + path, {
    method,
    headers: given === null ? {} : { "X-API-Key": given },
    ...(method === "GET" ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  expect(response.headers.get("content-type")).toBe("application/json; charset=utf-8");
  expect(response.headers.get("cache-control")).toBe("no-store");
  expect(response.headers.get("access-control-allow-origin")).toBeNull();
  return { status: response.status, ...((await response.json()) as object) };
}

describe("keys", () => {
  const refused = { status: 401, error: { code: 101, message: "expected the API key in the header X-API-Key" } };

  test.each(["wrong", "", "tw_test_ke", "tw_test_keyy", "TW_TEST_KEY", null])("%j is refused", async (given) => {
    expect(await ask({ channel: "public:a", data: 1 }, { key: given })).toEqual(refused);
  });

  test("a wrong key is refused whatever else is asked", async () => {
    expect(await ask("no JSON", { key: "wrong" })).toEqual(refused);
    expect(await ask({}, { key: "wrong", path: "/api/nothing" })).toEqual(refused);
    expect(await ask(null, { key: "wrong", method: "GET" })).toEqual(refused);
  });

  test("without a key in the options nobody may", async () => {
    const closed = createTidewire({ channels: [signal] });
    const other = createServer((request, response) => void closed.http(request, response));
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const { port } = other.address() as AddressInfo;
    for (const given of ["", "undefined", "null"]) {
      const headers = { "X-API-Key": given };
      const response = await fetch(`http://127.0.0.1:${port}/api/publish`, { method: "POST", headers, body: "{}" });
      expect(response.status).toBe(401);
    }
    other.closeAllConnections();
    other.close();
  });
});

test("the key may stand in Authorization too, as older libraries send it", async () => {
  const publish = async (headers: Record<string, string>): Promise<number> => {
    const body = JSON.stringify({ channel: "lobby", data: 1 });
    return (await fetch(`${url}/api/publish`, { method: "POST", headers, body })).status;
  };
  expect(await publish({ Authorization: `apikey ${key}` })).toBe(200);
  expect(await publish({ Authorization: `ApiKey ${key}` })).toBe(200);
  for (const wrong of [key, `Bearer ${key}`, `apikey  ${key}`, "apikey ", `apikey ${key}x`]) {
    expect(await publish({ Authorization: wrong })).toBe(401);
  }
  // A wrong key is not made good by another one.
  expect(await publish({ "X-API-Key": "wrong", Authorization: `apikey ${key}` })).toBe(401);
});

describe("the older form", () => {
  const lines = (...commands: unknown[]): string => commands.map((each) => JSON.stringify(each)).join("\n");
  const said = async (body: string): Promise<unknown[]> => {
    const response = await fetch(`${url}/api`, { method: "POST", headers: { "X-API-Key": key }, body });
    return (await response.text()).split("\n").map((line) => JSON.parse(line) as unknown);
  };

  test("names the method in the body, and answers each command with a line, in their order", async () => {
    const publish = { method: "publish", params: { channel: "public:old", data: 1 } };
    const answers = await said(
      `${lines(publish, publish, { method: "nothing" }, null, { method: "history", params: {} })}\n`,
    );
    expect(answers).toMatchObject([
      { result: { offset: 1 } },
      { result: { offset: 2 } },
      { error: { code: 104 } },
      { error: { code: 104 } },
      { error: { code: 107 } },
    ]);
  });

  test("takes a hundred commands and no more, and wants JSON and the key", async () => {
    const info = { method: "info" };
    expect(await said(lines(...Array.from({ length: 25 }, () => info)))).toHaveLength(25);
    expect(await said(lines(...Array.from({ length: 101 }, () => 1)))).toMatchObject([{ error: { code: 107 } }]);
    expect(await ask("{", { path: "/api" })).toMatchObject({ status: 400 });
    expect(await ask("{}", { path: "/api", key: "wrong" })).toMatchObject({ status: 401 });
  });
});

describe("publish", () => {
  test("answers with the position; without one where nothing is kept", async () => {
    const first = (await ask({ channel: "public:position", data: { any: ["thing"] } })) as { result: object };
    expect(first).toMatchObject({ status: 200, result: { offset: 1 } });
    expect(await ask({ channel: "public:position", data: null })).toMatchObject({
      result: { ...first.result, offset: 2 },
    });
    expect(await ask({ channel: "lobby", data: "x" })).toEqual({ status: 200, result: { durability: "volatile" } });
    expect(await ask({ channel: "news", data: "from the server" })).toMatchObject({ result: { offset: 1 } });
    const history = await tide.channel(stream, { name: "position" }).history(10);
    expect(history.map(({ data }) => data)).toEqual([{ any: ["thing"] }, null]);
  });

  test("with an idempotency key: once, and the same answer again; other data under it are a conflict", async () => {
    const body = { channel: "public:once", data: { n: 1 }, idempotency_key: "k" };
    const first = (await ask(body)) as { result: object };
    expect(first.result).not.toHaveProperty("duplicate");
    expect(await ask(body)).toEqual({ status: 200, result: { ...first.result, duplicate: true } });
    expect(await ask({ ...body, data: { n: 2 } })).toMatchObject({ status: 200, error: { code: 409 } });
    expect(await ask({ ...body, channel: "public:another" })).toMatchObject({ result: { offset: 1 } });
    expect(await tide.channel(stream, { name: "once" }).history(10)).toHaveLength(1);
  });

  test("many at once under one key are one", async () => {
    const body = { channel: "public:race", data: 1, idempotency_key: "k" };
    const answers = (await Promise.all(Array.from({ length: 20 }, () => ask(body)))) as {
      result: { offset: number };
    }[];
    expect(new Set(answers.map(({ result }) => result.offset))).toEqual(new Set([1]));
    expect(await tide.channel(stream, { name: "race" }).history(10)).toHaveLength(1);
  });

  test.each([
    ["no channel", { data: 1 }, 107, "channel: expected a text, got undefined"],
    ["a channel that is a number", { channel: 1, data: 1 }, 107, "channel: expected a text, got number"],
    ["an empty channel", { channel: "", data: 1 }, 107, "a channel name is not empty"],
    [
      "a long channel",
      { channel: "x".repeat(256), data: 1 },
      107,
      "a channel name has at most 255 bytes, this one has 256",
    ],
    ["an unknown channel", { channel: "nowhere", data: 1 }, 102, "unknown channel: none is defined that has this name"],
    ["no data", { channel: "lobby" }, 107, "data: expected a JSON value, got nothing"],
    [
      "an empty key",
      { channel: "lobby", data: 1, idempotency_key: "" },
      107,
      "idempotency_key: expected a text of 1 to 64 characters",
    ],
    [
      "a long key",
      { channel: "lobby", data: 1, idempotency_key: "x".repeat(65) },
      107,
      "idempotency_key: expected a text of 1 to 64 characters",
    ],
    [
      "a key that is a number",
      { channel: "lobby", data: 1, idempotency_key: 1 },
      107,
      "idempotency_key: expected a text of 1 to 64 characters",
    ],
    [
      "tags that are a list",
      { channel: "lobby", data: 1, tags: ["a"] },
      107,
      "tags: expected at most 32 texts by name",
    ],
    [
      "a tag that is a number",
      { channel: "lobby", data: 1, tags: { a: 1 } },
      107,
      "tags: expected at most 32 texts by name",
    ],
    [
      "binary data",
      { channel: "lobby", data: 1, b64data: "AA==" },
      107,
      "b64data: is not supported here; leave it out",
    ],
    [
      "leaving history out",
      { channel: "lobby", data: 1, skip_history: true },
      107,
      "skip_history: is not supported here; leave it out",
    ],
    [
      "data that fail the schema",
      { channel: "quotes:a", data: { price: "1" } },
      422,
      "price: expected number, received string",
    ],
    ["data that are null", { channel: "quotes:a", data: null }, 422, "price: expected number, received undefined"],
  ])("%s", async (_name, body, ...[code, message]) => {
    expect(await ask(body)).toEqual({ status: 200, error: { code, message } });
  });

  test("what the schema yields is what is published", async () => {
    await ask({ channel: "quotes:b", data: { price: 2, more: "than asked" } });
    const [published] = await tide.channel(quotes, { symbol: "b" }).history(1);
    expect(published?.data).toEqual({ price: 2 });
  });

  test("names of the prototype are names like others", async () => {
    const body =
      '{"channel":"public:proto","data":{"__proto__":{"a":1},"constructor":2},"tags":{"__proto__":"x"},"__proto__":{"channel":"lobby"}}';
    expect(await ask(body)).toMatchObject({ status: 200, result: { offset: 1 } });
    const [published] = await tide.channel(stream, { name: "proto" }).history(1);
    expect(JSON.stringify(published?.data)).toBe('{"__proto__":{"a":1},"constructor":2}');
    expect(({} as { a?: number }).a).toBeUndefined();
  });
});

describe("bodies", () => {
  const bodyOf = (bytes: number): string => {
    const empty = '{"channel":"lobby","data":""}';
    return empty.replace('""}', `"${"x".repeat(bytes - empty.length)}"}`);
  };

  test.each([999, 1_000])("%i of 1,000 bytes are taken", async (bytes) => {
    expect(await ask(bodyOf(bytes))).toEqual({ status: 200, result: { durability: "volatile" } });
  });

  test.each([1_001, 3_000])("%i of 1,000 bytes: 413", async (bytes) => {
    const error = { code: 413, message: "expected a body of at most 1000 bytes" };
    expect(await ask(bodyOf(bytes))).toEqual({ status: 413, error });
  });

  test.each([
    ["", "expected JSON as body"],
    ["{", "expected JSON as body"],
    ["[]", "expected a JSON object as body"],
    ["null", "expected a JSON object as body"],
    ['"publish"', "expected a JSON object as body"],
  ])("%j: 400", async (body, message) => {
    expect(await ask(body)).toEqual({ status: 400, error: { code: 107, message } });
  });
});

test("whoever goes away in the middle of a body is nobody's error", async () => {
  const errors: string[] = [];
  const ignore = (): void => undefined;
  const log = { debug: ignore, info: ignore, warn: ignore, error: (message: string) => void errors.push(message) };
  const other = createTidewire({ channels: [signal], apiKey: key, log });
  const arrived = Promise.withResolvers<IncomingMessage>();
  const front = createServer((request, response) => {
    other.http(request, response);
    arrived.resolve(request);
  });
  await new Promise<void>((resolve) => front.listen(0, "127.0.0.1", resolve));
  const socket = connect((front.address() as AddressInfo).port, "127.0.0.1");
  socket.write(`POST /api/publish HTTP/1.1\r\nHost: a\r\nX-API-Key: ${key}\r\nContent-Length: 100\r\n\r\n{"channel":`);
  const request = await arrived.promise;
  const gone = new Promise((resolve) => request.once("close", resolve));
  socket.resetAndDestroy();
  await gone;
  await new Promise((resolve) => void setImmediate(resolve));
  expect(errors).toEqual([]);
  front.close();
});

describe("methods", () => {
  const names =
    "publish, broadcast, subscribe, unsubscribe, disconnect, refresh, presence, presence_stats, history, history_remove, channels, info, webhooks, webhooks_dead, webhooks_replay, batch";
  const unknown = { status: 404, error: { code: 104, message: `expected POST and one of: ${names}` } };

  test.each([
    "nothing",
    "",
    "publish/",
    "Publish",
    "docs",
    "openapi.json",
    "constructor",
    "toString",
    "__proto__",
    "hasOwnProperty",
  ])("/api/%s", async (method) => {
    expect(await ask({}, { path: `/api/${method}` })).toEqual(unknown);
  });

  test.each(["GET", "PUT", "DELETE", "OPTIONS"])("%s", async (method) => {
    expect(await ask("{}", { method })).toEqual(unknown);
  });

  test("a query is no part of the method", async () => {
    expect(await ask({ channel: "lobby", data: 1 }, { path: "/api/publish?x=/api/nothing" })).toEqual({
      status: 200,
      result: { durability: "volatile" },
    });
  });
});
