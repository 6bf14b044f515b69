// A worker that counts transfers, by the minute.
import { createWorker } from "@tidewire/jobs";
import { count, jobsIn } from "./jobs.ts";
import { openSums } from "./sums.ts";
import { endWith, inData, log, place } from "./surroundings.ts";

const sums = openSums(inData("sums.db"));
const jobs = jobsIn(place.data);
await jobs.store.open();
const worker = createWorker({ jobs, leaseMs: 2_000, pollMs: 50, log });
worker.handle(count, (transfer) => sums.count(transfer));
worker.start();

endWith(async () => {
  await worker.stop();
  await jobs.store.close();
});
