// Limits of messages, bodies and frames: at the limit they are taken, one above they are refused and counted once.
import { createServer, maxHeaderSize } from "node:http";
import { deflateRawSync } from "node:zlib";
import type { Limits } from "@tidewire/server";
import { describe, expect, onTestFinished, test } from "vitest";
import { ask, post } from "../requesting.ts";
import { listen, serve, type Served } from "../serving.ts";
import { bareSocket, talk, Talk } from "../talk.ts";
import { closeCode, dial, frame, openWire, readUntil } from "../wire.ts";
import { hits, type LimitName } from "./hits.ts";
import { forms, type Said, voice } from "./voice.ts";

const apiKey = "a key of the server API";
const harmless: Said = { presence_stats: { channel: "lobby" } };

/** Checks that nothing was counted, does what is above the limit, and checks that it was counted once. */
async function once(served: Served, limit: LimitName, act: () => Promise<void>): Promise<void> {
  expect(hits(served, limit)).toBe(0);
  await act();
  await expect.poll(() => hits(served, limit)).toBe(1);
}

describe("messageBytes", () => {
  const limits = { messageBytes: 100 };

  test.each(["text", "binary"] as const)("of a WebSocket, %s", async (form) => {
    const served = await serve({ limits });
    const message = (bytes: number): string | Uint8Array<ArrayBuffer> =>
      form === "text" ? "x".repeat(bytes) : new Uint8Array(bytes);
    const client = await talk(`${served.socketUrl}/echo`);
    for (const bytes of [99, 100]) {
      client.send(message(bytes));
      expect(await client.next()).toHaveLength(bytes);
    }
    await once(served, "messageBytes", async () => {
      client.send(message(101));
      expect((await client.closed).code).toBe(1009);
    });
  });

  test("of fragments together", async () => {
    const served = await serve({ limits });
    const pieces = (bytes: number): Buffer =>
      Buffer.concat([frame("text", "x".repeat(50), { isFinal: false }), frame("continuation", "x".repeat(bytes - 50))]);
    const socket = await openWire(served.port, "/echo");
    socket.write(pieces(100));
    await readUntil(socket, (text) => text.length === 102);
    await once(served, "messageBytes", async () => {
      socket.write(pieces(101));
      expect(closeCode(await readUntil(socket, (text) => closeCode(text) !== null))).toBe(1009);
    });
    socket.destroy();
  });

  test("of what was compressed, as it is inflated", async () => {
    const served = await serve({ limits, compression: true });
    const client = new Talk(bareSocket(`${served.socketUrl}/echo`));
    await client.opened;
    const deflated = (bytes: number): Buffer => deflateRawSync("x".repeat(bytes));
    expect(deflated(101).length).toBeLessThan(20);
    client.send("x".repeat(100));
    expect(await client.next()).toHaveLength(100);
    const options = { compress: true };
    const socket = client.socket as unknown as { send: (data: string, given: typeof options) => void };
    socket.send("x".repeat(100), options);
    expect(await client.next()).toHaveLength(100);
    await once(served, "messageBytes", async () => {
      socket.send("x".repeat(101), options);
      expect((await client.closed).code).toBe(1009);
    });
  });

  test("of a body to /raw/{channel}", async () => {
    const served = await serve({ limits });
    const url = `${served.httpUrl}/raw/lobby`;
    for (const bytes of [99, 100]) expect((await post(url, "x".repeat(bytes))).status).toBe(200);
    await once(served, "messageBytes", async () => {
      expect((await post(url, "x".repeat(101))).status).toBe(413);
    });
  });
});

test("requestBodyBytes", async () => {
  const served = await serve({ apiKey, limits: { requestBodyBytes: 100 } });
  const body = (bytes: number): string => `{"channel":"lobby","data":"${"x".repeat(bytes - 29)}"}`;
  const status = async (bytes: number): Promise<number> =>
    (await post(`${served.httpUrl}/api/publish`, body(bytes), { "X-API-Key": apiKey })).status;
  expect([body(100).length, await status(99), await status(100)]).toEqual([100, 200, 200]);
  await once(served, "requestBodyBytes", async () => expect(await status(101)).toBe(413));
});

test("fragments", async () => {
  const served = await serve({ limits: { fragments: 4 } });
  const message = (count: number): Buffer =>
    Buffer.concat([
      frame("text", "x", { isFinal: false }),
      ...Array.from({ length: count - 2 }, () => frame("continuation", "x", { isFinal: false })),
      frame("continuation", "x"),
    ]);
  const socket = await openWire(served.port, "/echo");
  for (const count of [3, 4]) {
    socket.write(message(count));
    await readUntil(socket, (text) => text.length === count + 2);
  }
  await once(served, "fragments", async () => {
    socket.write(message(5));
    expect(closeCode(await readUntil(socket, (text) => closeCode(text) !== null))).toBe(1008);
  });
  socket.destroy();
});

test("pendingPongs: whoever takes no pong is sent away", async () => {
  const served = await serve({ limits: { pendingPongs: 5, closeTimeoutMs: 100 } });
  const socket = await openWire(served.port, "/echo");
  const ping = Buffer.concat(Array.from({ length: 1_000 }, () => frame("ping", "x".repeat(125))));
  // Those who take their pongs may ping as often as they like.
  let pongs = 0;
  socket.on("data", (chunk: Buffer) => (pongs += chunk.length));
  for (let n = 0; n < 20; n += 1) {
    socket.write(frame("ping", "x"));
    await expect.poll(() => pongs).toBe(3 * (n + 1));
  }
  await once(served, "pendingPongs", async () => {
    socket.pause();
    const ended = expect.poll(() => served.tide.stats().connections, { timeout: 10_000 }).toBe(0);
    const flood = (): boolean => !socket.destroyed && hits(served, "pendingPongs") === 0;
    while (flood()) {
      socket.write(ping);
      await new Promise<void>((resolve) => void setImmediate(resolve));
    }
    await ended;
  });
  socket.destroy();
});

describe.each(forms)("a frame in %s", (form) => {
  const nested = (depth: number): unknown => {
    let value: unknown = 1;
    for (let at = 0; at < depth; at += 1) value = at % 2 === 0 ? [value] : { value };
    return value;
  };
  const wide = (keys: number): unknown => Object.fromEntries(Array.from({ length: keys }, (_, n) => [`k${n}`, n]));
  const publish = (data: unknown): Said => ({ publish: { channel: "lobby", data } });
  const asks: readonly (readonly [LimitName, Partial<Limits>, (amount: number) => readonly Said[], number])[] = [
    ["commandsPerFrame", { commandsPerFrame: 4 }, (count) => Array.from({ length: count }, () => harmless), 4],
    // A payload's first bracket is the third of its command's text.
    ["jsonDepth", { jsonDepth: 8 }, (depth) => [publish(nested(depth - 2))], 8],
    ["jsonKeys", { jsonKeys: 6 }, (keys) => [publish(wide(keys))], 6],
    ["jsonKeys", { jsonKeys: 6 }, (keys) => [publish({ deeper: [wide(keys)] })], 6],
  ];

  test.each(asks)("%s", async (limit, limits, ...[commands, most]) => {
    const served = await serve({ limits });
    const client = await voice(served, form);
    for (const amount of [most - 1, most]) {
      expect(await client.codes(...commands(amount))).toEqual(commands(amount).map(() => null));
    }
    await once(served, limit, async () => {
      client.frame(...commands(most + 1));
      expect((await client.closed).code).toBe(3501);
    });
  });

  test.each(asks.slice(1))("%s, in the second command", async (limit, limits, ...[commands, most]) => {
    const served = await serve({ limits });
    const client = await voice(served, form);
    for (const amount of [most - 1, most]) {
      expect(await client.codes(harmless, ...commands(amount))).toEqual([null, null]);
    }
    await once(served, limit, async () => {
      client.frame(harmless, ...commands(most + 1));
      expect((await client.closed).code).toBe(3501);
    });
  });
});

/** JSON at the limit and one above it, where it is a payload by itself. */
const payloads = [
  ["jsonDepth", { jsonDepth: 5 }, '{"a":[[]]}', '{"a":[[[]]]}'],
  ["jsonKeys", { jsonKeys: 3 }, '{"a":1,"b":2,"c":3}', '{"a":1,"b":2,"c":3,"d":4}'],
] as const;

describe.each(payloads)("%s of JSON by itself", (limit, limits, ...[within, above]) => {
  test("on a bare WebSocket", async () => {
    const served = await serve({ limits });
    const client = await talk(`${served.socketUrl}/raw/lobby`);
    client.send(within);
    expect(await client.next()).toBe(within);
    await once(served, limit, async () => {
      client.send(above);
      expect((await client.closed).code).toBe(4400);
    });
  });

  test.each(["text/plain", "application/json"])("in a body of %s", async (type) => {
    const served = await serve({ limits });
    const status = async (body: string): Promise<number> =>
      (await post(`${served.httpUrl}/raw/lobby`, body, { "content-type": type })).status;
    expect(await status(within)).toBe(200);
    await once(served, limit, async () => expect(await status(above)).toBe(400));
  });

  test("of the server API", async () => {
    const served = await serve({ apiKey, limits });
    const status = async (data: string): Promise<number> => {
      const body = limit === "jsonDepth" ? `{"channel":"lobby","data":[${data}]}` : data;
      return (await post(`${served.httpUrl}/api/publish`, body, { "X-API-Key": apiKey })).status;
    };
    expect(await status(within)).toBe(200);
    await once(served, limit, async () => expect(await status(above)).toBe(400));
  });
});

test("commandsPerFrame of the server API", async () => {
  const served = await serve({ apiKey, limits: { commandsPerFrame: 2 } });
  const batch = async (count: number): Promise<unknown> => {
    const commands = Array.from({ length: count }, () => ({ info: {} }));
    const { body } = await post(`${served.httpUrl}/api/batch`, JSON.stringify({ commands }), { "X-API-Key": apiKey });
    return (body as { error?: { code: number } }).error?.code;
  };
  expect([await batch(1), await batch(2)]).toEqual([undefined, undefined]);
  await once(served, "commandsPerFrame", async () => expect(await batch(3)).toBe(107));
});

test("headerBytes", async () => {
  const served = await serve();
  const status = async (bytes: number): Promise<number> =>
    (await ask(`${served.httpUrl}/health/live`, { headers: { "X-Long": "x".repeat(bytes) } })).status;
  expect(await status(maxHeaderSize - 1_000)).toBe(200);
  await once(served, "headerBytes", async () => expect(await status(maxHeaderSize)).toBe(431));
});

test("headerMs", async () => {
  const { tide } = await serve();
  const server = createServer({ headersTimeout: 20, connectionsCheckingInterval: 10 });
  tide.attach(server);
  const port = await listen(server);
  onTestFinished(() => void server.close());
  const socket = await dial(port);
  socket.write("GET / HTTP/1.1\r\n");
  expect(await readUntil(socket, () => false)).toMatch(/^HTTP\/1.1 408 /);
  expect(hits({ tide }, "headerMs")).toBe(1);
});
