// The server that is driven, in a process of its own, so that its memory and its event loop are nobody else's.
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { defineChannel } from "@tidewire/protocol";
import { createTidewire, type Log } from "@tidewire/server";
import { z } from "zod";
import { answer } from "tidewire/bench";
import type { FrameServerTalk, Vitals } from "./talk.ts";

const witness = defineChannel("witness", { publishers: "server", history: { size: 1_000, ttlMs: 60_000 } });
const channels = [
  witness,
  defineChannel("lobby", { mode: "signal", presence: true }),
  defineChannel("news", { history: { size: 100, ttlMs: 60_000 }, presence: true }),
  defineChannel("raw:{name}", { history: { size: 10, ttlMs: 10_000 } }),
  defineChannel("quotes", { mode: "latest", data: z.object({ id: z.string() }), key: ({ id }) => id }),
];

/** Between two numbers for the witness. */
const publishEveryMs = 5;
const toldErrors = 5;

const most = 1_000_000;
const errors: string[] = [];
let errorCount = 0;
const quiet = (): void => undefined;
const log: Log = {
  debug: quiet,
  info: quiet,
  warn: quiet,
  error: (message, fields) => {
    errorCount += 1;
    if (errors.length < toldErrors) errors.push(`${message} ${JSON.stringify(fields)}`);
  },
};

const tide = createTidewire({
  channels,
  log,
  limits: { connections: most, newPerSecond: most, admissionQueue: most },
});
const server = createServer();
tide.attach(server, { http: true });
await tide.start();

const delay = monitorEventLoopDelay({ resolution: 5 });
delay.enable();
let [published, stop] = [0, quiet];

function vitals(): Vitals {
  const loopDelayMs = { p99: delay.percentile(99) / 1e6, max: delay.max / 1e6 };
  globalThis.gc?.();
  const { rss, heapUsed, arrayBuffers } = process.memoryUsage();
  // What collecting took is not the frames' doing.
  delay.reset();
  const { sessions } = tide.stats();
  return { heldBytes: heapUsed + arrayBuffers, rssBytes: rss, sessions, loopDelayMs, errors, errorCount };
}

answer<FrameServerTalk>({
  listen: async () => {
    await once(server.listen({ port: 0, host: "127.0.0.1", backlog: 4_096 }), "listening");
    return { port: (server.address() as AddressInfo).port };
  },
  vitals,
  begin: () => {
    const handle = tide.channel(witness);
    const timer = setInterval(() => {
      published += 1;
      handle
        .publish(published)
        .catch((thrown: unknown) => log.error("a number was not published", { reason: String(thrown) }));
    }, publishEveryMs);
    stop = () => clearInterval(timer);
    return null;
  },
  end: () => {
    stop();
    return { published };
  },
});
