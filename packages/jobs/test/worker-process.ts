// A worker in a process of its own, on the store of a test; it says what it does, and is killed without warning.
import { defineJob } from "@tidewire/protocol";
import { embeddedStore } from "../src/embedded/embedded-store.ts";
import { createJobs } from "../src/jobs.ts";
import { createWorker } from "../src/worker.ts";

const [, , path = "", leaseMs = "", workMs = ""] = process.argv;
const store = embeddedStore({ path });
await store.open();
const worker = createWorker({ jobs: createJobs({ store }), concurrency: 8, leaseMs: Number(leaseMs), pollMs: 50 });
worker.handle(defineJob("slow"), async (_, { id }) => {
  console.log(`begun ${id}`);
  await new Promise((resolve) => setTimeout(resolve, Number(workMs)));
  console.log(`ended ${id}`);
});
worker.start();
