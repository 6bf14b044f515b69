// A node that tells an endpoint what happens until it is killed: `hook-node.ts PORT FILE HOOK STORE`.
import { createServer } from "node:http";
import { createClient } from "@redis/client";
import { defineChannel } from "@tidewire/protocol";
import { createTidewire } from "@tidewire/server";
import { natsEngine } from "@tidewire/server/nats";
import { redisEngine } from "@tidewire/server/redis";
import { sqliteEngine } from "@tidewire/server/sqlite";
import { createWebhooks } from "@tidewire/webhooks";
import { connecting } from "../services/nats-client.ts";
import { secret } from "./secret.ts";

const [port = "", file = "", url = "", store = ""] = process.argv.slice(2);
/** What nodes share; each has a file of its own where that is nothing. */
const engine = store.startsWith("nats:")
  ? natsEngine({ connect: connecting(store) })
  : store === ""
    ? sqliteEngine({ path: file })
    : redisEngine({ client: createClient({ url: store }) });
const endpoint = { name: "test", url, secret, allowsHttp: true, allowsPrivate: true };
const webhooks = createWebhooks({ path: `${file}-webhooks`, endpoints: [endpoint] });
await webhooks.open();
const tide = createTidewire({
  channels: [defineChannel("public:{name}", { presence: true })],
  engine,
  mode: "development",
  access: { connect: ({ data }) => ({ user: String((data as { readonly user?: string } | undefined)?.user ?? "") }) },
  lifecycle: webhooks,
  webhooks,
});
const server = createServer();
tide.attach(server);
await tide.start();
server.listen(Number(port), "127.0.0.1", () => process.stdout.write("listening\n"));
