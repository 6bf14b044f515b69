// The server of the torture, until it is killed: takes orders by call, and shows each job to its owner. `server-process.ts {"store":…,"port":…,"log":…}`
import { createServer } from "node:http";
import { createJobs, ownerRule } from "@tidewire/jobs";
import { jobChannel } from "@tidewire/protocol";
import { createTidewire } from "@tidewire/server";
import { sqliteEngine } from "@tidewire/server/sqlite";
import { apiKey, attempts, fateOf, orderWork, work } from "./job.ts";
import { type StoreAddress, storeAt } from "./stores.ts";

export interface ServerOptions {
  readonly store: StoreAddress;
  readonly port: number;
  /** The file of what is published. */
  readonly log: string;
}

const { store: address, port, log } = JSON.parse(process.argv[2] ?? "") as ServerOptions;
const store = storeAt(address);
await store.open();
const jobs = createJobs({ store });
const mayWatch = ownerRule(jobs);
const tide = createTidewire({
  channels: [jobChannel],
  engine: sqliteEngine({ path: log }),
  mode: "development",
  apiKey,
  limits: { channelsPerConnection: 5_000 },
  access: {
    connect: ({ data }) => ({ user: (data as { user: string }).user }),
    subscribe: (context) => mayWatch(context) ?? true,
  },
});
tide.handle(orderWork, async ({ order, isKeyed }, { user }) => {
  const key = isKeyed ? ({ key: `order ${order}`, keyHolds: "kept" } as const) : {};
  const tries = { attempts: fateOf(order) === "dead letter" ? 3 : attempts, firstDelayMs: 20, longestDelayMs: 100 };
  const { id } = await jobs.enqueue(work, { order }, { owner: user, ...key, ...tries });
  return { id };
});
const server = createServer();
tide.attach(server, { http: true });
await tide.start();
server.listen({ port, host: "127.0.0.1" }, () => process.stdout.write("serves\n"));
