// A chat beside Fastify: an ordinary route publishes what it has validated, and pages listen to the channel.
import { readFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { defineChannel } from "@tidewire/protocol";
import { createTidewire } from "@tidewire/server";
import { fastify } from "fastify";

interface Line {
  readonly author: string;
  readonly text: string;
}

const lobby = defineChannel("lobby", { publishers: "server" });
const tide = createTidewire({ channels: [lobby] });
const app = fastify();
const page = await readFile(path.join(import.meta.dirname, "index.html"));

app.get("/", (_request, reply) => reply.type("text/html; charset=utf-8").send(page));

const body = {
  type: "object",
  required: ["author", "text"],
  additionalProperties: false,
  properties: {
    author: { type: "string", pattern: "^\\w{1,20}$" },
    text: { type: "string", minLength: 1, maxLength: 1000 },
  },
};
app.post<{ Body: Line }>("/lines", { schema: { body } }, async (request, reply) => {
  await tide.channel(lobby).publish(request.body);
  return reply.code(204).send();
});

// Fastify has made its server already.
tide.attach(app.server);
// Before it waits for requests that are under way: a stream to a page never ends by itself.
app.addHook("preClose", () => tide.stop({ drainMs: 1_000 }));

await app.listen({ port: Number(process.env["PORT"] ?? 3000), host: "localhost" });
console.log(`http://localhost:${(app.server.address() as AddressInfo).port}`);

process.once("SIGTERM", () => {
  app.close().catch(console.error);
});
