// A server with one channel: what one sends there, all receive.
import { createServer } from "node:http";
import { defineChannel } from "@tidewire/protocol";
import { createTidewire } from "@tidewire/server";

const lobby = defineChannel("lobby", { mode: "signal", presence: true });

const port = Number(process.env["PORT"] ?? 8080);
const server = createServer((_request, response) => {
  response.end("Hello from your own routes.\n");
});
const tide = createTidewire({ channels: [lobby], greetings: { lobby: "Welcome to the lobby." } });

tide.attach(server);
server.listen(port, "127.0.0.1", () => console.log(`listening on http://localhost:${port}`));
