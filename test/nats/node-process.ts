// A process that serves one channel and one source from a NATS until it is killed: `node-process.ts URL NAME`. It says its port.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { defineChannel } from "@tidewire/protocol";
import { createTidewire } from "@tidewire/server";
import { natsEngine } from "@tidewire/server/nats";
import { connecting } from "../services/nats-client.ts";

const [url = "", nodeName = ""] = process.argv.slice(2);
const open = defineChannel("public:{name}", { history: { size: 100_000, ttlMs: 300_000 }, presence: true });
const feed = defineChannel("feed", { history: { size: 100_000, ttlMs: 300_000 } });
const tide = createTidewire({
  channels: [open, feed],
  engine: natsEngine({ connect: connecting(url) }),
  mode: "development",
  apiKey: "0123456789abcdef",
  nodeName,
});
tide.source(feed, async function* ({ signal, sleep }) {
  while (!signal.aborted) {
    yield nodeName;
    await sleep(50);
  }
});
const server = createServer();
tide.attach(server, { http: true });
await tide.start();
server.listen(0, "127.0.0.1", () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`));
