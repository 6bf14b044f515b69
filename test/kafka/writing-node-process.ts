// A node whose channels are written into a topic, until it is killed: `writing-node-process.ts STORE PORT KEY BROKER TOPIC`, where
// STORE is a file or the address of a Redis. It says when it begins to write, and when it no longer does.
import { createServer } from "node:http";
import { createClient } from "@redis/client";
import { relayChannelsToKafka } from "@tidewire/bridges/kafka";
import { defineChannel } from "@tidewire/protocol";
import { createTidewire } from "@tidewire/server";
import { redisEngine } from "@tidewire/server/redis";
import { sqliteEngine } from "@tidewire/server/sqlite";
import { writersOf } from "./writers.ts";

const [store = "", port = "", apiKey = "", broker = "", topic = ""] = process.argv.slice(2);
const orders = defineChannel("orders:{id}", { history: { size: 100_000, ttlMs: 300_000 }, publishers: "server" });
const engine = store.startsWith("redis:")
  ? redisEngine({ client: createClient({ url: store }) })
  : sqliteEngine({ path: store });
const tide = createTidewire({ channels: [orders], engine, mode: "development", apiKey });
const server = createServer();
tide.attach(server, { http: true });
await tide.start();
const relay = relayChannelsToKafka({
  kafka: writersOf(broker),
  topic,
  histories: tide.histories,
  channels: ["orders:0", "orders:1"],
  pollMs: 20,
  takeoverMs: 8_000,
});
let wasWriting = false;
setInterval(() => {
  const { isWriting } = relay.stats();
  if (isWriting !== wasWriting) console.log(isWriting ? "writing" : "waiting");
  wasWriting = isWriting;
}, 20);
server.listen(Number(port), "127.0.0.1", () => console.log("listening"));
