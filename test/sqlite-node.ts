// A process that serves one stream channel from a SQLite file until it is killed: `sqlite-node.ts FILE PORT LIMITS`.
import { createServer } from "node:http";
import { defineChannel } from "@tidewire/protocol";
import { createTidewire, type Limits } from "@tidewire/server";
import { sqliteEngine } from "@tidewire/server/sqlite";

const [path = "", port = "", limits = "{}"] = process.argv.slice(2);
const stream = defineChannel("public:{name}", { history: { size: 100_000, ttlMs: 300_000 }, presence: true });
const tide = createTidewire({
  channels: [stream],
  engine: sqliteEngine({ path }),
  mode: "development",
  limits: JSON.parse(limits) as Partial<Limits>,
});
const server = createServer();
tide.attach(server);
await tide.start();
// Thousands may come at once.
const address = { port: Number(port), host: "127.0.0.1", backlog: 4_096 };
server.listen(address, () => process.stdout.write("listening\n"));
