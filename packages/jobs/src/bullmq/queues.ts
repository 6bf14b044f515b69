// BullMQ's own objects, made when they are first needed: a queue for each name of a definition, and who takes jobs from it.
import { type Log, reasonOf } from "@tidewire/protocol/ports";
import { queueOf } from "./entries.ts";
import type { BullConnection, BullLibrary, BullQueue, BullWorker } from "./library.ts";

/** Makes them; hides what the library's types say of its connections. */
export interface Making {
  queue(name: string): BullQueue;
  worker(name: string, leaseMs: number): BullWorker;
}

export function making<Client, Connection extends BullConnection>(
  library: BullLibrary<Client, Connection>,
  client: Client,
  prefix: string,
): Making {
  const connection = library.createNodeRedisClient(client);
  // The client's own error is logged where it was made. BullMQ tells it on, and while no queue listens that would end the process.
  connection.on("error", () => undefined);
  return {
    queue: (name) => new library.Queue(name, { connection, prefix }),
    worker: (name, leaseMs) =>
      new library.Worker(name, null, { connection, prefix, autorun: false, lockDuration: leaseMs }),
  };
}

export class Queues {
  readonly #making: Making;
  readonly #log: Log;
  readonly #queues = new Map<string, BullQueue>();
  readonly #workers = new Map<string, BullWorker>();

  constructor(made: Making, log: Log) {
    this.#making = made;
    this.#log = log;
  }

  /** @param queue Its name in Redis. */
  at(queue: string): BullQueue {
    return this.#known(this.#queues, queue, () => this.#making.queue(queue));
  }

  of(name: string): BullQueue {
    return this.at(queueOf(name));
  }

  /** BullMQ fixes the time of a lease when a worker is made; those of one process agree on one. */
  taker(queue: string, leaseMs: number): BullWorker {
    return this.#known(this.#workers, `${queue} ${leaseMs}`, () => this.#making.worker(queue, leaseMs));
  }

  async close(): Promise<void> {
    const all = [...this.#workers.values(), ...this.#queues.values()];
    this.#workers.clear();
    this.#queues.clear();
    // One that cannot say goodbye has nothing that is lost with it.
    await Promise.allSettled(all.map((one) => one.close()));
  }

  #known<One extends BullQueue | BullWorker>(all: Map<string, One>, key: string, make: () => One): One {
    const known = all.get(key);
    if (known !== undefined) return known;
    const made = make();
    made.on("error", (error) => this.#log.warn("BullMQ reports an error", { reason: reasonOf(error) }));
    all.set(key, made);
    return made;
  }
}
