// The same server on a log that several of it share.
import { randomInt } from "node:crypto";
import { createServer } from "node:http";
import { createClient } from "@redis/client";
import { createTidewire, every } from "@tidewire/server";
import { redisEngine } from "@tidewire/server/redis";
import { lobby, numbers } from "./channels.ts";

const port = Number(process.env["PORT"] ?? 8080);
const redis = createClient({ url: process.env["REDIS"] ?? "redis://localhost:6379" });
const server = createServer((_request, response) => {
  response.end("Hello from your own routes.\n");
});
const tide = createTidewire({
  channels: [lobby, numbers],
  greetings: { lobby: "Welcome to the lobby." },
  engine: redisEngine({ client: redis }),
});

tide.source(
  numbers,
  every(1_000, () => randomInt(1, 11)),
);
tide.attach(server);
await tide.start();
server.listen(port, "127.0.0.1", () => console.log(`listening on http://localhost:${port}`));
