// Express and its routes, and Tidewire on the same server.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { createTidewire } from "@tidewire/server";
import express from "express";
import { chat } from "./channels.ts";

const tide = createTidewire({ channels: [chat] });
const app = express();

app.use(express.static(path.join(import.meta.dirname, "public")));

// What was said in the lobby of late, for whoever has no WebSocket.
app.get("/lines", async (_request, response) => {
  const said = await tide.channel(chat, { room: "lobby" }).history(20);
  response.json(said.map(({ data }) => data));
});

// The client without a build: its modules as they are, which the page's import map names.
const modules = {
  client: import.meta.resolve("@tidewire/client"),
  protocol: import.meta.resolve("@tidewire/protocol"),
};
for (const [name, door] of Object.entries(modules)) {
  app.use(`/modules/${name}`, express.static(fileURLToPath(new URL(".", door))));
}

const server = createServer(app);
tide.attach(server);

server.listen(Number(process.env["PORT"] ?? 3000), "localhost", () => {
  console.log(`http://localhost:${(server.address() as AddressInfo).port}`);
});

process.once("SIGTERM", () => {
  server.close();
  // Sends the pages away within a second, one after the other. A crowd wants longer, by default half a minute.
  tide.stop({ drainMs: 1_000 }).catch(console.error);
});
