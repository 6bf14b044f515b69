// The process around a measured server: listens, publishes when asked, and tells what the server costs.
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { answer } from "../answering.ts";
import { nowUs } from "../mark.ts";
import type { Memory, ServerTalk } from "../talk.ts";
import type { Serve } from "./broadcaster.ts";
import { publishAll } from "./publisher.ts";

const collections = 2;
const settleMs = 100;
/** Milliseconds between looks at the event loop. */
const resolution = 10;

/** Answers for what `serve` serves, until the parent ends. */
export async function answerAsServer(serve: Serve): Promise<void> {
  const sockets = new Set<Socket>();
  const server = createServer();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  const publish = await serve(server);
  const delay = monitorEventLoopDelay({ resolution });
  let begunUs = nowUs();
  let cpu = process.cpuUsage();
  delay.enable();
  answer<ServerTalk>({
    listen: async ({ port }) => {
      await once(server.listen({ port, host: "127.0.0.1", backlog: 4_096 }), "listening");
      return { host: "127.0.0.1", port: (server.address() as AddressInfo).port };
    },
    memory: () => memoryOf(sockets),
    begin: () => {
      begunUs = nowUs();
      cpu = process.cpuUsage();
      delay.reset();
      return null;
    },
    publish: (load) => publishAll(load, publish),
    end: () => {
      const { user, system } = process.cpuUsage(cpu);
      const loopP99Ms = Math.max(0, delay.percentile(99) / 1_000_000 - resolution);
      return { cpuUs: user + system, wallUs: nowUs() - begunUs, loopP99Ms };
    },
  });
}

async function memoryOf(sockets: ReadonlySet<Socket>): Promise<Memory> {
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
