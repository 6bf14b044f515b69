// Next's pages and Tidewire's sockets on one port: a custom server of Next, with Tidewire before it.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createTidewire } from "@tidewire/server";
import next from "next";
import { chat } from "./app/chat.ts";

const dev = process.argv.includes("--dev");
const port = Number(process.env["PORT"] ?? 3000);
const pages = next({ dev, hostname: "localhost", port });
await pages.prepare();
const handle = pages.getRequestHandler();

const server = createServer((request, response) => {
  handle(request, response).catch(console.error);
});

const tide = createTidewire({ channels: [chat] });
// Below a path of its own, since /api belongs to Next; with /tide/metrics, which this machine alone may read.
tide.attach(server, { path: "/tide", http: true });

server.listen(port, "localhost", () => {
  console.log(`http://localhost:${(server.address() as AddressInfo).port}`);
});

process.once("SIGTERM", () => {
  server.close();
  tide
    .stop({ drainMs: 1_000 })
    .then(() => pages.close())
    // Next's compiler goes on otherwise.
    .finally(() => dev && process.exit())
    .catch(console.error);
});
