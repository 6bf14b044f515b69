// A chat beside Koa: whoever its signed cookie names is who you are on every channel.
import { randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { createServer, IncomingMessage, ServerResponse } from "node:http";
import { type AddressInfo, Socket } from "node:net";
import path from "node:path";
import { text } from "node:stream/consumers";
import { defineChannel } from "@tidewire/protocol";
import { type ConnectRequest, createTidewire } from "@tidewire/server";
import Koa from "koa";

const app = new Koa({ keys: [process.env["COOKIE_KEY"] ?? randomUUID()] });

app.use(async (context, next) => {
  if (context.method !== "GET" || context.path !== "/") return void (await next());
  context.type = "html";
  context.body = createReadStream(path.join(import.meta.dirname, "index.html"));
});

app.use(async (context, next) => {
  if (context.method !== "POST" || context.path !== "/login") return void (await next());
  if ((context.request.length ?? Infinity) > 1000) context.throw(413);
  const name = new URLSearchParams(await text(context.req)).get("name");
  if (name === null || !/^\w{1,20}$/.test(name)) context.throw(400, "1 to 20 letters");
  context.cookies.set("user", name, { signed: true, httpOnly: true, sameSite: "lax" });
  context.redirect("/");
});

// The client without a build: its modules as they are, which the page's import map names.
const doors = {
  client: import.meta.resolve("@tidewire/client"),
  protocol: import.meta.resolve("@tidewire/protocol"),
};
app.use((context) => {
  const { name, file } = /^\/modules\/(?<name>client|protocol)\/(?<file>[\w/-]+\.js)$/.exec(context.path)?.groups ?? {};
  if (file === undefined) return;
  context.type = "js";
  context.body = createReadStream(new URL(file, doors[name as keyof typeof doors]));
});

/** Reads the cookie as the routes do; an upgrade brings the same one. */
function userOf({ headers, url }: ConnectRequest): string | undefined {
  const request = Object.assign(new IncomingMessage(new Socket()), { headers, url });
  return app.createContext(request, new ServerResponse(request)).cookies.get("user", { signed: true });
}

const tide = createTidewire({
  channels: [defineChannel("chat:{room}")],
  access: {
    connect: (request) => {
      const user = userOf(request);
      return user === undefined ? null : { user };
    },
  },
});

const answer = app.callback();
const server = createServer((request, response) => {
  answer(request, response).catch(console.error);
});
tide.attach(server);

server.listen(Number(process.env["PORT"] ?? 3000), "localhost", () => {
  console.log(`http://localhost:${(server.address() as AddressInfo).port}`);
});

process.once("SIGTERM", () => {
  server.close();
  tide.stop({ drainMs: 1_000 }).catch(console.error);
});
