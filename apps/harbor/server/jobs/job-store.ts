// Where Harbor's jobs are kept, by what `TIDEWIRE_JOBS` says: the one place that knows the libraries of their stores.
import path from "node:path";
import { createJobs, type Jobs, type JobStore } from "@tidewire/jobs";
import { embeddedStore } from "@tidewire/jobs/embedded";
import type { Log } from "@tidewire/server";

export interface JobStoreOptions {
  /** What is said of it in the settings: `embedded`, or an address. */
  readonly kept: string;
  readonly dataFolder: string;
  /** Whose it is: behind RabbitMQ the server keeps the jobs in the data folder, and workers ask it. Default: `server`. */
  readonly of?: "server" | "worker";
  readonly log: Log;
}

interface Kind {
  /** For those who gave something else. */
  readonly example: string;
  readonly takes: (kept: string) => boolean;
  /** Not open yet. A store's library is loaded only where it is used. */
  readonly store: (options: JobStoreOptions) => JobStore | Promise<JobStore>;
}

const kinds: readonly Kind[] = [
  {
    example: "embedded",
    takes: (kept) => kept === "embedded",
    store: embedded,
  },
  {
    example: "redis://host:6379, or rediss:// with TLS",
    takes: (kept) => isAddress(kept, ["redis:", "rediss:"]),
    store: bullmq,
  },
  {
    example: "amqp://host:5672, or amqps:// with TLS",
    takes: (kept) => isAddress(kept, ["amqp:", "amqps:"]),
    store: rabbitmq,
  },
];

/** In words that follow "expected". */
export const expectedJobs: string = kinds.map(({ example }) => example).join(", or ");

/** Whether there is such a store; whether somebody is there is found out when it is opened. */
export function isJobStore(kept: string): boolean {
  return kinds.some(({ takes }) => takes(kept));
}

/** @throws {TypeError} for what is no store. @throws {TidewireError} `engine_unavailable` with the reason. */
export async function openJobs(options: JobStoreOptions): Promise<Jobs> {
  const kind = kinds.find(({ takes }) => takes(options.kept));
  if (kind === undefined) throw new TypeError(`expected ${expectedJobs}; got ${options.kept}`);
  const store = await kind.store(options);
  await store.open();
  return createJobs({ store });
}

function embedded({ dataFolder, log }: JobStoreOptions): JobStore {
  return embeddedStore({ path: path.join(dataFolder, "jobs.db"), log });
}

async function bullmq({ kept, log }: JobStoreOptions): Promise<JobStore> {
  const [library, { createClient }, { bullmqStore }] = await Promise.all([
    import("bullmq"),
    import("@redis/client"),
    import("@tidewire/jobs/bullmq"),
  ]);
  return bullmqStore({ library, client: createClient({ url: kept }), prefix: "harbor-jobs", log });
}

async function rabbitmq(options: JobStoreOptions): Promise<JobStore> {
  const [{ connect }, { rabbitmqKeeper, rabbitmqStore }, { KeptStore }] = await Promise.all([
    import("amqplib"),
    import("@tidewire/jobs/rabbitmq"),
    import("./kept-store.ts"),
  ]);
  const url = new URL(options.kept);
  // Half of what it takes otherwise to notice that the other end is gone without a word.
  if (!url.searchParams.has("heartbeat")) url.searchParams.set("heartbeat", "10");
  const given = { connect: () => connect(url.href, { noDelay: true }), prefix: "harbor-jobs", log: options.log };
  if (options.of === "worker") return rabbitmqStore(given);
  const store = embedded(options);
  return new KeptStore(store, rabbitmqKeeper({ ...given, store }));
}

function isAddress(text: string, schemes: readonly string[]): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return hostname !== "" && schemes.includes(protocol);
}
