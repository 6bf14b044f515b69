// The server that is soaked, in a process of its own, which tells what it holds. Arguments: the database's file, the limit of a tail in bytes.
import { once } from "node:events";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { createTidewire } from "@tidewire/server";
import { sqliteEngine } from "@tidewire/server/sqlite";
import { answer } from "tidewire/bench";
import { channels } from "./channels.ts";
import { CountingClock } from "./counting-clock.ts";
import { CpuWatch } from "./cpu-watch.ts";
import { Published } from "./published.ts";
import type { Held, SoakServerTalk } from "./talk.ts";

// A signal to the whole group is for the soak alone, which ends this process when it has asked for the figures.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => undefined);

const most = 1_000_000;
/** What the collector finds may be given back a moment later. */
const settleMs = 100;
const collections = 2;
const isLinux = process.platform === "linux";

const [path = "", tailBytes = ""] = process.argv.slice(2);
const clock = new CountingClock();
const server = createServer();
const tide = createTidewire({
  channels,
  clock,
  engine: sqliteEngine({ path, clock }),
  // With the rates of production: their buckets are held as well.
  mode: "production",
  access: { connect: ({ data }) => ({ user: String(data), info: { name: String(data) } }) },
  limits: {
    connections: most,
    connectionsPerAddress: most,
    newPerAddressPerSecond: most,
    tailBytes: Number(tailBytes),
  },
});
tide.attach(server);
await tide.start();

const delays = monitorEventLoopDelay({ resolution: 20 });
delays.enable();
const cpu = new CpuWatch();
const published = new Published(tide);

async function hold(): Promise<Held> {
  const [loopP99Ms, loopMaxMs, cpuShare] = [delays.percentile(99) / 1e6, delays.max / 1e6, cpu.share()];
  for (let run = 0; run < collections; run += 1) {
    globalThis.gc?.();
    await sleep(settleMs);
  }
  const { rss, heapTotal, heapUsed, external, arrayBuffers } = process.memoryUsage();
  const { connections, sessions, channels: open, subscriptions } = tide.stats();
  const resources: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) resources[kind] = (resources[kind] ?? 0) + 1;
  const held: Held = {
    rssBytes: rss,
    anonymousBytes: anonymous(),
    heapTotalBytes: heapTotal,
    heapUsedBytes: heapUsed,
    externalBytes: external,
    arrayBuffersBytes: arrayBuffers,
    descriptors: descriptors(),
    resources,
    connections,
    sessions,
    channels: open,
    subscriptions,
    timers: clock.waiting,
    databaseBytes: ["", "-wal"].reduce((sum, suffix) => sum + sizeOf(path + suffix), 0),
    loopP99Ms,
    loopMaxMs,
    cpuShare,
  };
  // Its own collections are none of the server's.
  delays.reset();
  return held;
}

function descriptors(): number | null {
  return isLinux ? readdirSync("/proc/self/fd").length : null;
}

function anonymous(): number | null {
  const kilobytes = isLinux ? /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1] : undefined;
  return kilobytes === undefined ? null : Number(kilobytes) * 1_024;
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

answer<SoakServerTalk>({
  listen: async () => {
    await once(server.listen({ port: 0, host: "127.0.0.1", backlog: 4_096 }), "listening");
    return { port: (server.address() as AddressInfo).port, pid: process.pid };
  },
  publish: ({ perSecond }) => {
    published.begin(perSecond);
    return null;
  },
  hold,
  end: () => published.end(),
});
