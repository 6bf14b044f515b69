// WebSocket connections: whether what a client has said waits here, so that nobody is blamed for it; what comes behind its end.
import { once } from "node:events";
import { createServer, type IncomingMessage, request } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { setImmediate as turned } from "node:timers/promises";
import { deflateRawSync } from "node:zlib";
import { expect, it, onTestFinished } from "vitest";
import { WebSocket } from "ws";
import type { Connection } from "../dialects/connection.ts";
import { defaultLimits } from "../options.ts";
import { Metrics } from "../ports/metrics.ts";
import { Turns } from "../session/turns.ts";
import { FakeClock } from "../testing/fake-clock.ts";
import { FakeConnection } from "../testing/fake-connection.ts";
import { WebSocketTransport } from "./websocket.ts";

interface Serving {
  readonly transport: WebSocketTransport;
  readonly port: number;
  readonly connection: Promise<Connection>;
  /** How many messages have come. */
  readonly came: () => number;
  readonly turns: Turns;
  /** Of the connection, once it is closed. */
  readonly closed: () => number | null;
}

/** A server for one connection. */
async function serving(clock: FakeClock): Promise<Serving> {
  const turns = new Turns(clock);
  const transport = new WebSocketTransport({
    // Whoever waits for it in vain fails.
    limits: { ...defaultLimits, closeTimeoutMs: 60_000 },
    clock,
    metrics: new Metrics(),
    turns,
    compression: { fromBytes: 1_024 },
    protocolFor: () => false,
  });
  const server = createServer();
  const { promise: connection, resolve } = Promise.withResolvers<Connection>();
  let [count, closed]: [number, number | null] = [0, null];
  server.on("upgrade", (upgrade: IncomingMessage, socket: Duplex, head: Buffer) =>
    transport.accept({ request: upgrade, socket, head }, new FakeConnection().info, (opened) => {
      resolve(opened);
      return {
        receive: () => (count += 1),
        pong: () => undefined,
        writable: () => undefined,
        closed: (code) => (closed = code),
      };
    }),
  );
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  return { transport, port, connection, came: () => count, turns, closed: () => closed };
}

/** Turns the clock until it is true, while time stands still, or until the test is over. */
async function until(clock: FakeClock, isSo: () => boolean): Promise<void> {
  let isOver = false;
  onTestFinished(() => {
    isOver = true;
  });
  while (!isOver && !isSo()) {
    clock.turn();
    await turned();
  }
}

it("is late while bytes wait for a turn, and not while it is held, whose client is to read first", async () => {
  const clock = new FakeClock();
  const { port, came, turns, ...served } = await serving(clock);
  const client = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: false });
  onTestFinished(() => client.terminate());
  await once(client, "open");
  const connection = await served.connection;
  expect(connection.isLate).toBe(false);
  clock.lookMs = 1;
  while (turns.hasTime());
  const messages = 2_000;
  for (let n = 0; n < messages; n += 1) client.send("a message");
  await expect.poll(() => connection.isLate).toBe(true);
  const before = came();
  expect(before).toBeLessThan(messages);
  connection.hold(true);
  expect(connection.isLate).toBe(false);
  connection.hold(false);
  expect(connection.isLate).toBe(true);
  while (came() < messages) {
    clock.turn();
    await turned();
  }
  expect(connection.isLate).toBe(false);
});

/** Frames of a client that masks with zeros. */
const bye = Buffer.of(0x88, 0x82, 0, 0, 0, 0, 3, 232);
const noFrame = Buffer.of(0xf1, 0x80, 0, 0, 0, 0);
const deflated = deflateRawSync("a message");
const compressed = Buffer.concat([Buffer.of(0xc1, 0x80 | deflated.length, 0, 0, 0, 0), deflated]);

it.for([
  ["a close frame", [bye], 1000, 0],
  ["what is no frame", [noFrame], 1002, 0],
  ["a close frame that comes while a message is inflated", [compressed, bye], 1000, 1],
] as const)("reads what comes behind %s a little at a time, to its end", async ([, last, code, messages]) => {
  const clock = new FakeClock();
  const { port, came, closed, ...served } = await serving(clock);
  const socket = await upgraded(port);
  const connection = await served.connection;
  let answer = Buffer.alloc(0);
  socket.on("data", (chunk: Buffer) => (answer = Buffer.concat([answer, chunk])));
  for (const part of last) socket.write(part);
  await until(clock, () => answer.length >= 4);
  expect([...answer.subarray(0, 4)]).toEqual([0x88, 2, code >> 8, code & 255]);
  const poured = 4_194_304;
  socket.end(Buffer.alloc(poured));
  // A timer is set for the next read.
  await until(clock, () => clock.pending === 1 || connection.traffic().received > poured);
  for (let turns = 0; turns < 100; turns += 1) await turned();
  // What one read brings, and what Node reads until the stream has enough.
  expect(connection.traffic().received).toBeLessThan(500_000);
  expect(closed()).toBe(null);
  let [most, before] = [0, connection.traffic().received];
  await until(clock, () => {
    const { received } = connection.traffic();
    most = Math.max(most, received - before);
    before = received;
    clock.advance(5);
    return closed() !== null;
  });
  // A turn's, which two reads may make, and another one.
  expect(most).toBeLessThanOrEqual(3 * 65_536);
  expect(before).toBeGreaterThan(poured);
  expect([closed(), came()]).toEqual([code, messages]);
  await until(clock, () => clock.pending === 0);
});

it("waits for nothing where it closed itself, and the other side's close frame is behind much that it had said", async () => {
  const clock = new FakeClock();
  const { port, came, closed, ...served } = await serving(clock);
  const socket = await upgraded(port);
  (await served.connection).close(1001, "");
  const ping = Buffer.of(0x89, 0x80, 0, 0, 0, 0);
  socket.write(Buffer.alloc(ping.length * 200_000, ping));
  socket.end(bye);
  socket.resume();
  await until(clock, () => closed() !== null);
  expect([closed(), came()]).toEqual([1000, 0]);
});

it.for([
  ["by itself", ({ close }: { readonly close: () => void }) => close()],
  ["with all others", ({ closeAll }: { readonly closeAll: () => void }) => closeAll()],
] as const)("is not held any more when it is closed %s, nor afterwards", async ([, close]) => {
  const clock = new FakeClock();
  const { port, closed, transport, ...served } = await serving(clock);
  const socket = await upgraded(port);
  const connection = await served.connection;
  connection.hold(true);
  close({ close: () => connection.close(1001, ""), closeAll: () => transport.closeAll(1001, "") });
  connection.hold(true);
  socket.end(bye);
  socket.resume();
  await until(clock, () => closed() !== null);
  expect(closed()).toBe(1000);
});

/** A connection that stays open for writing when the server has ended. */
async function upgraded(port: number): Promise<Socket> {
  const headers = {
    Connection: "Upgrade",
    Upgrade: "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Extensions": "permessage-deflate",
  };
  const asked = request({ port, host: "127.0.0.1", headers }).end();
  const [, socket] = (await once(asked, "upgrade")) as [IncomingMessage, Socket];
  onTestFinished(() => void socket.destroy());
  socket.on("error", () => undefined);
  socket.allowHalfOpen = true;
  return socket;
}
