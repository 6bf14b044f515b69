// A contestant's server in a process of its own, which tells what it costs. Argument: the server's name.
import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { answer } from "../answering.ts";
import { nowUs } from "../mark.ts";
import type { Memory, ServerTalk } from "../talk.ts";
import { serveBatchedWs } from "./batched-ws.ts";
import type { Serve } from "./broadcaster.ts";
import { serveNaiveWs } from "./naive-ws.ts";
import { publishAll } from "./publisher.ts";
import { serveSocketIo } from "./socket-io.ts";
import { serveTidewire } from "./tidewire.ts";

const serves: Readonly<Record<string, Serve>> = {
  tidewire: serveTidewire,
  "naive-ws": serveNaiveWs,
  "batched-ws": serveBatchedWs,
  "socket-io": serveSocketIo,
};

const collections = 2;
const settleMs = 100;

const [name = ""] = process.argv.slice(2);
const serve = serves[name];
if (serve === undefined) throw new TypeError(`expected one of ${Object.keys(serves).join(", ")}; got "${name}"`);

const sockets = new Set<Socket>();
const server = createServer();
server.on("connection", (socket) => {
  sockets.add(socket);
  socket.once("close", () => sockets.delete(socket));
});
const publish = await serve(server);

async function memory(): Promise<Memory> {
  for (let run = 0; run < collections; run += 1) {
    // The heaviest there is: what the collector keeps at hand for later would hide what connections hold.
    globalThis.gc?.({ type: "major", execution: "sync", flavor: "last-resort" });
    await sleep(settleMs);
  }
  const unsent = [...sockets].map((socket) => socket.writableLength).filter((bytes) => bytes > 0);
  return {
    rssBytes: process.memoryUsage.rss(),
    unsentBytes: unsent.reduce((sum, bytes) => sum + bytes, 0),
    fullSockets: unsent.length,
  };
}

let begunUs = nowUs();
let cpu = process.cpuUsage();

answer<ServerTalk>({
  listen: async () => {
    await once(server.listen({ port: 0, host: "127.0.0.1", backlog: 4_096 }), "listening");
    return { port: (server.address() as AddressInfo).port };
  },
  memory,
  begin: () => {
    begunUs = nowUs();
    cpu = process.cpuUsage();
    return null;
  },
  publish: (load) => publishAll(load, publish),
  end: () => {
    const { user, system } = process.cpuUsage(cpu);
    return { cpuUs: user + system, wallUs: nowUs() - begunUs };
  },
});
