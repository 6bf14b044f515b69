// A chat on Node's own HTTP server: a page, and a channel that its plain WebSocket opens.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { defineChannel } from "@tidewire/protocol";
import { createTidewire } from "@tidewire/server";

const page = await readFile(new URL("index.html", import.meta.url));

const server = createServer((request, response) => {
  if (request.url === "/") response.setHeader("content-type", "text/html; charset=utf-8").end(page);
  else response.writeHead(404).end("Nothing here.\n");
});

const tide = createTidewire({ channels: [defineChannel("lobby")] });
tide.attach(server);

server.listen(Number(process.env["PORT"] ?? 3000), "localhost", () => {
  console.log(`http://localhost:${(server.address() as AddressInfo).port}`);
});

process.once("SIGTERM", () => {
  server.close();
  tide.stop({ drainMs: 1_000 }).catch(console.error);
});
