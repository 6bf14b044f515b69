// A worker of the torture, until it is killed: it says what it begins. `worker-process.ts {"store":…,"port":…}`
import { setTimeout as sleep } from "node:timers/promises";
import { createJobs, createWorker, httpPublisher } from "@tidewire/jobs";
import { TidewireError } from "@tidewire/protocol";
import { apiKey, awakeMs, fateOf, leaseMs, outputOf, work, workMs } from "./job.ts";
import { type StoreAddress, storeAt } from "./stores.ts";

export interface WorkingOptions {
  readonly store: StoreAddress;
  /** Of the server. */
  readonly port: number;
}

const { store: address, port } = JSON.parse(process.argv[2] ?? "") as WorkingOptions;
const store = storeAt(address);
await store.open();
const publisher = httpPublisher({ url: `http://127.0.0.1:${port}/api`, apiKey });
const worker = createWorker({ jobs: createJobs({ store }), publisher, concurrency: 8, ahead: 8, leaseMs, pollMs: 50 });

worker.handle(work, async ({ order }, job) => {
  // Written at once, so that a kill takes nothing of it along.
  process.stdout.write(`begun ${job.id} ${job.attempt} ${Date.now()}\n`);
  // Work does not wait for a server that is away: how soon the next attempt comes is to be the store's alone.
  const tell = (percent: number): void => void job.progress({ percent }).catch(() => undefined);
  tell(0);
  await sleep(workMs(order) / 2);
  const fate = fateOf(order);
  if (fate === "dead letter") throw new TidewireError("invalid_data", "an order that cannot be done");
  if (fate === "fails at first" && job.attempt === 1) {
    process.stdout.write(`failed ${job.id} ${job.attempt} ${Date.now()}\n`);
    throw new Error("it fails at first");
  }
  tell(50);
  await sleep(workMs(order) / 2);
  return outputOf(order);
});
worker.start();
// Whoever reads this knows when the machine let it run.
setInterval(() => process.stdout.write(`awake ${Date.now()}\n`), awakeMs);
process.stdout.write("works\n");
