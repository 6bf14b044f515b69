// A process that orders jobs as fast as they are acked, says each one, and is killed in the middle of more.
import { defineJob } from "@tidewire/protocol";
import { embeddedStore } from "../src/embedded/embedded-store.ts";
import { createJobs } from "../src/jobs.ts";

const store = embeddedStore({ path: process.argv[2] ?? "" });
await store.open();
const jobs = createJobs({ store });
const slow = defineJob("slow");

async function order(): Promise<void> {
  for (;;) console.log((await jobs.enqueue(slow, null)).id);
}

await Promise.all(Array.from({ length: 20 }, order));
