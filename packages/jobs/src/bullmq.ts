// The door "@tidewire/jobs/bullmq": what keeps jobs in BullMQ's queues on a Redis.
export { bullmqStore, type BullmqStoreOptions } from "./bullmq/bullmq-store.ts";
export type {
  BullCommand,
  BullConnection,
  BullJob,
  BullJobOptions,
  BullLibrary,
  BullQueue,
  StoreClient,
} from "./bullmq/library.ts";
