// A node of the torture, until it is killed or told to stop: `node-process.ts {"name":…,"host":…,"port":…,"store":…}`.
import { createServer } from "node:http";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { createClient } from "@redis/client";
import { defineChannel } from "@tidewire/protocol";
import { createTidewire, type Log, type LogFields } from "@tidewire/server";
import { localEngine } from "@tidewire/server/local";
import { type NatsClient, natsEngine } from "@tidewire/server/nats";
import { redisEngine } from "@tidewire/server/redis";
import { apiKey, historyPage, type NodeOptions } from "./node-options.ts";
import type { StoreAddress } from "./stores.ts";

const { name, host, port, store } = JSON.parse(process.argv[2] ?? "") as NodeOptions;

const write = (level: string) => (message: string, fields?: LogFields) =>
  void process.stdout.write(`${new Date().toISOString()} ${level} ${message} ${JSON.stringify(fields ?? {})}\n`);
const log: Log = { debug: () => undefined, info: write("info"), warn: write("warn"), error: write("error") };

async function connected(urls: readonly string[]): Promise<NatsClient> {
  const patience = { maxReconnectAttempts: -1, reconnectTimeWait: 100, pingInterval: 2_000, maxPingOut: 2 };
  const connection = await connect({ servers: [...urls], ...patience, noAsyncTraces: true });
  return {
    connection,
    jetstream: jetstream(connection),
    manager: await jetstreamManager(connection, { checkAPI: false }),
  };
}

function engineOf(address: StoreAddress): NonNullable<Parameters<typeof createTidewire>[0]["engine"]> {
  switch (address.kind) {
    case "redis":
      return redisEngine({ client: createClient({ url: address.url }), durable: address.isDurable, log });
    case "sentinels": {
      const clients = address.urls.map((url) => createClient({ url }));
      // Nobody is at its own address.
      return redisEngine({
        client: createClient({ url: "redis://127.0.0.1:1" }),
        sentinel: { name: address.name, clients },
        log,
      });
    }
    case "nats":
      return natsEngine({ connect: () => connected(address.urls), log });
    case "local":
      return localEngine({ path: address.path, log });
  }
}

// Nothing of it is forgotten while it runs, and not for a clock that is set an hour ahead.
const stream = defineChannel("public:{name}", { history: { size: 1_000_000, ttlMs: 36 * 3_600_000 }, presence: true });
const limits = {
  pingIntervalMs: 3_000,
  pongTimeoutMs: 2_000,
  drainMs: 1_500,
  publishesPerSecond: 5_000,
  publishBurst: 10_000,
  userPublishesPerSecond: 50_000,
  userPublishBurst: 50_000,
  historyPublications: historyPage,
};
const tide = createTidewire({
  channels: [stream],
  engine: engineOf(store),
  nodeName: name,
  mode: "development",
  apiKey,
  limits,
  log,
});
const server = createServer();
tide.attach(server, { http: true });
await tide.start();
// Thousands may come at once.
server.listen({ port, host, backlog: 4_096 }, () => process.stdout.write("listening\n"));
process.once("SIGTERM", () => {
  tide
    .stop()
    .then(() => process.exit(0))
    .catch(() => process.exit(1));
});
