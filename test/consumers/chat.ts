// A server and a client in one module: what is published is printed when it comes back.
import { once } from "node:events";
import { createServer, get, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { relayKafkaTopics } from "@tidewire/bridges/kafka";
import { relayPostgresOutbox } from "@tidewire/bridges/postgres";
import { createClient } from "@tidewire/client";
import { feedOf } from "@tidewire/client/feed";
import { latestOf } from "@tidewire/client/latest";
import { membersOf } from "@tidewire/client/members";
import { createFaultProxy } from "@tidewire/client/testing";
import { jobOf } from "@tidewire/client/job";
import { createJobs } from "@tidewire/jobs";
import { embeddedStore } from "@tidewire/jobs/embedded";
import { defineChannel } from "@tidewire/protocol";
import { createTidewire } from "@tidewire/server";
import { memoryEngine } from "@tidewire/server/memory";
import { sqliteEngine } from "@tidewire/server/sqlite";
import { createWebhooks } from "@tidewire/webhooks";
import { limitedServer } from "tidewire/host";

export const others = [
  jobOf,
  createJobs,
  embeddedStore,
  latestOf,
  createFaultProxy,
  sqliteEngine,
  limitedServer,
  createWebhooks,
];
export const bridges = [relayKafkaTopics, relayPostgresOutbox];

const chat = defineChannel("chat:{room}", { presence: true });
const server = createServer();
const tide = createTidewire({ channels: [chat], engine: memoryEngine() });
tide.attach(server, { http: true });
await once(server.listen(0, "127.0.0.1"), "listening");
const { port } = server.address() as AddressInfo;

// Java's client offers HTTP/2 with every request.
const offer = { Connection: "Upgrade, HTTP2-Settings", Upgrade: "h2c", "HTTP2-Settings": "AAMAAABk" };
const [answer] = (await once(get({ port, path: "/health/live", headers: offer }), "response")) as [IncomingMessage];
console.log(answer.resume().statusCode);

const client = createClient({ url: `ws://127.0.0.1:${port}/connection/websocket` });
const room = client.channel(chat, { room: "lobby" });
const [feed, members] = [feedOf(room, { keep: 10 }), membersOf(room)];
const heard = new Promise((resolve) => {
  feed.subscribe(() => void (feed.getSnapshot().publications.length > 0 && resolve(undefined)));
});
const joined = new Promise((resolve) => {
  members.subscribe(() => void (members.getSnapshot().count > 0 && resolve(undefined)));
});
client.connect();
await joined;
await room.publish("hello");
await heard;
console.log(
  feed
    .getSnapshot()
    .publications.map(({ data }) => data)
    .join(),
);

// @ts-expect-error The parameter is called room: the types came along.
if (process.argv.length > 99) client.channel(chat, { name: "lobby" });

client.close();
await tide.stop({ drainMs: 0 });
server.close();
