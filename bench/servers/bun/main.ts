// A server on Bun, which broadcasts by its own publish. Run by Bun alone; asked by lines of JSON.
import { setTimeout as sleep } from "node:timers/promises";
import { dlopen, ptr } from "bun:ffi";
import { answer, publishAll, type ServerTalk } from "tidewire/bench";

const everybody = "bench";
const clockMonotonic = 1;
const settleMs = 100;

// Bun's own counts from the start of the process; the load generator's is the machine's.
const libc = dlopen("libc.so.6", { clock_gettime: { args: ["int", "ptr"], returns: "int" } });
const now = new BigInt64Array(2);
const nowAt = ptr(now);
const hrtime = (): [number, number] => {
  libc.symbols.clock_gettime(clockMonotonic, nowAt);
  return [Number(now[0]), Number(now[1])];
};
process.hrtime = Object.assign(hrtime, { bigint: () => BigInt(hrtime()[0]) * 1_000_000_000n + (now[1] ?? 0n) });

let publish: (data: string) => void = () => undefined;
let cpu = process.cpuUsage();
let begunMs = performance.now();

answer<ServerTalk>({
  listen: ({ port }) => {
    const server = Bun.serve({
      hostname: "127.0.0.1",
      port,
      fetch: (request, serving) =>
        serving.upgrade(request) ? undefined : new Response("expected an upgrade", { status: 426 }),
      websocket: { open: (socket) => socket.subscribe(everybody), message: () => undefined },
    });
    publish = (data) => void server.publish(everybody, data);
    return { host: "127.0.0.1", port: server.port };
  },
  memory: async () => {
    Bun.gc(true);
    await sleep(settleMs);
    // What waits for its sockets cannot be seen.
    return { rssBytes: process.memoryUsage.rss(), unsentBytes: null, fullSockets: null };
  },
  begin: () => {
    begunMs = performance.now();
    cpu = process.cpuUsage();
    return null;
  },
  publish: (load) => publishAll(load, (payload) => publish(JSON.stringify(payload))),
  end: () => {
    const { user, system } = process.cpuUsage(cpu);
    return { cpuUs: user + system, wallUs: (performance.now() - begunMs) * 1_000, loopP99Ms: null };
  },
});
