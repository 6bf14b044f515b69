// A worker process far from the server: it takes jobs from the store's file and tells of them through the server API.
import { createJobs, createWorker, httpPublisher } from "@tidewire/jobs";
import { embeddedStore } from "@tidewire/jobs/embedded";
import { report } from "./job-definitions.ts";

const [, , path = "", url = "", apiKey = "", stuckAt = ""] = process.argv;
const store = embeddedStore({ path });
await store.open();
const worker = createWorker({
  jobs: createJobs({ store }),
  publisher: httpPublisher({ url, apiKey }),
  leaseMs: 1_000,
  pollMs: 50,
});
worker.handle(report, async ({ pages }, job) => {
  for (let page = 1; page <= pages; page += 1) {
    await job.progress({ page });
    if (page !== Number(stuckAt)) continue;
    console.log("stuck");
    await new Promise(() => undefined);
  }
  return { words: pages * 250 };
});
worker.start();
console.log("started");
