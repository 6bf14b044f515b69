// WebSocket connections: whether what a client has said waits here, so that nobody is blamed for it.
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { setImmediate as turned } from "node:timers/promises";
import { expect, it, onTestFinished } from "vitest";
import { WebSocket } from "ws";
import type { Connection } from "../dialects/connection.ts";
import { defaultLimits } from "../options.ts";
import { Metrics } from "../ports/metrics.ts";
import { Turns } from "../session/turns.ts";
import { FakeClock } from "../testing/fake-clock.ts";
import { FakeConnection } from "../testing/fake-connection.ts";
import { WebSocketTransport } from "./websocket.ts";

/** A client, the server's side of it, and how many messages have come. */
async function connected(
  clock: FakeClock,
): Promise<{ client: WebSocket; connection: Connection; came: () => number; turns: Turns }> {
  const turns = new Turns(clock);
  const transport = new WebSocketTransport({
    limits: defaultLimits,
    clock,
    metrics: new Metrics(),
    turns,
    compression: null,
    protocolFor: () => false,
  });
  const server = createServer();
  const { promise, resolve } = Promise.withResolvers<Connection>();
  let count = 0;
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) =>
    transport.accept({ request, socket, head }, new FakeConnection().info, (connection) => {
      resolve(connection);
      return { receive: () => (count += 1), pong: () => undefined, writable: () => undefined, closed: () => undefined };
    }),
  );
  await once(server.listen(0, "127.0.0.1"), "listening");
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  onTestFinished(() => {
    client.terminate();
    server.close();
  });
  await once(client, "open");
  return { client, connection: await promise, came: () => count, turns };
}

it("is late while bytes wait for a turn, and not while it is held, whose client is to read first", async () => {
  const clock = new FakeClock();
  const { client, connection, came, turns } = await connected(clock);
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
