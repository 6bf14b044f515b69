// A worker behind RabbitMQ in a process of its own: it says what it begins and ends, and is killed without warning.
import { createJobs, createWorker } from "@tidewire/jobs";
import { rabbitmqStore } from "@tidewire/jobs/rabbitmq";
import { defineJob } from "@tidewire/protocol";
import { connecting } from "./connecting.ts";

const [, , url = "", leaseMs = "", workMs = ""] = process.argv;
const store = rabbitmqStore({ connect: connecting(url) });
await store.open();
const worker = createWorker({ jobs: createJobs({ store }), concurrency: 8, leaseMs: Number(leaseMs), pollMs: 50 });
worker.handle(defineJob("slow"), async (_, { id }) => {
  console.log(`begun ${id}`);
  await new Promise((resolve) => setTimeout(resolve, Number(workMs)));
  console.log(`ended ${id}`);
});
worker.start();
