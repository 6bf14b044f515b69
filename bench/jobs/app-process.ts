// The application of the bench of jobs: it orders, and hears of progress and ends, as BullMQ's QueueEvents or as a server with the jobs' channels.
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import * as library from "bullmq";
import { createClient } from "@redis/client";
import { createJobs } from "@tidewire/jobs";
import { embeddedStore } from "@tidewire/jobs/embedded";
import { rabbitmqKeeper } from "@tidewire/jobs/rabbitmq";
import { defineJob, jobChannel } from "@tidewire/protocol";
import { createTidewire } from "@tidewire/server";
import { answer } from "tidewire/bench";
import { connecting, storeAt } from "../torture-jobs/stores.ts";
import { storeOf } from "./places.ts";
import { apiKey, type AppTalk, cpuSeconds, inputOf, queueName, type Site } from "./talk.ts";

interface App {
  readonly port: number;
  order(n: number): Promise<unknown>;
  hear(jobs: number): Promise<void>;
  progress(): number;
}

async function bullmq({ url }: Site): Promise<App> {
  const connection = library.createNodeRedisClient(createClient({ url }));
  const queue = new library.Queue(queueName, { connection });
  const events = new library.QueueEvents(queueName, {
    connection: library.createNodeRedisClient(createClient({ url })),
  });
  let [ends, told, wanted] = [0, 0, Infinity];
  let heard: () => void = () => undefined;
  events.on("progress", () => (told += 1));
  events.on("completed", () => {
    ends += 1;
    if (ends >= wanted) heard();
  });
  await events.waitUntilReady();
  return {
    port: 0,
    order: (n) => queue.add(queueName, inputOf(n)),
    hear: (jobs) =>
      new Promise((resolve) => {
        [wanted, heard] = [jobs, resolve];
        if (ends >= jobs) resolve();
      }),
    progress: () => told,
  };
}

/** A worker is done when everything is told, and what it has told is here. */
async function tidewire(site: Site): Promise<App> {
  if (site.contestant === "tidewire on rabbitmq") {
    const store = embeddedStore({ path: site.path });
    await store.open();
    await rabbitmqKeeper({ connect: connecting(site.url), store }).open();
  }
  const store = storeAt(storeOf(site));
  await store.open();
  const jobs = createJobs({ store });
  const report = defineJob(queueName);
  const ids: string[] = [];
  const tide = createTidewire({ channels: [jobChannel], apiKey, mode: "development" });
  const server = createServer();
  tide.attach(server, { http: true });
  await tide.start();
  await once(server.listen(0, "127.0.0.1"), "listening");
  let told = 0;
  return {
    port: (server.address() as AddressInfo).port,
    order: async (n) => void ids.push((await jobs.enqueue(report, inputOf(n), { owner: "anna" })).id),
    // Each has to have its end here, and its progress is counted on the way.
    hear: async (wanted) => {
      let ends = 0;
      for (const id of ids) {
        for (const { data } of await tide.channel(jobChannel, { id }).history(10)) {
          told += data.kind === "progress" ? 1 : 0;
          ends += data.kind === "done" ? 1 : 0;
        }
      }
      if (ends !== wanted) throw new Error(`${wanted} ends were expected to be told, got ${ends}`);
    },
    progress: () => told,
  };
}

let app: App | null = null;
const opened = (): App => {
  if (app === null) throw new TypeError("an application that is open was expected");
  return app;
};

answer<AppTalk>({
  open: async (site) => {
    app = await (site.contestant === "bullmq" ? bullmq(site) : tidewire(site));
    return app.port;
  },
  order: async ({ jobs, atOnce }) => {
    const shop = opened();
    let next = 0;
    const hands = Array.from({ length: atOnce }, async () => {
      while (next < jobs) {
        next += 1;
        await shop.order(next);
      }
    });
    await Promise.all(hands);
    return null;
  },
  hear: async ({ jobs }) => {
    await opened().hear(jobs);
    return null;
  },
  progress: () => opened().progress(),
  cpu: () => cpuSeconds(),
});
