// A process that serves orders from a SQLite file, with the server API, until it is killed: `bridged-node-process.ts FILE PORT KEY`.
import { createServer } from "node:http";
import { defineChannel } from "@tidewire/protocol";
import { createTidewire } from "@tidewire/server";
import { sqliteEngine } from "@tidewire/server/sqlite";

const [path = "", port = "", apiKey = ""] = process.argv.slice(2);
const orders = defineChannel("orders:{id}", { history: { size: 100_000, ttlMs: 300_000 }, publishers: "server" });
const tide = createTidewire({ channels: [orders], engine: sqliteEngine({ path }), mode: "development", apiKey });
const server = createServer();
tide.attach(server, { http: true });
await tide.start();
server.listen(Number(port), "127.0.0.1", () => console.log("listening"));
