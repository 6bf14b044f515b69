// Those who do not read, do not finish what they say, or say nothing at all.
import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Stats } from "@tidewire/server";
import { streamRequest } from "../../event-stream-client.ts";
import { frame, readUntil } from "../../wire.ts";
import type { Row } from "../arena.ts";
import { command, connect, dialFrom, ending, many, openAt, statusOf, tally } from "../attackers.ts";

const subscribe = command({ id: 2, subscribe: { channel: "crowd" } });
/** `connect {}` with id 1, and `subscribe { channel: "crowd" }` with id 2, in one message of two commands. */
const connectInProtobuf = frame("binary", Uint8Array.of(4, 0x08, 1, 0x22, 0));
const subscribeInProtobuf = frame("binary", Uint8Array.of(11, 0x08, 2, 0x2a, 7, 0x0a, 5, ...Buffer.from("crowd")));

const dialects: Readonly<Record<string, (port: number, index: number) => Promise<Socket>>> = {
  JSON: async (port, index) => {
    const socket = await openAt(port, "/connection/websocket", { index });
    socket.write(Buffer.concat([connect, subscribe]));
    return socket;
  },
  Protobuf: async (port, index) => {
    const socket = await openAt(port, "/connection/websocket?format=protobuf", { index });
    socket.write(Buffer.concat([connectInProtobuf, subscribeInProtobuf]));
    return socket;
  },
  raw: (port, index) => openAt(port, "/raw/crowd", { index }),
  "event stream": async (port, index) => {
    const socket = await dialFrom(port, index);
    socket.write(streamRequest("/raw/crowd"));
    await readUntil(socket, (text) => text.includes("\r\n\r\n"));
    socket.pause();
    return socket;
  },
};

/** Enough for the kernel's buffers to be full on both sides. */
const [publications, bytes] = [800, 16_384];

const neverReading: readonly Row[] = Object.entries(dialects).map(([dialect, join]) => ({
  name: `never reads: ${dialect}`,
  server: "ordinary",
  sizes: { small: 10, full: 200 },
  about: (n) => `${n} subscribers read nothing of ${publications} publications of ${bytes / 1_024} KiB`,
  expected: (n) => `slow × ${n}`,
  // A watermark and a page each, in blocks; and the tail.
  heldBytes: (n) => 8_000_000 + n * 400_000,
  attack: async ({ port, look, stats, until, publish }, n) => {
    const before = await stats();
    const sockets = await many(n, (index) => join(port, index));
    await until(({ subscriptions }) => subscriptions >= before.subscriptions + n);
    await publish(publications, bytes);
    await look();
    const after = await until(({ sessions }) => sessions <= before.sessions);
    for (const socket of sockets) socket.destroy();
    return `slow × ${since(before, after, "closed_slow")}`;
  },
}));

const halfAFrame: Row = {
  name: "half a frame",
  server: "ordinary",
  sizes: { small: 20, full: 1_000 },
  about: (n) => `${n} subscribers send half of a WebSocket frame, and nothing more`,
  expected: (n) => `3012 × ${n}`,
  // What there is of the frame waits for the rest.
  heldBytes: (n) => 4_000_000 + n * 70_000,
  attack: async ({ port, look }, n) => {
    const half = command({ id: 3, publish: { channel: "crowd", data: "x".repeat(60_000) } }).subarray(0, 30_000);
    const sockets = await many(n, (index) => openAt(port, "/connection/websocket", { index }));
    for (const socket of sockets) socket.write(Buffer.concat([connect, subscribe, half]));
    await look();
    return tally(await Promise.all(sockets.map(ending)));
  },
};

const halfOpen: Row = {
  name: "half-open",
  server: "ordinary",
  sizes: { small: 200, full: 5_000 },
  about: (n) => `${n} subscribers fall silent, without an end: no pong, nothing read, no answer to the close`,
  expected: (n) => `no_pong × ${n}`,
  heldBytes: (n) => 4_000_000 + n * 20_000,
  attack: async ({ port, until, stats, look }, n) => {
    const before = await stats();
    const sockets = await many(n, (index) => openAt(port, "/connection/websocket", { index }));
    for (const socket of sockets) socket.write(Buffer.concat([connect, subscribe]));
    await look();
    const after = await until(({ connections }) => connections <= before.connections);
    for (const socket of sockets) socket.destroy();
    return `no_pong × ${since(before, after, "closed_no_pong")}`;
  },
};

function since(before: Stats, after: Stats, counter: string): number {
  return (after.counters[counter] ?? 0) - (before.counters[counter] ?? 0);
}

/** Writes a little every now and then, until the other side has enough. */
async function trickle(socket: Socket, pieces: Iterable<string>, everyMs: number): Promise<void> {
  for (const piece of pieces) {
    if (socket.destroyed || socket.writableEnded) return;
    socket.write(piece);
    await sleep(everyMs);
  }
}

function* headerLines(): Iterable<string> {
  yield "GET /connection/websocket HTTP/1.1\r\nHost: a\r\n";
  for (let n = 0; ; n += 1) yield `X-${n}: x\r\n`;
}

const slowHeader: Row = {
  name: "slowloris: header",
  server: "ordinary",
  sizes: { small: 20, full: 1_000 },
  about: (n) => `${n} requests whose header grows by a line every 200 ms`,
  expected: (n) => `408 or cut × ${n}`,
  heldBytes: (n) => 2_000_000 + n * 10_000,
  attack: async ({ port, look }, n) => {
    const sockets = await many(n, (index) => dialFrom(port, index));
    const statuses = sockets.map(statusOf);
    const writing = sockets.map((socket) => trickle(socket, headerLines(), 200));
    await look();
    const results = await Promise.all(statuses);
    await Promise.all(writing);
    // A line that comes after the answer resets the connection, and the answer may be lost with it.
    return tally(results.map((result) => (["408", "cut"].includes(result) ? "408 or cut" : result)));
  },
};

const slowBody: Row = {
  name: "slowloris: body",
  server: "ordinary",
  sizes: { small: 20, full: 1_000 },
  about: (n) => `${n} publishes by POST whose body grows by a byte every 200 ms`,
  expected: (n) => `408 × ${n}`,
  heldBytes: (n) => 2_000_000 + n * 20_000,
  attack: async ({ port, look }, n) => {
    const sockets = await many(n, (index) => dialFrom(port, index));
    const statuses = sockets.map(statusOf);
    for (const socket of sockets) socket.write("POST /raw/crowd HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n");
    const writing = sockets.map((socket) => trickle(socket, "x".repeat(60_000), 200));
    await look();
    const results = await Promise.all(statuses);
    await Promise.all(writing);
    return tally(results);
  },
};

const byteByByte: Row = {
  name: "one byte at a time",
  server: "ordinary",
  sizes: { small: 20, full: 500 },
  about: (n) => `${n} connections write the upgrade, connect, and 20 commands, each byte a write of its own`,
  expected: (n) => `answered × ${n}`,
  heldBytes: (n) => 2_000_000 + n * 20_000,
  attack: async ({ port }, n) => {
    const commands = Array.from({ length: 20 }, (_, id) =>
      command({ id: id + 2, presence_stats: { channel: "crowd" } }),
    );
    const message = Buffer.concat([connect, ...commands]);
    const results = await many(n, async (index) => {
      const socket = await openAt(port, "/connection/websocket", { index });
      socket.setNoDelay(true);
      const answered = readUntil(socket, (text) => text.includes('"id":21,'));
      socket.resume();
      for (const byte of message) {
        socket.write(Uint8Array.of(byte));
        await new Promise((resolve) => void setImmediate(resolve));
      }
      const text = await answered;
      socket.destroy();
      return text.includes('"id":21,') ? "answered" : "not answered";
    });
    return tally(results);
  },
};

export const silent: readonly Row[] = [...neverReading, halfAFrame, halfOpen, slowHeader, slowBody, byteByByte];
