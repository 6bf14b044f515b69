// The store of a torture: its programs, which are killed, and its trace.
import { join } from "node:path";
import { redis } from "../../tools/run/redis.mjs";
import { rabbitmq } from "../../tools/run/rabbitmq.mjs";
import { RabbitServer } from "../../test/services/rabbitmq.ts";
import { keeping, RedisServer } from "../../test/services/redis.ts";
import { type StoreAddress, storeAt, type StoreName } from "./stores.ts";
import { bullmqTrace, sqliteTrace, type Trace } from "./traces.ts";

/** What can be killed of it. */
export interface Killable {
  kill(): Promise<void>;
  start(): Promise<void>;
}

export interface Broker {
  readonly address: StoreAddress;
  /** `null` where the store is no program. */
  readonly program: Killable | null;
  /** The store has to be open somewhere before. */
  trace(): Promise<Trace>;
  end(): Promise<void>;
}

interface Findable {
  find(): { readonly path: string } | null;
  fetch(): Promise<{ readonly path: string }>;
}

const pathOf = async (program: Findable): Promise<string> => (program.find() ?? (await program.fetch())).path;

/** @param folder For the jobs' file. */
export async function startBroker(kind: StoreName, folder: string): Promise<Broker> {
  const path = join(folder, "jobs.db");
  switch (kind) {
    case "embedded": {
      const address = { kind, url: "", path };
      return { address, program: null, trace: () => traceOf(path), end: () => Promise.resolve() };
    }
    case "redis": {
      const program = await RedisServer.start({ program: await pathOf(redis), settings: keeping.always });
      const address = { kind, url: program.url, path };
      return { address, program, trace: () => bullmqTrace(program.url), end: () => program.remove() };
    }
    case "rabbitmq": {
      const program = await RabbitServer.start({ program: await pathOf(rabbitmq) });
      const address = { kind, url: program.url, path };
      return { address, program, trace: () => traceOf(path), end: () => program.remove() };
    }
  }
}

/** The file is made by whoever opens it first. */
async function traceOf(path: string): Promise<Trace> {
  const store = storeAt({ kind: "embedded", url: "", path });
  await store.open();
  const trace = sqliteTrace(path);
  await store.close();
  return trace;
}
