// The same server, which takes orders for work that others do.
import { randomInt } from "node:crypto";
import { createServer } from "node:http";
import { createClient } from "@redis/client";
import { createJobs, ownerRule } from "@tidewire/jobs";
import { embeddedStore } from "@tidewire/jobs/embedded";
import { jobChannel } from "@tidewire/protocol";
import { createTidewire, every } from "@tidewire/server";
import { redisEngine } from "@tidewire/server/redis";
import { lobby, numbers, orderReport, report } from "./channels.ts";

const port = Number(process.env["PORT"] ?? 8080);
const redis = createClient({ url: process.env["REDIS"] ?? "redis://localhost:6379" });
const store = embeddedStore({ path: process.env["JOBS"] ?? "data/jobs.db" });
await store.open();
const jobs = createJobs({ store });
const mayWatch = ownerRule(jobs);
const server = createServer((_request, response) => {
  response.end("Hello from your own routes.\n");
});
const tide = createTidewire({
  channels: [lobby, numbers, jobChannel],
  greetings: { lobby: "Welcome to the lobby." },
  engine: redisEngine({ client: redis }),
  apiKey: process.env["TIDEWIRE_API_KEY"] ?? "a key for development",
  access: {
    // Yours asks a session cookie or a token; this one believes whatever name it is told.
    connect: ({ data }) => ({ user: (data as { user?: string } | null)?.user ?? "" }),
    subscribe: (context) => mayWatch(context) ?? true,
  },
});

tide.source(
  numbers,
  every(1_000, () => randomInt(1, 11)),
);
tide.handle(orderReport, async (input, { user }) => {
  const { id } = await jobs.enqueue(report, input, { owner: user });
  return { id };
});
tide.attach(server, { http: true });
await tide.start();
server.listen(port, "127.0.0.1", () => console.log(`listening on http://localhost:${port}`));
