// A server that speaks too: a number from 1 to 10 every second, while somebody listens.
import { randomInt } from "node:crypto";
import { createServer } from "node:http";
import { createTidewire, every } from "@tidewire/server";
import { lobby, numbers } from "./channels.ts";

const port = Number(process.env["PORT"] ?? 8080);
const server = createServer((_request, response) => {
  response.end("Hello from your own routes.\n");
});
const tide = createTidewire({ channels: [lobby, numbers], greetings: { lobby: "Welcome to the lobby." } });

tide.source(
  numbers,
  every(1_000, () => randomInt(1, 11)),
);
tide.attach(server);
server.listen(port, "127.0.0.1", () => console.log(`listening on http://localhost:${port}`));
