// Event streams on real sockets: nothing is lost over a reconnect, nothing gets out of its field, and slow, silent and
// odd clients are bounded.
import type { Socket } from "node:net";
import { defineChannel } from "@tidewire/protocol";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { openStream, requestStream, streamRequest, StreamClient } from "./event-stream-client.ts";
import { lobby, open, serve, type Served, greeting } from "./serving.ts";
import { talk } from "./talk.ts";
import { dial } from "./wire.ts";

const long = defineChannel("long:{name}", { history: { size: 20_000, ttlMs: 60_000 } });

const published = async ({ tide }: Served, from: number, to: number): Promise<void> => {
  const channel = tide.channel(open, { name: "a" });
  for (let n = from; n <= to; n += 1) await channel.publish(n);
};
const numbers = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => String(from + index));

describe("resuming", () => {
  test("cut again and again, a client loses nothing and hears nothing twice", async () => {
    const served = await serve();
    let lastEventId = "";
    const heard: string[] = [];
    for (let round = 0; round < 5; round += 1) {
      const headers: Readonly<Record<string, string>> = lastEventId === "" ? {} : { "Last-Event-ID": lastEventId };
      const client = await openStream(served.port, "/raw/public:a", { headers });
      await published(served, round * 10 + 1, round * 10 + 5);
      await client.until(() => heard.length + client.events.length >= round * 10 + 5);
      client.socket.resetAndDestroy();
      await client.ended;
      heard.push(...client.data());
      lastEventId = client.parser.lastEventId;
      expect(client.data("gap")).toEqual([]);
      // While nobody listens.
      await published(served, round * 10 + 6, round * 10 + 10);
    }
    expect(heard).toEqual(numbers(1, 45));
  });

  test("a client that was given nothing yet goes on from the id it was given on open", async () => {
    const served = await serve();
    const first = await openStream(served.port, "/raw/public:a");
    first.socket.destroy();
    await published(served, 1, 3);
    const headers = { "Last-Event-ID": first.parser.lastEventId };
    const again = await openStream(served.port, "/raw/public:a", { headers });
    await again.until(({ events }) => events.length === 3);
    expect(again.data()).toEqual(numbers(1, 3));
  });

  test("the rules are asked again: whoever may not read any more does not go on", async () => {
    let isAllowed = true;
    const served = await serve({ access: { subscribe: () => isAllowed } });
    const first = await openStream(served.port, "/raw/public:a");
    first.socket.destroy();
    await published(served, 1, 3);
    isAllowed = false;
    const headers = { "Last-Event-ID": first.parser.lastEventId };
    const again = await requestStream(served.port, "/raw/public:a", { headers });
    await again.until(({ head }) => head !== "");
    expect([again.status, again.events]).toEqual([403, []]);
  });

  test("an id of nobody's is a gap, never an error", async () => {
    const served = await serve();
    await published(served, 1, 3);
    for (const id of ["garbage", "other-epoch:1", "%", "x".repeat(4_000)]) {
      const client = await openStream(served.port, "/raw/public:a", { headers: { "Last-Event-ID": id } });
      await client.until(({ events }) => events.length > 0);
      expect(client.events[0]?.type).toBe("gap");
      expect(client.parser.lastEventId).toMatch(/:3$/);
      client.socket.destroy();
    }
  });
});

describe("the head", () => {
  test("keeps what is between from storing, holding back or rewriting the stream", async () => {
    const { port } = await serve({ greetings: { lobby: greeting } });
    const client = await openStream(port, "/raw/lobby");
    const fields = client.head.toLowerCase().split("\r\n");
    expect(fields).toEqual(
      expect.arrayContaining([
        "content-type: text/event-stream; charset=utf-8",
        "cache-control: no-store",
        "x-accel-buffering: no",
        "connection: close",
        "vary: origin",
      ]),
    );
    expect(client.head).not.toMatch(/transfer-encoding|content-length/i);
    await client.until(({ events }) => events.length === 1);
    expect(client.data()).toEqual([greeting]);
  });

  test("waits until the subscription is decided", async () => {
    const { promise: decision, resolve: decide } = Promise.withResolvers<boolean>();
    const { port, tide } = await serve({ access: { subscribe: () => decision } });
    const client = await requestStream(port, "/raw/lobby");
    await expect.poll(() => tide.stats().sessions).toBe(1);
    expect(client.head).toBe("");
    decide(false);
    await client.until(({ head }) => head !== "");
    expect(client.status).toBe(403);
  });

  test("HTTP/1.0 reads it too", async () => {
    const served = await serve();
    const client = await openStream(served.port, "/raw/public:a", { version: "1.0" });
    await published(served, 1, 2);
    await client.until(({ events }) => events.length === 2);
  });

  test("HEAD gets it alone, and opens nothing", async () => {
    const { port, tide } = await serve();
    const client = await requestStream(port, "/raw/lobby", { method: "HEAD" });
    expect(await client.ended).toBe("");
    expect(client.head).toMatch(/^HTTP\/1\.1 200 [^]*text\/event-stream/);
    expect(tide.stats().counters["subscribed"]).toBeUndefined();
  });
});

describe("nothing gets out of its field", () => {
  const hostile = "a\nid: 9\r\ndata: b\r\revent: end\n\n\u2028\u0000:";

  test("through data, from every door", async () => {
    const { port, httpUrl, socketUrl, tide } = await serve({ apiKey: "key" });
    const client = await openStream(port, "/raw/public:a");
    const socket = await talk(`${socketUrl}/raw/public:a`);
    socket.send(hostile);
    await client.until(({ events }) => events.length === 1);
    await fetch(`${httpUrl}/raw/public:a`, { method: "POST", body: hostile });
    await tide.channel(open, { name: "a" }).publish(hostile, { tags: { [hostile.slice(0, 9)]: hostile } });
    const body = JSON.stringify({ channel: "public:a", data: hostile, tags: { "a\nid: 1": hostile } });
    await fetch(`${httpUrl}/api/publish`, { method: "POST", body, headers: { "X-API-Key": "key" } });
    await client.until(({ events }) => events.length === 4);
    const asLines = hostile.replace(/\r\n?/g, "\n");
    expect(client.data()).toEqual([asLines, asLines, asLines, asLines]);
    const ids = client.events.map(({ lastEventId }) => lastEventId.replace(/.*:/, ""));
    expect(ids).toEqual(["1", "2", "3", "4"]);
  });

  test("names with an end of line are refused", async () => {
    const { port } = await serve();
    for (const end of ["%0A", "%0D", "%00", "%E2%80%A8"]) {
      const client = await requestStream(port, `/raw/public:a${end}id:%201`);
      await client.until(({ head }) => head !== "");
      expect(client.status).toBe(400);
    }
  });

  test("through names of channels, keys and addresses", async () => {
    const keyed = defineChannel("keyed:{name}", {
      mode: "latest",
      key: (value) => String((value as { k: string }).k),
    });
    const { port, tide } = await serve({ channels: [keyed] });
    const name = "event é \ud83d\ude00";
    const client = await openStream(port, `/raw/keyed:${encodeURIComponent(name)}?a=%0Aid:%201`);
    const channel = tide.channel(keyed, { name });
    const key = "id: 1\u2028data:";
    await channel.publish({ k: key });
    await client.until(({ events }) => events.length === 1);
    await channel.remove(key);
    await client.until(({ events }) => events.length === 2);
    expect(client.events.map(({ type, data }) => [type, data])).toEqual([
      ["message", JSON.stringify({ k: key })],
      ["removed", JSON.stringify({ key })],
    ]);
  });

  test("whatever is published", async () => {
    const { port, tide } = await serve();
    const client = await openStream(port, "/raw/public:a");
    const channel = tide.channel(open, { name: "a" });
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "binary", maxLength: 40 }), async (text) => {
        const before = client.events.length;
        await channel.publish(text.toWellFormed());
        await client.until(({ events }) => events.length > before);
        expect(client.events.at(-1)?.data).toBe(text.toWellFormed().replace(/\r\n?/g, "\n"));
        expect(client.events).toHaveLength(before + 1);
      }),
      { numRuns: 200 },
    );
  });

  test("binary is base64", async () => {
    const { port, socketUrl, httpUrl } = await serve();
    const client = await openStream(port, "/raw/lobby");
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
    (await talk(`${socketUrl}/raw/lobby`)).send(bytes);
    await client.until(({ events }) => events.length === 1);
    const headers = { "Content-Type": "application/octet-stream" };
    expect((await fetch(`${httpUrl}/raw/lobby`, { method: "POST", headers, body: bytes })).status).toBe(200);
    await client.until(({ events }) => events.length === 2);
    for (const { type, data } of client.events) {
      expect([type, Buffer.from(data, "base64")]).toEqual(["binary", Buffer.from(bytes)]);
    }
  });
});

/** One turn of the event loop, in which the server writes. */
const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

describe("those who do not read", () => {
  test("get everything in order when they read on, cost a bounded amount meanwhile, and disturb nobody", async () => {
    const served = await serve({ channels: [long] });
    const sockets: Socket[] = [];
    served.server.on("connection", (socket) => sockets.push(socket));
    const witness = await openStream(served.port, "/raw/long:a");
    const silent = await Promise.all(Array.from({ length: 5 }, () => openStream(served.port, "/raw/long:a")));
    for (const client of silent) client.socket.pause();
    const channel = served.tide.channel(long, { name: "a" });
    const text = "x".repeat(4_096);
    let mostUnsent = 0;
    for (let n = 0; n < 10_000; n += 1) {
      await channel.publish({ n, text });
      if (n % 10 !== 9) continue;
      await turn();
      mostUnsent = Math.max(mostUnsent, ...sockets.map((socket) => socket.writableLength));
    }
    await witness.until(({ events }) => events.length === 10_000);
    // The watermark, a page and the largest publication.
    expect(mostUnsent).toBeGreaterThan(0);
    expect(mostUnsent).toBeLessThan(2 * 65_536 + 8_192);
    // No further publish is needed to wake them.
    for (const client of silent) client.socket.resume();
    for (const client of [witness, ...silent]) {
      await client.until(({ events }) => events.length === 10_000);
      expect(client.events.map(({ data }) => (JSON.parse(data) as { n: number }).n)).toEqual(
        Array.from({ length: 10_000 }, (_, index) => index),
      );
      expect(client.parser.lastEventId).toMatch(/:10000$/);
    }
  }, 60_000);

  test("are closed as slow, and their sockets are freed although they never take the end", async () => {
    const limits = { pingIntervalMs: 40, stalledMs: 80, closeTimeoutMs: 40 };
    const { port, tide } = await serve({ channels: [long], limits });
    const client = await openStream(port, "/raw/long:a");
    client.socket.pause();
    const channel = tide.channel(long, { name: "a" });
    // More than the kernels of both sides hold.
    for (let n = 0; n < 300; n += 1) await channel.publish("x".repeat(60_000));
    await expect.poll(() => tide.stats()).toMatchObject({ connections: 0, sessions: 0, subscriptions: 0 });
    expect(tide.stats().counters["closed_slow"]).toBe(1);
  });

  test("but take what comes, stay", async () => {
    const { port, tide } = await serve({ limits: { pingIntervalMs: 20, pongTimeoutMs: 20, stalledMs: 40 } });
    const client = await openStream(port, "/raw/lobby");
    await client.until(({ parser }) => parser.comments >= 8);
    expect(tide.stats().sessions).toBe(1);
  });
});

describe("odd clients", () => {
  test("pipelining: what comes before a stream is answered in order, and nothing is read behind it", async () => {
    const { port, tide } = await serve();
    const client = new StreamClient(await dial(port));
    const post = (body: string): string =>
      `POST /raw/public:a HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1\r\n\r\n${body}`;
    client.socket.write(post("1") + post("2") + streamRequest("/raw/lobby"));
    await client.until(({ parser }) => parser.retryMs !== null);
    for (let n = 0; n < 100; n += 1) client.socket.write(post("3"));
    await tide.channel(lobby).publish("still here");
    await client.until(({ events }) => events.some(({ data }) => data === "still here"));
    expect(tide.stats()).toMatchObject({ connections: 1, sessions: 1 });
    client.socket.end();
    const body = await client.ended;
    const answers = `${client.head}${body}`.match(/HTTP\/1\.1 200|"offset":\d|still here/g);
    expect(answers).toEqual(["HTTP/1.1 200", '"offset":1', "HTTP/1.1 200", '"offset":2', "HTTP/1.1 200", "still here"]);
    expect(tide.stats().counters["published"]).toBe(3);
  });

  test("one that ends its side, or is reset, is gone at once", async () => {
    const { port, tide } = await serve();
    const [ending, resetting] = [await openStream(port, "/raw/lobby"), await openStream(port, "/raw/lobby")];
    ending.socket.end();
    resetting.socket.resetAndDestroy();
    await expect.poll(() => tide.stats()).toMatchObject({ connections: 0, sessions: 0, subscriptions: 0 });
    await ending.ended;
  });

  test("one that goes before it was decided leaves nothing behind", async () => {
    const { promise: decision, resolve: decide } = Promise.withResolvers<boolean>();
    const { port, tide } = await serve({ access: { subscribe: () => decision } });
    const client = await requestStream(port, "/raw/lobby");
    await expect.poll(() => tide.stats().sessions).toBe(1);
    client.socket.destroy();
    await expect.poll(() => tide.stats().sessions).toBe(0);
    decide(true);
    await expect.poll(() => tide.stats()).toMatchObject({ connections: 0, subscriptions: 0 });
  });

  test("what it sends after its request is not read", async () => {
    const served = await serve();
    const client = await openStream(served.port, "/raw/public:a");
    client.socket.write(Buffer.alloc(1_000_000, 0xff));
    await published(served, 1, 1);
    await client.until(({ events }) => events.length === 1);
  });
});
