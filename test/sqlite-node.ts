// A process that serves one stream channel from a SQLite file until it is killed: `sqlite-node.ts FILE PORT`.
import { createServer } from "node:http";
import { defineChannel } from "@tidewire/protocol";
import { createTidewire } from "@tidewire/server";
import { sqliteEngine } from "@tidewire/server/sqlite";

const [path = "", port = ""] = process.argv.slice(2);
const stream = defineChannel("public:{name}", { history: { size: 100_000, ttlMs: 300_000 }, presence: true });
const tide = createTidewire({ channels: [stream], engine: sqliteEngine({ path }), mode: "development" });
const server = createServer();
tide.attach(server);
await tide.start();
server.listen(Number(port), "127.0.0.1", () => process.stdout.write("listening\n"));
