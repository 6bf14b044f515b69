// A worker: writes reports, a page a second, and tells how far it is.
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { createJobs, createWorker, httpPublisher } from "@tidewire/jobs";
import { embeddedStore } from "@tidewire/jobs/embedded";
import { report } from "./channels.ts";

const store = embeddedStore({ path: process.env["JOBS"] ?? "data/jobs.db" });
await store.open();
const publisher = httpPublisher({
  url: process.env["API"] ?? "http://localhost:9090/api",
  apiKey: process.env["TIDEWIRE_API_KEY"] ?? "a key for development",
});
const worker = createWorker({ jobs: createJobs({ store }), publisher });

worker.handle(report, async ({ pages }, job) => {
  for (let page = 1; page <= pages; page += 1) {
    await sleep(1_000, undefined, { signal: job.signal });
    await job.progress({ page });
  }
  return { words: pages * 250 };
});

worker.start();
console.log("waiting for work");
await once(process, "SIGTERM");
await worker.stop();
await store.close();
