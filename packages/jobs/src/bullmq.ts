// The door "@tidewire/jobs/bullmq": what keeps jobs in BullMQ's queues on a Redis.
export { bullmqStore, type BullmqStoreOptions } from "./bullmq/bullmq-store.ts";
export type {
  BullConnection,
  BullJob,
  BullJobOptions,
  BullLibrary,
  BullQueue,
  BullWorker,
  StoreClient,
} from "./bullmq/library.ts";
