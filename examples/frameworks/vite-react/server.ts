// The server, on a port of its own. Beyond this machine it wants `origins`, the page's address, and a `connect` rule.
import { createServer } from "node:http";
import { createTidewire } from "@tidewire/server";
import { chat } from "./src/chat.ts";

const server = createServer((_request, response) => void response.writeHead(404).end());
const tide = createTidewire({ channels: [chat] });
tide.attach(server);
server.listen(Number(process.env["PORT"] ?? 8080), "localhost");

process.once("SIGTERM", () => {
  server.close();
  tide.stop({ drainMs: 1_000 }).catch(console.error);
});
