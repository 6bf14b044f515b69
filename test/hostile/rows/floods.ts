// Those who say too much: frames, commands, requests and connections by the thousand.
import { deflateRawSync } from "node:zlib";
import type { Socket } from "node:net";
import { dial, type DialOptions, frame, readUntil, upgradeRequest } from "../../wire.ts";
import type { Row, Target } from "../arena.ts";
import { command, connect, dialFrom, ending, many, openAt, pour, tally } from "../attackers.ts";

interface Flood extends Pick<Row, "name" | "sizes">, Pick<DialOptions, "allowHalfOpen"> {
  readonly server?: Row["server"];
  readonly about: (n: number) => string;
  /** What each is told at the end. */
  readonly each: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Of one connection. */
  readonly flood: (socket: Socket, index: number) => Promise<void>;
  readonly reads?: boolean;
}

const eachHeldBytes = 400_000;

/** A row of connections that each pour until the server ends them. */
function flooding({ name, server = "ordinary", sizes, about, each, flood, ...rest }: Flood): Row {
  const { path = "/connection/websocket", headers = {}, allowHalfOpen = false, reads = true } = rest;
  return {
    name,
    server,
    sizes,
    about,
    expected: (n) => `${each} × ${n}`,
    heldBytes: (n) => 4_000_000 + n * eachHeldBytes,
    attack: async ({ port, look }, n) => {
      const sockets = await many(n, (index) => openAt(port, path, { index, headers, allowHalfOpen }));
      const endings = reads ? sockets.map(ending) : [];
      const pouring = sockets.map(flood);
      await look();
      await Promise.all(pouring);
      await look();
      const results = await Promise.all(reads ? endings : sockets.map(ending));
      return tally(results.map((result) => (each.split(" or ").includes(result) ? each : result)));
    },
  };
}

const piece = frame("continuation", "x", { isFinal: false });
const thousandPieces = Buffer.concat(Array.from({ length: 1_000 }, () => piece));
const fragments = flooding({
  name: "fragments",
  sizes: { small: 10, full: 100 },
  about: (n) => `${n} connections send 100,000 fragments of a byte each`,
  each: "1008",
  flood: async (socket) => {
    socket.write(frame("text", "x", { isFinal: false }));
    await pour(socket, thousandPieces, 100);
  },
});

const bye = frame("close", Uint8Array.of(3, 232));
const noFrame = Buffer.of(0xf1, 0x80, 0, 0, 0, 0);
const anything = Buffer.alloc(65_536);

/** Says its last, and pours behind it, whatever the server says. */
function spilling(last: Buffer): Pick<Flood, "allowHalfOpen" | "sizes" | "flood"> {
  return {
    sizes: { small: 10, full: 100 },
    allowHalfOpen: true,
    flood: async (socket) => {
      socket.write(last);
      await pour(socket, anything, 100);
      socket.end();
    },
  };
}

const broken = flooding({
  ...spilling(noFrame),
  name: "broken, and more",
  about: (n) => `${n} connections send a frame that is none, and 6.5 MB behind it`,
  each: "1002",
});

const closed = flooding({
  ...spilling(bye),
  name: "closed, and more",
  about: (n) => `${n} connections send a close frame, and 6.5 MB behind it`,
  each: "1000",
});

const thousandPings = Buffer.concat(Array.from({ length: 1_000 }, () => frame("ping", "x".repeat(125))));
const pings = flooding({
  name: "pings, unread",
  sizes: { small: 10, full: 100 },
  about: (n) => `${n} connections send 200,000 pings and read no pong`,
  // Some of their sockets still have room for the close frame.
  each: "1008 or cut",
  path: "/raw/crowd",
  reads: false,
  flood: (socket) => pour(socket, thousandPings, 200),
});

const thousandPongs = Buffer.concat(Array.from({ length: 1_000 }, () => frame("pong", "x".repeat(125))));
const pongs = flooding({
  name: "pongs",
  sizes: { small: 10, full: 100 },
  about: (n) => `${n} connections send 100,000 pongs that nobody asked for, which is lawful, and a close`,
  each: "1000",
  path: "/raw/crowd",
  flood: async (socket) => {
    await pour(socket, thousandPongs, 100);
    socket.write(bye);
  },
});

/** A compressed message of one frame: RFC 7692's reserved bit. */
function deflated(bytes: Buffer): Buffer {
  const made = frame("text", bytes);
  made[0] = (made[0] ?? 0) | 0x40;
  return made;
}

const bomb = deflated(deflateRawSync(Buffer.alloc(100 * 1_048_576)));
/** What a message may have in bytes, and 62 MiB when it is inflated. */
const smallBomb = deflated(deflateRawSync(Buffer.alloc(62 * 1_048_576)));
const offer = { "Sec-WebSocket-Extensions": "permessage-deflate" };
const bombs = flooding({
  name: "deflate bombs",
  server: "compressing",
  sizes: { small: 20, full: 500 },
  about: (n) =>
    `${n} connections send ${Math.round(bomb.length / 1_000)} KB that inflate to 100 MiB, or ${Math.round(smallBomb.length / 1_000)} KB to 62 MiB`,
  each: "1009",
  headers: offer,
  flood: async (socket, index) => {
    await pour(socket, index % 2 === 0 ? bomb : smallBomb, 1);
  },
});

function commands(count: number, of: (n: number) => object): Buffer {
  const lines = Array.from({ length: count }, (_, n) => JSON.stringify(of(n)));
  return command(lines.join("\n"));
}

const subscribes = flooding({
  name: "subscribes",
  sizes: { small: 10, full: 200 },
  about: (n) => `${n} connections subscribe and unsubscribe 5,000 times as fast as they can`,
  each: "3013",
  flood: async (socket) => {
    socket.write(connect);
    const channel = "public:flood";
    const pairs = commands(100, (at) => ({ id: at + 2, [at % 2 === 0 ? "subscribe" : "unsubscribe"]: { channel } }));
    await pour(socket, pairs, 100);
  },
});

const publishes = flooding({
  name: "publishes",
  sizes: { small: 10, full: 200 },
  about: (n) => `${n} connections publish 10,000 times as fast as they can`,
  each: "3013",
  flood: async (socket) => {
    socket.write(connect);
    const hundred = commands(100, (at) => ({ id: at + 2, publish: { channel: "public:flood", data: "x" } }));
    await pour(socket, hundred, 100);
  },
});

const unknown = flooding({
  name: "unknown commands",
  sizes: { small: 50, full: 2_000 },
  about: (n) => `${n} connections send 100 commands that do not exist`,
  each: "3501",
  flood: async (socket) => {
    socket.write(connect);
    await pour(
      socket,
      commands(100, (at) => ({ id: at + 2, [`explode${at}`]: {} })),
      1,
    );
  },
});

const questions: Row = {
  name: "questions, unread",
  server: "ordinary",
  sizes: { small: 10, full: 100 },
  about: (n) =>
    `${n} connections ask 1,000,000 times who is in channels that are none, until they are not read any more`,
  expected: (n) => `held × ${n}`,
  heldBytes: (n) => 4_000_000 + n * 1_000_000,
  attack: async ({ port, stats, look, until }, n) => {
    const before = await stats();
    const sockets = await many(n, (index) => openAt(port, "/connection/websocket", { index }));
    const hundred = commands(100, (at) => ({ id: at + 2, presence: { channel: `nowhere:${at}` } }));
    const pouring = sockets.map(async (socket) => {
      socket.write(connect);
      await pour(socket, hundred, 10_000);
    });
    const held = ({ counters }: typeof before): number =>
      (counters["reading_held"] ?? 0) - (before.counters["reading_held"] ?? 0);
    // Some are let go for a moment, since the kernel takes more; in the end nobody is read.
    await until((now) => held(now) >= n);
    await look();
    for (const socket of sockets) socket.destroy();
    await Promise.all(pouring);
    return `held × ${n}`;
  },
};

const requests: Row = {
  name: "pipelined requests, unread",
  server: "ordinary",
  sizes: { small: 20, full: 200 },
  about: (n) => `${n} connections ask 100,000 times who is present, and read no answer`,
  expected: (n) => `cut × ${n}`,
  // Node's parser makes all requests of one read before the connection is gone; what is made of them here does not stay.
  heldBytes: (n) => 4_000_000 + n * 2_500_000,
  attack: async ({ port, look }, n) => {
    const hundred = Buffer.from("GET /raw/crowd/presence HTTP/1.1\r\nHost: a\r\n\r\n".repeat(100));
    const sockets = await many(n, (index) => dialFrom(port, index));
    const pouring = sockets.map(async (socket) => {
      socket.pause();
      await pour(socket, hundred, 1_000);
    });
    await look();
    await Promise.all(pouring);
    await look();
    return tally(await Promise.all(sockets.map(ending)));
  },
};

/** The statuses of upgrades that come all at once, each as if from the address that `from` says. */
async function crowding(
  { port, look }: Target,
  n: number,
  from: (index: number) => Readonly<Record<string, string>>,
): Promise<string> {
  // From the address of the balancer that is believed.
  const sockets = await many(n, () => dial(port));
  const statuses = sockets.map((socket) => readUntil(socket, (text) => text.includes("\r\n\r\n")));
  sockets.forEach((socket, index) => socket.write(upgradeRequest("/raw/crowd", from(index))));
  const results = (await Promise.all(statuses)).map((text) => text.slice(9, 12));
  await look();
  for (const socket of sockets) socket.destroy();
  return tally(results);
}

/** What one address may open at once, and in a second. */
const perSecond = 20;

const oneAddress: Row = {
  name: "connects from one address",
  server: "ordinary",
  sizes: { small: 100, full: 2_000 },
  about: (n) => `${n} upgrades at once from one public address`,
  expected: () => `101 for ${perSecond} a second, 503 for the others`,
  heldBytes: (n) => 2_000_000 + n * 20_000,
  attack: async (target, n) => {
    const startMs = performance.now();
    const results = await crowding(target, n, () => ({ "X-Forwarded-For": "203.0.113.7" }));
    const most = perSecond + Math.ceil(((performance.now() - startMs) * perSecond) / 1_000);
    const counts = new Map(results.split(", ").map((each) => each.split(" × ") as [string, string]));
    const [admitted, refused] = [Number(counts.get("101")), Number(counts.get("503"))];
    const isHeld = admitted >= perSecond && admitted <= most && admitted + refused === n;
    return isHeld ? `101 for ${perSecond} a second, 503 for the others` : results;
  },
};

const manyAddresses: Row = {
  name: "connects from everywhere",
  server: "ordinary",
  sizes: { small: 300, full: 5_000 },
  about: (n) => `${n} upgrades at once, each from another address; the node takes 1,000 a second`,
  expected: (n) => `101 × ${n}`,
  heldBytes: (n) => 4_000_000 + n * 20_000,
  attack: (target, n) => crowding(target, n, (index) => ({ "X-Forwarded-For": `198.51.${index >> 8}.${index & 255}` })),
};

export const floods: readonly Row[] = [
  fragments,
  broken,
  closed,
  pings,
  pongs,
  bombs,
  subscribes,
  publishes,
  unknown,
  questions,
  requests,
  oneAddress,
  manyAddresses,
];
