// An application's own server under TLS: requests, upgrades and floods of them are as without it.
import { once } from "node:events";
import { createServer } from "node:https";
import { connect } from "node:tls";
import { createTidewire } from "@tidewire/server";
import { expect, it, onTestFinished } from "vitest";
import WebSocket from "ws";
import { certificate } from "./certificate.ts";
import { listen, lobby } from "./serving.ts";
import { readUntil } from "./wire.ts";

it("serves requests and WebSockets, and parses next to nothing of a connection that it cuts", async (context) => {
  const server = createServer(certificate(context, "chat.example"));
  // Fewer than one piece of what is read holds, so that none of them is answered before there are too many.
  const tide = createTidewire({ channels: [lobby], limits: { unansweredRequests: 8 } });
  tide.attach(server, { http: true });
  await tide.start();
  const port = await listen(server);
  onTestFinished(async () => {
    await tide.stop({ drainMs: 1 });
    server.closeAllConnections();
    server.close();
  });
  let parsed = 0;
  const emit = server.emit.bind(server) as (name: string | symbol, ...args: unknown[]) => boolean;
  server.emit = (name: string | symbol, ...args: unknown[]) => {
    if (name === "request") parsed += 1;
    return emit(name, ...args);
  };

  const webSocket = new WebSocket(`wss://127.0.0.1:${port}/raw/lobby`, { rejectUnauthorized: false });
  await once(webSocket, "open");
  const heard = once(webSocket, "message");
  webSocket.send("x".repeat(50_000));
  expect(String((await heard)[0])).toHaveLength(50_000);
  webSocket.close();

  const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false });
  await once(socket, "secureConnect");
  socket.on("error", () => undefined);
  const live = "GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n";
  const answered = readUntil(socket, (text) => text.endsWith("}"));
  socket.write(live);
  expect(await answered).toMatch(/^HTTP\/1\.1 200 /);
  parsed = 0;
  const cut = once(socket, "close");
  socket.write(live.repeat(1_600));
  await cut;
  // One piece of 1 KiB, of requests of 38 bytes.
  expect(parsed).toBeGreaterThan(8);
  expect(parsed).toBeLessThanOrEqual(27);
});
