// The bare WebSocket that any tool has: echo, broadcast, greeting, close codes, and what other dialects make of it.
import { defineChannel } from "@tidewire/protocol";
import { describe, expect, test } from "vitest";
import type WebSocket from "ws";
import { z } from "zod";
import { connected, listening } from "./centrifuge-client.ts";
import { libraries, type Library, talkBy } from "./libraries.ts";
import { greeting, lobby, open, serve, type ServerOptions, type Served } from "./serving.ts";
import { bareSocket, type Message, talk, Talk } from "./talk.ts";
import { dial, readUntil, upgradeRequest } from "./wire.ts";

const tutorial: Partial<ServerOptions> = { rootChannel: "lobby", greetings: { lobby: greeting } };

const messages: readonly Message[] = [
  "Hello Server!",
  '{ "a" :\t1,\n  "b": [1.0, 1e3] }',
  '"in quotes"',
  "42",
  "null",
  "",
  " ",
  "pause",
  "é😀\u2028\u0000\r\n",
  "{not JSON",
  Uint8Array.of(0, 255, 128, 10),
  new Uint8Array(),
  Uint8Array.from({ length: 300 }, (_, index) => index % 256),
];

/** The package `websocket` does not tell its user of an empty text. */
function hearable(library: Library): readonly Message[] {
  return library === "the package websocket" ? messages.filter((message) => message !== "") : messages;
}

describe.each(libraries)("by %s", (library) => {
  test("echo: text as text, binary as binary", async () => {
    const { socketUrl } = await serve();
    const client = await talkBy(library, `${socketUrl}/echo`);
    const said = hearable(library);
    for (const message of said) client.send(message as string);
    expect(await client.take(said.length)).toEqual(said);
    expect((await client.close()).code).toBe(1000);
  });

  test.each(["/raw/lobby", "/", "/?name=ann", "/raw/lobby?x=1"])("broadcast at %s", async (path) => {
    const { socketUrl, tide } = await serve(tutorial);
    const three = [];
    for (let n = 0; n < 3; n += 1) {
      const client = await talkBy(library, socketUrl + path);
      expect(await client.next()).toBe(greeting);
      three.push(client);
    }
    expect(tide.channel(lobby).members()).toHaveLength(3);
    const said = hearable(library);
    for (const message of said) three[0]?.send(message as string);
    for (const client of three) expect(await client.take(said.length)).toEqual(said);
    three[1]?.send("from another");
    for (const client of three) expect(await client.next()).toBe("from another");
    await Promise.all(three.map((client) => client.close()));
    await expect.poll(() => tide.stats()).toMatchObject({ connections: 0, sessions: 0 });
  });
});

test("who comes and goes is logged with how many are open", async () => {
  const { socketUrl, log } = await serve(tutorial);
  const first = await talk(`${socketUrl}/raw/lobby`);
  const second = await talk(`${socketUrl}/raw/lobby`);
  await Promise.all([first.next(), second.next()]);
  await first.close();
  const lines = (): string[] =>
    log.lines.filter(({ fields }) => fields["channel"] === "lobby").map(({ message }) => message);
  await expect.poll(lines).toEqual(["connected, 1 open", "connected, 2 open", "gone, 1 open"]);
});

describe("beside the Centrifuge protocol on one channel", () => {
  test("what a raw client says", async () => {
    const { socketUrl } = await serve();
    const speaker = await connected(socketUrl);
    const listener = await listening(speaker, "public:a");
    const raw = await talk(`${socketUrl}/raw/public%3Aa`);
    const said = ["hello", '"in quotes"', '{ "a":\n [1, 2.50] }', "42", "", "null", '{"n":12345678901234567890}'];
    for (const text of said) raw.send(text);
    expect(await raw.take(said.length)).toEqual(said);
    // JSON has no word for binary data: on a stream its readers would miss a publication without a word.
    raw.send(Uint8Array.of(1));
    expect(await raw.closed).toMatchObject({ code: 4400 });
    const later = await talk(`${socketUrl}/raw/public%3Aa`);
    later.send("after the binary one");
    await listener.until(({ values }) => values.at(-1) === "after the binary one");
    const heard: unknown[] = [
      "hello",
      '"in quotes"',
      { a: [1, 2.5] },
      42,
      "",
      null,
      { n: Number("12345678901234567890") },
    ];
    expect(listener.values).toEqual([...heard, "after the binary one"]);
    const { publications } = await speaker.history("public:a", { limit: 100 });
    expect(publications.map(({ data }) => data as unknown)).toEqual([...heard, "after the binary one"]);
  });

  test("what it hears", async () => {
    const { socketUrl, tide } = await serve();
    const speaker = await connected(socketUrl);
    const raw = await talk(`${socketUrl}/raw/public:a`);
    const values = ["hello", 'with "quotes"', { a: [1] }, 42, null, "", "line\nfeed"];
    for (const value of values) await speaker.publish("public:a", value);
    await tide.channel(open, { name: "a" }).publish({ from: "the server" });
    const heard = ["hello", 'with "quotes"', '{"a":[1]}', "42", "null", "", "line\nfeed", '{"from":"the server"}'];
    expect(await raw.take(8)).toEqual(heard);
  });

  test("a channel's schema sees what raw clients say, as JSON or as a text", async () => {
    const words = defineChannel("words", { data: z.union([z.string().max(5), z.object({ n: z.number() })]) });
    const { socketUrl } = await serve({ channels: [words] });
    const raw = await talk(`${socketUrl}/raw/words`);
    for (const text of ["hello", '{"n":1,"more":2}']) raw.send(text);
    expect(await raw.take(2)).toEqual(["hello", '{"n":1}']);
    raw.send("too long");
    const ended = await raw.closed;
    expect(ended.code).toBe(4400);
    expect(ended.reason).not.toBe("");
  });
});

test("a text in quotes is a text, quotes and all, for a schema too", async () => {
  const words = defineChannel("words", { data: z.string() });
  const { socketUrl } = await serve({ channels: [words] });
  const raw = await talk(`${socketUrl}/raw/words`);
  raw.send('"12"');
  expect(await raw.next()).toBe('"12"');
});

test("a reader that comes late is at the head, and hears nothing of before", async () => {
  const { socketUrl, tide } = await serve();
  await tide.channel(open, { name: "a" }).publish("before");
  const raw = await talk(`${socketUrl}/raw/public:a`);
  raw.send("after");
  expect(await raw.next()).toBe("after");
});

describe("origins in development", () => {
  const origins = { "a web tool's": "https://hoppscotch.io", "a file's": "null", none: null } as const;

  test.each(Object.entries(origins))("%s is let in", async (_name, origin) => {
    const { socketUrl } = await serve(tutorial);
    const headers: Readonly<Record<string, string>> = origin === null ? {} : { Origin: origin };
    const client = await talk(`${socketUrl}/`, { headers });
    client.send("hi");
    expect(await client.take(2)).toEqual([greeting, "hi"]);
  });
});

describe("a channel that a source fills", () => {
  const feed = defineChannel("feed:{name}", { history: { size: 100, ttlMs: 60_000 } });

  /** Serves a feed that yields what the test says. */
  async function serveFeed(): Promise<Served & { readonly say: (value: number) => void }> {
    const said: number[] = [];
    let wake = (): void => undefined;
    const served = await serve({ channels: [feed] });
    served.tide.source(feed, async function* ({ signal }) {
      signal.addEventListener("abort", () => wake());
      while (!signal.aborted) {
        const value = said.shift();
        if (value === undefined) await new Promise<void>((resolve) => (wake = resolve));
        else yield value;
      }
    });
    return { ...served, say: (value) => (said.push(value), wake()) };
  }

  /** Everything the server wrote before it is here when the pong is. */
  async function pong(socket: WebSocket): Promise<void> {
    const ponged = new Promise<void>((resolve) => void socket.once("pong", () => resolve()));
    socket.ping();
    await ponged;
  }

  test("pauses and resumes by text frames, for that client alone, and catches up", async () => {
    const { socketUrl, say } = await serveFeed();
    const socket = bareSocket(`${socketUrl}/raw/feed:numbers`);
    const [patient, other] = [new Talk(socket), await talk(`${socketUrl}/raw/feed:numbers`)];
    await patient.opened;
    say(1);
    expect([await patient.next(), await other.next()]).toEqual(["1", "1"]);
    patient.send("pause");
    await pong(socket);
    for (const value of [2, 3, 4]) say(value);
    expect(await other.take(3)).toEqual(["2", "3", "4"]);
    await pong(socket);
    expect(patient.heard).toEqual(["1"]);
    patient.send(" resume\n");
    say(5);
    expect(await patient.take(4)).toEqual(["2", "3", "4", "5"]);
    expect(await other.next()).toBe("5");
  });

  test.each(["stop", '{"pause":true}', "", Uint8Array.of(112)])("takes no %j: 4403", async (message) => {
    const { socketUrl } = await serveFeed();
    const client = await talk(`${socketUrl}/raw/feed:numbers`);
    client.send(message as string);
    const reason = 'this channel takes no publications; it understands "pause" and "resume"';
    expect(await client.closed).toEqual({ code: 4403, reason });
  });
});

describe("close codes", () => {
  const closed = defineChannel("closed");
  const access: ServerOptions["access"] = { subscribe: ({ channel }) => channel !== "closed" };

  test.each([
    ["an unknown channel", "/raw/nowhere", 4400, "unknown channel: none is defined that has this name"],
    ["a name that is none", "/raw/%00", 4400, "a channel name has no control characters and no lone surrogates"],
    ["a channel not allowed", "/raw/closed", 4403, "the subscribe rule does not allow it"],
  ] as const)("%s", async (_name, path, ...[code, reason]) => {
    const { socketUrl } = await serve({ channels: [closed, lobby], access });
    const client = await talk(socketUrl + path);
    expect(await client.closed).toEqual({ code, reason });
  });

  test("guests in production", async () => {
    const { socketUrl } = await serve({ mode: "production" });
    const client = await talk(`${socketUrl}/raw/lobby`);
    expect(await client.closed).toMatchObject({ code: 4403, reason: expect.stringContaining("guests") as string });
  });

  test("too fast in production: 4429", async () => {
    const { socketUrl } = await serve({
      mode: "production",
      access: { connect: () => ({ user: "" }) },
      limits: { publishesPerSecond: 1, publishBurst: 3 },
    });
    const client = await talk(`${socketUrl}/raw/lobby`);
    for (let n = 0; n < 4; n += 1) client.send("x");
    expect(await client.closed).toEqual({ code: 4429, reason: "too many publishes in a second" });
  });

  test("the server stops: 1001", async () => {
    const served = await serve(tutorial);
    const { socketUrl } = served;
    const clients = [await talk(`${socketUrl}/raw/lobby`), await talk(`${socketUrl}/echo`)];
    await clients[0]?.next();
    await served.stop();
    for (const client of clients) expect((await client.closed).code).toBe(1001);
  });
});

describe("subprotocols", () => {
  test.each([
    [["a", "b"], "a"],
    [["a", "centrifuge-json"], "centrifuge-json"],
    [["a", "centrifuge-protobuf"], "centrifuge-protobuf"],
    [[], ""],
  ])("%j offered: %j chosen", async (protocols, chosen) => {
    const { socketUrl } = await serve(tutorial);
    const client = await talk(`${socketUrl}/raw/lobby`, { protocols });
    expect(client.socket.protocol).toBe(chosen);
    expect(await client.next()).toBe(greeting);
  });

  test("an empty header is no offer, as centrifuge-python sends it", async () => {
    const { port } = await serve();
    const socket = await dial(port);
    socket.write(upgradeRequest("/connection/websocket", { "Sec-WebSocket-Protocol": "" }));
    expect(await readUntil(socket, (text) => text.includes("\r\n\r\n"))).toMatch(/^HTTP\/1.1 101 /);
    socket.destroy();
  });
});
