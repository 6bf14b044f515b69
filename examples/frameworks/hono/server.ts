// A chat beside Hono: a route signs a token, and the token says who you are on every channel.
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { Server } from "node:http";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { serve } from "@hono/node-server";
import { serveStatic } from "@hono/node-server/serve-static";
import { defineChannel } from "@tidewire/protocol";
import { createTidewire } from "@tidewire/server";
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { sign } from "hono/jwt";

const secret = process.env["TOKEN_SECRET"] ?? randomBytes(32).toString("hex");
const page = await readFile(path.join(import.meta.dirname, "index.html"), "utf8");

const app = new Hono();
app.get("/", (context) => context.html(page));

// Where your own login says who asks; here anybody may be anybody.
app.post("/token", bodyLimit({ maxSize: 1000 }), async (context) => {
  const { name } = await context.req.parseBody();
  if (typeof name !== "string" || !/^\w{1,20}$/.test(name)) return context.text("1 to 20 letters", 400);
  const inTenMinutes = Math.floor(Date.now() / 1000) + 600;
  return context.text(await sign({ sub: name, exp: inTenMinutes }, secret, "HS256"));
});

// The client without a build: its modules as they are, which the page's import map names.
const modules = {
  client: import.meta.resolve("@tidewire/client"),
  protocol: import.meta.resolve("@tidewire/protocol"),
};
for (const [name, door] of Object.entries(modules)) {
  const root = fileURLToPath(new URL(".", door));
  const rewriteRequestPath = (url: string): string => url.replace(`/modules/${name}`, "");
  app.use(`/modules/${name}/*`, serveStatic({ root, rewriteRequestPath }));
}

const tide = createTidewire({ channels: [defineChannel("chat:{room}")], tokens: { secret } });

const port = Number(process.env["PORT"] ?? 3000);
const server = serve({ fetch: app.fetch, port, hostname: "localhost" }, (address) => {
  console.log(`http://localhost:${address.port}`);
});
// HTTP/2 is served by Hono only when it is asked for.
tide.attach(server as Server);

process.once("SIGTERM", () => {
  server.close();
  tide.stop({ drainMs: 1_000 }).catch(console.error);
});
