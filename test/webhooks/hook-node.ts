// A node that tells an endpoint what happens until it is killed: `hook-node.ts PORT FILE HOOK REDIS`.
import { createServer } from "node:http";
import { createClient } from "@redis/client";
import { defineChannel } from "@tidewire/protocol";
import { createTidewire } from "@tidewire/server";
import { redisEngine } from "@tidewire/server/redis";
import { sqliteEngine } from "@tidewire/server/sqlite";
import { createWebhooks } from "@tidewire/webhooks";
import { secret } from "./secret.ts";

const [port = "", file = "", url = "", redis = ""] = process.argv.slice(2);
const endpoint = { name: "test", url, secret, allowsHttp: true, allowsPrivate: true };
const webhooks = createWebhooks({ path: `${file}-webhooks`, endpoints: [endpoint] });
await webhooks.open();
const tide = createTidewire({
  channels: [defineChannel("public:{name}", { presence: true })],
  engine: redis === "" ? sqliteEngine({ path: file }) : redisEngine({ client: createClient({ url: redis }) }),
  mode: "development",
  access: { connect: ({ data }) => ({ user: String((data as { readonly user?: string } | undefined)?.user ?? "") }) },
  lifecycle: webhooks,
  webhooks,
});
const server = createServer();
tide.attach(server);
await tide.start();
server.listen(Number(port), "127.0.0.1", () => process.stdout.write("listening\n"));
