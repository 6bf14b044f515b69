// Hostile input: each answer is the dialect's own and says what was expected and what came; nobody else notices.
import { createConnection } from "node:net";
import { defineChannel } from "@tidewire/protocol";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { lobby, open, serve, type Served } from "./serving.ts";
import { type Ended, talk, type Talk } from "./talk.ts";
import { closeCode, dial, frame, openWire, readUntil, upgradeRequest } from "./wire.ts";

const quotes = defineChannel("quotes:{symbol}", { data: z.object({ symbol: z.string(), price: z.number() }) });
const news = defineChannel("news", { publishers: "server" });
const channels = [lobby, open, quotes, news];
const connectCommand = '{"id":1,"connect":{}}';

async function serveAll(): Promise<Served> {
  return serve({ channels, access: { subscribe: ({ channel }) => channel !== "public:secret" } });
}

/** A client of the Centrifuge protocol that is connected. */
async function speaker({ socketUrl }: Served): Promise<Talk> {
  const opened = await talk(`${socketUrl}/connection/websocket`);
  opened.send(connectCommand);
  await opened.next();
  return opened;
}

/** Does `attack` beside somebody else's subscription, and checks that it heard nothing of it. */
async function unnoticed(served: Served, attack: () => Promise<void>): Promise<void> {
  const witness = await speaker(served);
  witness.send('{"id":2,"subscribe":{"channel":"public:witness"}}');
  await witness.next();
  await attack();
  await served.tide.channel(open, { name: "witness" }).publish("still here");
  expect(JSON.parse(String(await witness.next()))).toMatchObject({
    push: { channel: "public:witness", pub: { data: "still here", offset: 1 } },
  });
  expect(witness.heard).toHaveLength(3);
  expect(served.log.troubles).toEqual([]);
}

/** Frames that end the connection, and the reason given. */
const fatal: readonly (readonly [string, string, RegExp])[] = [
  ["no JSON", "hello", /^bad request: expected JSON, got "hello"$/],
  ["cut JSON", '{"id":2,"publish":{', /expected JSON, got/],
  ["brackets that close nothing", '}}}{"a":1', /expected JSON, got/],
  ["an empty frame", "", /expected a command, got an empty frame/],
  ["null", "null", /a command: expected an object, got null/],
  ["an array", "[1,2]", /a command: expected an object, got \[1,2\]/],
  ["a number", "7", /a command: expected an object, got 7/],
  ["a text", '"connect"', /a command: expected an object, got "connect"/],
  ["an unknown command", '{"id":2,"frobnicate":{}}', /expected a known method, got "frobnicate"/],
  ["a command without a name", '{"id":2}', /expected a known method, got ""/],
  ["a command that is null", '{"id":2,"subscribe":null}', /expected a known method/],
  ["a command that is an array", '{"id":2,"subscribe":[]}', /subscribe: expected an object, got \[\]/],
  ["an id below zero", '{"id":-1,"presence":{"channel":"lobby"}}', /id: expected an unsigned 32-bit integer, got -1/],
  ["an id that is a text", '{"id":"2","presence":{"channel":"lobby"}}', /id: expected .*, got "2"/],
  ["an id that is too large", '{"id":4294967296,"presence":{"channel":"lobby"}}', /id: expected .*, got 4294967296/],
  ["a channel that is a number", '{"id":2,"subscribe":{"channel":7}}', /channel: expected a text, got 7/],
  ["a channel that is empty", '{"id":2,"subscribe":{"channel":""}}', /channel: expected a name, got none/],
  ["connect again", '{"id":2,"connect":{}}', /connected already/],
  ["a pong that nobody asked for", "{}", /a pong that no ping asked for/],
  ["too deep JSON", `{"id":2,"rpc":{"method":"m","data":${"[".repeat(40)}${"]".repeat(40)}}}`, /32/],
  ["101 commands", Array(101).fill('{"id":2,"presence":{"channel":"lobby"}}').join("\n"), /at most 100 commands/],
];

describe("a frame that is none closes the connection with 3501", () => {
  test.each(fatal)("%s", async (_name, text, reason) => {
    const served = await serveAll();
    await unnoticed(served, async () => {
      const attacker = await speaker(served);
      attacker.send(text);
      expect(await attacker.closed).toEqual({ code: 3501, reason: expect.stringMatching(reason) as string });
    });
  });

  test("binary where JSON is spoken", async () => {
    const served = await serveAll();
    await unnoticed(served, async () => {
      const attacker = await speaker(served);
      attacker.send(Uint8Array.of(1, 2, 3));
      const reason = "bad request: expected a text message, got a binary one";
      expect(await attacker.closed).toEqual({ code: 3501, reason });
    });
  });

  test("anything before connect", async () => {
    const served = await serveAll();
    await unnoticed(served, async () => {
      const attacker = await talk(`${served.socketUrl}/connection/websocket`);
      attacker.send('{"id":1,"subscribe":{"channel":"lobby"}}');
      expect(await attacker.closed).toEqual({
        code: 3501,
        reason: "bad request: expected connect first, got subscribe",
      });
    });
  });
});

const longName = `public:${"é".repeat(124)}xx`;
/** Commands that are answered with an error; the connection lives. */
const refused: readonly (readonly [string, string, number, RegExp])[] = [
  ["a name too long", subscribeTo(longName), 107, /a channel name has at most 255 bytes, this one has 257/],
  ["a name with a control character", subscribeTo("public:\\u0000"), 107, /no control characters/],
  ["an unknown channel", subscribeTo("nowhere"), 102, /^unknown channel: none is defined/],
  ["a channel of the prototype", subscribeTo("__proto__"), 102, /^unknown channel: none is defined/],
  ["a channel not allowed", subscribeTo("public:secret"), 103, /the subscribe rule does not allow it/],
  ["a publish where clients do not", publishTo("news", "1"), 103, /clients do not publish to this channel/],
  ["a publish without data", '{"id":9,"publish":{"channel":"lobby"}}', 107, /data: expected a JSON value, got nothing/],
  [
    "data that fail the schema",
    publishTo("quotes:a", '{"symbol":"A","price":"1"}'),
    422,
    /price: .*expected number, received string/,
  ],
  ["data that are null", publishTo("quotes:a", "null"), 422, /expected object, received null/],
  ["an unknown call", '{"id":9,"rpc":{"method":"constructor"}}', 108, /no such call/],
  [
    "a reserved call",
    '{"id":9,"rpc":{"method":"tide.explode","data":{"channel":"a"}}}',
    104,
    /tide.explode is not known/,
  ],
  [
    "pause of what is not subscribed",
    '{"id":9,"rpc":{"method":"tide.pause","data":{"channel":"lobby"}}}',
    103,
    /not subscribed/,
  ],
  [
    "a limit that is a text",
    '{"id":9,"history":{"channel":"public:a","limit":"5"}}',
    107,
    /limit: expected an integer, got "5"/,
  ],
  [
    "an offset below zero",
    '{"id":9,"history":{"channel":"public:a","since":{"offset":-1}}}',
    107,
    /non-negative integer as offset/,
  ],
  ["refresh", '{"id":9,"refresh":{"token":"x"}}', 108, /do not expire/],
];

describe("a command that is not accepted is answered, and the connection lives", () => {
  test.each(refused)("%s", async (_name, text, ...[code, message]) => {
    const served = await serveAll();
    await unnoticed(served, async () => {
      const attacker = await speaker(served);
      attacker.send(text);
      expect(JSON.parse(String(await attacker.next()))).toMatchObject({
        id: 9,
        error: { code, message: expect.stringMatching(message) as string },
      });
      attacker.send('{"id":10,"presence_stats":{"channel":"lobby"}}');
      expect(JSON.parse(String(await attacker.next()))).toMatchObject({ id: 10, presence_stats: { num_clients: 0 } });
    });
  });
});

function subscribeTo(channel: string): string {
  return `{"id":9,"subscribe":{"channel":"${channel}"}}`;
}

function publishTo(channel: string, json: string): string {
  return `{"id":9,"publish":{"channel":"${channel}","data":${json}}}`;
}

/** A publish of exactly `bytes` bytes. */
function publishOf(bytes: number): string {
  const empty = '{"id":9,"publish":{"channel":"lobby","data":""}}';
  return empty.replace('""', `"${"x".repeat(bytes - empty.length)}"`);
}

describe("a message has at most 64 KiB", () => {
  test.each([65_535, 65_536])("%i bytes are taken", async (bytes) => {
    const attacker = await speaker(await serveAll());
    attacker.send(publishOf(bytes));
    expect(await attacker.next()).toBe('{"id":9,"publish":{}}');
  });

  test("65,537 bytes end the connection with 1009", async () => {
    const served = await serveAll();
    await unnoticed(served, async () => {
      const attacker = await speaker(served);
      attacker.send(publishOf(65_537));
      expect((await attacker.closed).code).toBe(1009);
    });
  });

  test("so do fragments that add up to it, and a length that is only announced", async () => {
    const served = await serveAll();
    await unnoticed(served, async () => {
      const path = "/raw/lobby";
      const pieces = await openWire(served.port, path);
      const half = "x".repeat(32_769);
      pieces.write(Buffer.concat([frame("text", half, { isFinal: false }), frame("continuation", half)]));
      expect(closeCode(await readUntil(pieces, (text) => closeCode(text) !== null))).toBe(1009);
      const announced = await openWire(served.port, path);
      announced.write(Buffer.from([0x81, 0xff, 0, 0, 0, 0, 0, 1, 0, 1]));
      expect(closeCode(await readUntil(announced, (text) => closeCode(text) !== null))).toBe(1009);
      for (const socket of [pieces, announced]) socket.destroy();
    });
  });
});

/** Bytes that RFC 6455 forbids, and the close code that answers them. */
const unlawful: readonly (readonly [string, Buffer, number])[] = [
  ["an unmasked frame", Buffer.from([0x81, 2, 0x68, 0x69]), 1002],
  ["a reserved bit", Buffer.from([0xc1, 0x80, 0, 0, 0, 0]), 1002],
  ["a reserved opcode", Buffer.from([0x83, 0x80, 0, 0, 0, 0]), 1002],
  ["a continuation of nothing", frame("continuation", "x"), 1002],
  ["a fragmented ping", frame("ping", "x", { isFinal: false }), 1002],
  ["a text inside a fragmented one", Buffer.concat([frame("text", "a", { isFinal: false }), frame("text", "b")]), 1002],
  ["text that is not UTF-8", frame("text", Uint8Array.of(0xc3, 0x28)), 1007],
  ["a close code that is none", frame("close", Uint8Array.of(0x03, 0xed)), 1002],
  ["65 fragments", Buffer.concat([frame("text", "", { isFinal: false }), ...fragments(64)]), 1008],
];

function fragments(count: number): Buffer[] {
  return Array.from({ length: count }, () => frame("continuation", "x", { isFinal: false }));
}

describe("what RFC 6455 forbids", () => {
  test.each(unlawful)("%s", async (_name, bytes, code) => {
    const served = await serveAll();
    await unnoticed(served, async () => {
      const socket = await openWire(served.port, "/echo");
      socket.write(bytes);
      expect(closeCode(await readUntil(socket, (text) => closeCode(text) !== null))).toBe(code);
      socket.destroy();
    });
  });

  test("64 fragments are taken", async () => {
    const served = await serveAll();
    const socket = await openWire(served.port, "/echo");
    const message = [frame("text", "x", { isFinal: false }), ...fragments(62), frame("continuation", "x")];
    socket.write(Buffer.concat(message));
    expect(await readUntil(socket, (text) => text.length >= 66)).toBe(`\x81\x40${"x".repeat(64)}`);
    socket.destroy();
  });

  test("a flood of pings whose pongs nobody reads ends the connection", async () => {
    // Nobody answers the close frame.
    const served = await serve({ channels, limits: { closeTimeoutMs: 100 } });
    await unnoticed(served, async () => {
      const socket = await openWire(served.port, "/raw/lobby");
      const ended = new Promise((resolve) => void socket.once("close", resolve));
      socket.on("error", () => undefined);
      socket.pause();
      const flood = Buffer.concat(Array.from({ length: 1_000 }, () => frame("ping", "x".repeat(100))));
      while (!socket.destroyed) await new Promise((resolve) => void socket.write(flood, resolve));
      await ended;
    });
  });
});

describe("upgrades that are none", () => {
  const handshakes: readonly (readonly [string, Readonly<Record<string, string>>, number])[] = [
    ["no key", { "Sec-WebSocket-Key": "" }, 400],
    ["a key of another length", { "Sec-WebSocket-Key": "eA==" }, 400],
    ["an old version", { "Sec-WebSocket-Version": "7" }, 400],
  ];

  test.each(handshakes)("%s", async (_name, headers, status) => {
    const served = await serveAll();
    await unnoticed(served, async () => {
      const socket = await dial(served.port);
      socket.write(upgradeRequest("/raw/lobby", headers));
      expect(await readUntil(socket, (text) => text.includes("\r\n\r\n"))).toMatch(`HTTP/1.1 ${status} `);
      socket.destroy();
      await expect.poll(() => served.tide.stats().connections).toBe(1);
    });
  });

  test("a POST, a target that is no URL, a percent sign that stands for nothing", async () => {
    const served = await serveAll();
    await unnoticed(served, async () => {
      const statusOf = async (request: string): Promise<string> => {
        const socket = createConnection(served.port, "127.0.0.1").on("error", () => undefined);
        socket.write(request);
        const answer = await readUntil(socket, (text) => text.includes("\r\n\r\n"));
        socket.destroy();
        return answer.slice(9, 12);
      };
      expect(await statusOf(upgradeRequest("/raw/lobby").replace("GET", "POST"))).toBe("405");
      expect(await statusOf(upgradeRequest("http://[/raw/lobby"))).toBe("404");
      expect(await statusOf(upgradeRequest("/raw/%zz"))).toBe("404");
      expect(await statusOf(upgradeRequest("/raw/"))).toBe("404");
    });
  });
});

test("whoever attacks many times at once disturbs nobody", async () => {
  const served = await serveAll();
  await unnoticed(served, async () => {
    const ends = await Promise.all(
      Array.from({ length: 20 }).flatMap(() =>
        fatal.map(async ([, text]): Promise<Ended> => {
          const attacker = await speaker(served);
          attacker.send(text);
          return attacker.closed;
        }),
      ),
    );
    expect(new Set(ends.map(({ code }) => code))).toEqual(new Set([3501]));
  });
});
