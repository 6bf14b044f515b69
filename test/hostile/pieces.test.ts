// WebSockets of which more is read at once than a turn has time for: what was said counts, in order, whatever comes behind it.
import { once } from "node:events";
import { deflateRawSync } from "node:zlib";
import type { Socket } from "node:net";
import { expect, test } from "vitest";
import { open, serve, type Served } from "../serving.ts";
import { closeCode, dial, frame, openWire, readUntil, upgradeRequest } from "../wire.ts";

const path = "/connection/websocket";
const connect = frame("text", '{"id":1,"connect":{}}');
const count = 2_000;
const publishes = Buffer.concat(
  Array.from({ length: count }, (_, n) =>
    frame("text", JSON.stringify({ id: n + 2, publish: { channel: "public:a", data: n } })),
  ),
);

/** How many publishes were answered, and that it was in order. */
function answered(text: string): number {
  const ids = [...text.matchAll(/"id":(\d+),"publish"/g)].map(([, id]) => Number(id));
  expect(ids).toEqual(ids.map((_, n) => n + 2));
  return ids.length;
}

async function published({ tide }: Served): Promise<readonly unknown[]> {
  return (await tide.channel(open, { name: "a" }).history(100)).map(({ data }) => data);
}

const newest = Array.from({ length: 100 }, (_, n) => count - 100 + n);
const late = ({ tide }: Served): number => tide.stats().counters["reads_late"] ?? 0;
const upgraded = (served: Served): Promise<Socket> => openWire(served.port, path);

test("all is answered, in order", async () => {
  const served = await serve();
  const socket = await upgraded(served);
  const text = readUntil(socket, (so) => so.includes(`"id":${count + 1},`));
  socket.write(Buffer.concat([connect, publishes]));
  expect(answered(await text)).toBe(count);
  expect(late(served)).toBeGreaterThan(0);
  socket.destroy();
});

test("what comes with the upgrade is answered behind it", async () => {
  const served = await serve();
  const socket = await dial(served.port);
  const text = readUntil(socket, (so) => so.includes(`"id":${count + 1},`));
  socket.write(Buffer.concat([Buffer.from(upgradeRequest(path)), connect, publishes]));
  expect(answered(await text)).toBe(count);
  socket.destroy();
});

test("a client's end comes behind what it has said", async () => {
  const served = await serve();
  const socket = await upgraded(served);
  socket.end(Buffer.concat([connect, publishes]));
  socket.resume();
  await once(socket, "close");
  await expect.poll(() => served.tide.stats().sessions).toBe(0);
  expect(await published(served)).toEqual(newest);
});

test("so does its close frame, and nothing counts that is behind that", async () => {
  const served = await serve();
  const socket = await upgraded(served);
  const text = readUntil(socket, () => false);
  socket.write(Buffer.concat([connect, publishes, frame("close", Uint8Array.of(3, 232)), publishes]));
  expect(closeCode(await text)).toBe(1000);
  await expect.poll(() => served.tide.stats().sessions).toBe(0);
  expect(await published(served)).toEqual(newest);
  expect(served.tide.stats().counters).toMatchObject({ closed_client: 1, published: count });
  expect(served.log.troubles).toEqual([]);
});

test("who is closed by the server may still say that it closes too, behind all else", async () => {
  const served = await serve({ limits: { closeTimeoutMs: 20_000 } });
  const socket = await upgraded(served);
  const text = readUntil(socket, () => false);
  const pongs = Buffer.concat(Array.from({ length: 8_000 }, () => frame("pong", "x".repeat(125))));
  socket.write(Buffer.concat([frame("text", "no JSON"), pongs, frame("close", Uint8Array.of(3, 232))]));
  expect(closeCode(await text)).toBe(3501);
  expect(late(served)).toBeGreaterThan(0);
  expect(served.tide.stats().counters["limit_closeTimeoutMs"]).toBeUndefined();
});

test.each(["ping", "pong"] as const)(
  "any number of %ss takes turns, and disturbs nothing behind them",
  async (kind) => {
    const served = await serve();
    const socket = await upgraded(served);
    const text = readUntil(socket, (so) => so.includes('"id":1,'));
    socket.write(Buffer.concat([...Array.from({ length: 20_000 }, () => frame(kind, "")), connect]));
    await text;
    expect(late(served)).toBeGreaterThan(0);
    socket.destroy();
  },
);

/** RFC 7692 §6: the first reserved bit. */
function deflated(text: string): Buffer {
  const made = frame("text", deflateRawSync(text));
  made[0] = (made[0] ?? 0) | 0x40;
  return made;
}

test("compressed messages take turns, one after the other, and all count", async () => {
  const served = await serve({ compression: true });
  const socket = await dial(served.port);
  socket.write(upgradeRequest(path, { "Sec-WebSocket-Extensions": "permessage-deflate" }));
  await readUntil(socket, (so) => so.includes("\r\n\r\n"));
  const data = "x".repeat(30_000);
  const each = (n: number): string =>
    JSON.stringify({ id: n + 2, publish: { channel: "public:a", data: `${n}${data}` } });
  const messages = Array.from({ length: 300 }, (_, n) => deflated(each(n)));
  const text = readUntil(socket, (so) => so.includes('"id":301,'));
  socket.write(Buffer.concat([connect, ...messages]));
  expect(answered(await text)).toBe(300);
  socket.destroy();
});

test("of a connection that is reset nothing is left, whatever of it is in line", async () => {
  const served = await serve();
  const { tide } = served;
  const socket = await upgraded(served);
  const text = readUntil(socket, () => false);
  socket.write(Buffer.concat([connect, publishes, publishes]));
  await expect.poll(() => late(served)).toBeGreaterThan(0);
  socket.resetAndDestroy();
  await text;
  await expect.poll(() => tide.stats()).toMatchObject({ connections: 0, sessions: 0 });
});
