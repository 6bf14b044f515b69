// The worker of the bench of jobs: BullMQ's own, or ours on a store, in a process of its own.
import * as library from "bullmq";
import { createClient } from "@redis/client";
import { createJobs, createWorker, httpPublisher } from "@tidewire/jobs";
import { defineJob } from "@tidewire/protocol";
import { answer } from "tidewire/bench";
import { storeAt } from "../torture-jobs/stores.ts";
import { storeOf } from "./places.ts";
import { apiKey, cpuSeconds, halves, outputOf, queueName, type WorkerTalk } from "./talk.ts";

type Work = (jobs: number) => Promise<void>;
type Opening = WorkerTalk["open"]["ask"];

async function bullmq({ url, concurrency }: Opening): Promise<Work> {
  let [done, wanted] = [0, Infinity];
  let ended: () => void = () => undefined;
  const handle = async (job: {
    updateProgress(value: object): Promise<void>;
    data: { n: number };
  }): Promise<object> => {
    for (const half of halves) await job.updateProgress(half);
    return outputOf(job.data.n);
  };
  const connection = library.createNodeRedisClient(createClient({ url }));
  const worker = new library.Worker(queueName, handle, { connection, autorun: false, concurrency });
  worker.on("completed", () => {
    done += 1;
    if (done >= wanted) ended();
  });
  await worker.waitUntilReady();
  return async (jobs) => {
    const all = new Promise<void>((resolve) => ([wanted, ended] = [jobs, resolve]));
    worker.run().catch((thrown: unknown) => process.stderr.write(`${String(thrown)}\n`));
    await all;
  };
}

async function tidewire(opening: Opening): Promise<Work> {
  const store = storeAt(storeOf(opening));
  await store.open();
  const publisher = httpPublisher({ url: `http://127.0.0.1:${opening.port}/api`, apiKey });
  const { concurrency, ahead } = opening;
  const worker = createWorker({ jobs: createJobs({ store }), publisher, concurrency, ahead });
  return async (jobs) => {
    let done = 0;
    const all = new Promise<void>((resolve) => {
      worker.handle(defineJob(queueName), async (input, job) => {
        for (const half of halves) await job.progress(half);
        done += 1;
        if (done === jobs) resolve();
        return outputOf((input as { n: number }).n);
      });
    });
    worker.start();
    await all;
    // Until all of them are settled, and told.
    await worker.stop();
    const { done: settled } = worker.stats();
    if (settled !== jobs) throw new Error(`${jobs} jobs were expected to be done, got ${settled}`);
  };
}

let work: Work | null = null;

answer<WorkerTalk>({
  open: async (opening) => {
    work = await (opening.contestant === "bullmq" ? bullmq(opening) : tidewire(opening));
    return null;
  },
  work: async ({ jobs }) => {
    await work?.(jobs);
    return null;
  },
  cpu: () => cpuSeconds(),
});
