// The server that is attacked, in a process of its own, as it would stand in production. Argument: its options as JSON.
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createHistogram } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { defineChannel } from "@tidewire/protocol";
import { createTidewire } from "@tidewire/server";
import { answer } from "tidewire/bench";
import type { Look, VictimOptions, VictimTalk } from "./talk.ts";

const watchMs = 50;
const timerMs = 1;

const { limits, compression, headersMs, lookMs } = JSON.parse(process.argv[2] ?? "{}") as VictimOptions;
const crowd = defineChannel("crowd", { mode: "signal", presence: true });
const open = defineChannel("public:{name}", { history: { size: 1_000, ttlMs: 300_000 }, presence: true });
/** The bystanders': it keeps little, so that what is held is the attackers' doing. */
const calm = defineChannel("calm:{name}", { history: { size: 10, ttlMs: 300_000 } });
const tide = createTidewire({
  channels: [crowd, open, calm],
  mode: "production",
  access: { connect: () => ({ user: "" }) },
  origins: ["*"],
  trustProxy: ["127.0.0.1"],
  compression,
  limits,
});
const server = createServer({
  maxHeaderSize: 8_192,
  headersTimeout: headersMs,
  requestTimeout: 3 * headersMs,
  connectionsCheckingInterval: lookMs,
});
server.on("request", (_, response) => {
  if (!response.headersSent) response.writeHead(404).end();
});
tide.attach(server, { http: true });
await tide.start();

/** Between two turns of a timer, in nanoseconds. Node's own monitor counts the time in which it is disabled as one. */
const delay = createHistogram();
let turnedMs: number | null = null;
let isWatched = true;
setInterval(() => {
  const nowMs = performance.now();
  if (turnedMs !== null && isWatched) delay.record(Math.max(1, Math.round((nowMs - turnedMs) * 1e6)));
  turnedMs = isWatched ? nowMs : null;
}, timerMs).unref();
let peakRssBytes = 0;
setInterval(() => (peakRssBytes = Math.max(peakRssBytes, process.memoryUsage.rss())), watchMs).unref();

/** What a first collection finds to be closed is let go by a second one. */
const collections = 2;
const settleMs = 100;

async function look(): Promise<Look> {
  for (let run = 0; run < collections; run += 1) {
    await sleep(settleMs);
    // Buffers that are garbage are given back by a thread of V8's; the next collection waits for it.
    globalThis.gc?.();
    globalThis.gc?.();
  }
  const { heapUsed, external } = process.memoryUsage();
  return { heldBytes: heapUsed + external };
}

answer<VictimTalk>({
  listen: async () => {
    await once(server.listen({ port: 0, host: "127.0.0.1", backlog: 4_096 }), "listening");
    return { port: (server.address() as AddressInfo).port };
  },
  look,
  stats: () => tide.stats(),
  watch: () => {
    const rssBytes = process.memoryUsage.rss();
    const watched = { peakRssBytes, rssBytes, loopP99Ms: delay.percentile(99) / 1e6, loopMaxMs: delay.max / 1e6 };
    delay.reset();
    peakRssBytes = rssBytes;
    return watched;
  },
  watchLoop: (ask) => {
    ({ isWatched } = ask);
    return null;
  },
  publish: async ({ count, bytes }) => {
    const text = "x".repeat(bytes);
    for (let n = 0; n < count; n += 1) {
      await tide.channel(crowd).publish(text);
      if (n % 3 === 2) await new Promise((resolve) => void setImmediate(resolve));
    }
    return null;
  },
});
