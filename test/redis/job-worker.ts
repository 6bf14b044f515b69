// A worker process on BullMQ for the tests that kill it: it says what it begins and ends, and returns who it is.
import * as library from "bullmq";
import { createClient } from "@redis/client";
import { createJobs, createWorker } from "@tidewire/jobs";
import { bullmqStore } from "@tidewire/jobs/bullmq";
import { defineJob } from "@tidewire/protocol";

const [, , url = "", leaseMs = "", workMs = ""] = process.argv;
const store = bullmqStore({ library, client: createClient({ url }) });
await store.open();
const worker = createWorker({ jobs: createJobs({ store }), concurrency: 8, leaseMs: Number(leaseMs), pollMs: 50 });
worker.handle(defineJob("slow"), async (_, { id }) => {
  console.log(`begun ${id}`);
  await new Promise((resolve) => setTimeout(resolve, Number(workMs)));
  console.log(`ended ${id}`);
});
worker.start();
