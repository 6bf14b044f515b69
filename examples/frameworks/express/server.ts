// A chat beside Express: whoever its session says you are is who you are on every channel.
import { randomUUID } from "node:crypto";
import { createServer, IncomingMessage, ServerResponse } from "node:http";
import { type AddressInfo, Socket } from "node:net";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { defineChannel } from "@tidewire/protocol";
import { type ConnectRequest, createTidewire } from "@tidewire/server";
import express, { type Request, type Response } from "express";
import session from "express-session";

declare module "express-session" {
  interface SessionData {
    user: string;
  }
}

const sessions = session({
  secret: process.env["SESSION_SECRET"] ?? randomUUID(),
  resave: false,
  saveUninitialized: false,
  cookie: { httpOnly: true, sameSite: "lax" },
});

const app = express();
app.use(sessions);

app.get("/", (_request, response) => {
  response.sendFile(path.join(import.meta.dirname, "index.html"));
});

app.post("/login", express.urlencoded(), (request, response, next) => {
  const { name } = request.body as { name?: unknown };
  if (typeof name !== "string" || !/^\w{1,20}$/.test(name)) return void response.status(400).send("1 to 20 letters");
  // A new session for a new user: an old cookie, known to others, is worth nothing after it.
  request.session.regenerate((error?: unknown) => {
    if (error) return next(error);
    request.session.user = name;
    response.redirect("/");
  });
});

// The client without a build: its modules as they are, which the page's import map names.
const modules = {
  client: import.meta.resolve("@tidewire/client"),
  protocol: import.meta.resolve("@tidewire/protocol"),
};
for (const [name, door] of Object.entries(modules)) {
  app.use(`/modules/${name}`, express.static(fileURLToPath(new URL(".", door))));
}

/** Asks the middleware that the routes use; an upgrade brings the same cookie. */
function userOf({ headers, url }: ConnectRequest): Promise<string | undefined> {
  const request = Object.assign(new IncomingMessage(new Socket()), { headers, url }) as Request;
  const response = new ServerResponse(request) as Response;
  return new Promise((resolve, reject) => {
    sessions(request, response, (error?: unknown) => (error ? reject(error) : resolve(request.session.user)));
  });
}

const tide = createTidewire({
  channels: [defineChannel("chat:{room}", { presence: true })],
  access: {
    connect: async (request) => {
      const user = await userOf(request);
      return user === undefined ? null : { user };
    },
  },
});

const server = createServer(app);
tide.attach(server);

server.listen(Number(process.env["PORT"] ?? 3000), "localhost", () => {
  console.log(`http://localhost:${(server.address() as AddressInfo).port}`);
});

process.once("SIGTERM", () => {
  server.close();
  tide.stop({ drainMs: 1_000 }).catch(console.error);
});
