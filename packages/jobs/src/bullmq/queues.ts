// BullMQ's own objects, made when they are first needed: a queue for each name of a definition.
import { type Log, reasonOf } from "@tidewire/protocol/ports";
import type { BullCommands } from "./bull-commands.ts";
import { queueOf } from "./entries.ts";
import type { BullConnection, BullLibrary, BullQueue } from "./library.ts";

/** Makes them; hides what the library's types say of its connections. */
export interface Making {
  queue(name: string): BullQueue;
  /** Resolves when BullMQ has defined its commands. */
  readonly ready: () => Promise<void>;
}

/** No name of a definition: BullMQ wants one for whatever it makes. */
const nobodys = "~";

/** @param commands Hears of BullMQ's commands as its clients do. */
export function making<Client, Connection extends BullConnection>(
  library: BullLibrary<Client, Connection>,
  { client, prefix, commands }: { readonly client: Client; readonly prefix: string; readonly commands: BullCommands },
): Making {
  const connection = library.createNodeRedisClient(client);
  // The client's own error is logged where it was made. BullMQ tells it on, and while no queue listens that would end the process.
  connection.on("error", () => undefined);
  hear(connection, commands);
  return {
    queue: (name) => new library.Queue(name, { connection, prefix }),
    ready: async () => {
      const first = new library.Queue(nobodys, { connection, prefix, skipMetasUpdate: true });
      first.on("error", () => undefined);
      await first.waitUntilReady();
      await first.close();
    },
  };
}

function hear(connection: BullConnection, commands: BullCommands): void {
  const define = connection.defineCommand.bind(connection);
  connection.defineCommand = (name, command) => {
    commands.define(name, command);
    define(name, command);
  };
}

export class Queues {
  readonly #making: Making;
  readonly #log: Log;
  readonly #queues = new Map<string, BullQueue>();

  constructor(made: Making, log: Log) {
    this.#making = made;
    this.#log = log;
  }

  /** @param queue Its name in Redis. */
  at(queue: string): BullQueue {
    const known = this.#queues.get(queue);
    if (known !== undefined) return known;
    const made = this.#making.queue(queue);
    made.on("error", (error) => this.#log.warn("BullMQ reports an error", { reason: reasonOf(error) }));
    this.#queues.set(queue, made);
    return made;
  }

  of(name: string): BullQueue {
    return this.at(queueOf(name));
  }

  async close(): Promise<void> {
    const all = [...this.#queues.values()];
    this.#queues.clear();
    // One that cannot say goodbye has nothing that is lost with it.
    await Promise.allSettled(all.map((one) => one.close()));
  }
}
