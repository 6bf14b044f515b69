// The store's way to Redis: its own connection and one it lends to BullMQ, a bound for every answer, and what Redis must keep before it is trusted with jobs.
import { fail, TidewireError } from "@tidewire/protocol";
import { type Clock, type Log, reasonOf } from "@tidewire/protocol/ports";
import { BullCommands } from "./bull-commands.ts";
import type { BullConnection, BullLibrary, StoreClient } from "./library.ts";
import { oldestWaiting } from "./oldest.ts";
import { making, Queues } from "./queues.ts";
import { Script } from "./script.ts";

export interface LineOptions<Client extends StoreClient<Client>, Connection extends BullConnection> {
  readonly library: BullLibrary<Client, Connection>;
  readonly client: Client;
  readonly prefix: string;
  readonly clock: Clock;
  readonly log: Log;
}

const answerMs = 9_000;
const goodbyeMs = 2_000;

/** What was asked of Redis by its settings, and is needed for a job that was acked to be there (J1). */
const needed = { appendonly: "yes", appendfsync: "always", "maxmemory-policy": "noeviction" } as const;

export class Line<Client extends StoreClient<Client>, Connection extends BullConnection> {
  readonly #options: LineOptions<Client, Connection>;
  readonly #own: Client;
  readonly #all = new Set<Client>();
  readonly #commands = new BullCommands();
  #script: Script | null = null;
  #lent: Lent<Client> | null = null;
  #lending: Promise<void> | null = null;
  #isClosed = false;

  constructor(options: LineOptions<Client, Connection>) {
    this.#options = options;
    this.#own = this.#connection();
  }

  get queues(): Queues {
    return this.#lent?.queues ?? fail("engine_unavailable", "an open job store was expected, it opens");
  }

  /** @param isChecked Whether Redis is asked how it keeps its data. */
  async open({ isChecked }: { readonly isChecked: boolean }): Promise<void> {
    try {
      await this.#bounded(async () => {
        await this.#own.connect();
        if (isChecked) await this.#check();
        await this.#lend();
      });
    } catch (thrown) {
      this.#destroy();
      fail("engine_unavailable", reasonOf(thrown));
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.race([
      this.#lent?.queues.close(),
      new Promise<void>((resolve) => void this.#options.clock.after(goodbyeMs, resolve)),
    ]);
    this.#destroy();
  }

  async script(...args: readonly (string | number)[]): Promise<unknown> {
    const script = this.#script ?? fail("engine_unavailable", "an open job store was expected, it opens");
    return await script.run((command) => this.#own.sendCommand(command), this.#options.prefix, args);
  }

  /** For how long what waits longest could have begun, by queue. */
  async oldest(): Promise<ReadonlyMap<string, number>> {
    return await oldestWaiting((command) => this.#own.sendCommand(command), this.#options.prefix);
  }

  /** A request of the contract: answered within its time, in the words of the contract. */
  async ask<Answer>(act: () => Promise<Answer>): Promise<Answer> {
    if (!this.#own.isReady || this.#lent?.client.isReady !== true) fail("engine_unavailable", "Redis is away");
    try {
      return await this.#bounded(() => this.#again(act));
    } catch (thrown) {
      if (thrown instanceof TidewireError) throw thrown;
      const reason = reasonOf(thrown);
      fail(/\bOOM\b/.test(reason) ? "limit_exceeded" : "indeterminate", reason);
    }
  }

  /**
   * A Redis that was started again has forgotten BullMQ's scripts, which inside a transaction BullMQ does not give it again. What is
   * asked of a store is safe to ask twice.
   */
  async #again<Answer>(act: () => Promise<Answer>): Promise<Answer> {
    try {
      return await act();
    } catch (thrown) {
      if (!isForgotten(thrown)) throw thrown;
      this.#lending ??= this.#lend().finally(() => (this.#lending = null));
      await this.#lending;
      return await act();
    }
  }

  /** BullMQ gives its scripts to each connection that it is lent; what was asked on the one before is still answered there. */
  async #lend(): Promise<void> {
    const { library, prefix, log, clock } = this.#options;
    const before = this.#lent;
    const client = this.#connection();
    // BullMQ connects what it is given unless that is connected.
    await client.connect();
    if (this.#isClosed) {
      this.#end(client);
      fail("engine_unavailable", "the job store was closed");
    }
    const made = making(library, { client, prefix, commands: this.#commands });
    if (this.#script === null) {
      await made.ready();
      this.#script = new Script(this.#commands.functions);
    }
    this.#lent = { client, queues: new Queues(made, log) };
    if (before === null) return;
    clock.after(answerMs, () => void before.queues.close().then(() => this.#end(before.client)));
  }

  #connection(): Client {
    const { client, log } = this.#options;
    const connection = client.duplicate();
    connection.on("error", (error) => log.warn("the connection to Redis failed", { reason: reasonOf(error) }));
    this.#all.add(connection);
    return connection;
  }

  async #check(): Promise<void> {
    for (const [name, value] of Object.entries(needed)) {
      const answer = await this.#own.sendCommand(["CONFIG", "GET", name]);
      // A list or a map, by the version of the protocol that the client speaks.
      const is = String(
        Array.isArray(answer) ? answer[1] : (Object(answer) as Readonly<Record<string, unknown>>)[name],
      );
      if (is !== value) fail("engine_unavailable", `expected a Redis with "${name} ${value}", got "${name} ${is}"`);
    }
  }

  async #bounded<Answer>(act: () => Promise<Answer>): Promise<Answer> {
    let cancel = (): void => undefined;
    const late = new Promise<never>((_, reject) => {
      cancel = this.#options.clock.after(answerMs, () =>
        reject(new TidewireError("indeterminate", `Redis gave no answer within ${answerMs} ms`)),
      );
    });
    try {
      return await Promise.race([act(), late]);
    } finally {
      cancel();
    }
  }

  #destroy(): void {
    this.#isClosed = true;
    for (const connection of this.#all) this.#end(connection);
  }

  #end(connection: Client): void {
    this.#all.delete(connection);
    try {
      connection.destroy();
    } catch {
      // It was none any more.
    }
  }
}

interface Lent<Client> {
  readonly client: Client;
  readonly queues: Queues;
}

function isForgotten(thrown: unknown): boolean {
  const { message, replies } = Object(thrown) as { readonly message?: unknown; readonly replies?: unknown };
  if (String(message).startsWith("NOSCRIPT")) return true;
  return (
    Array.isArray(replies) && replies.some((reply) => reply instanceof Error && reply.message.startsWith("NOSCRIPT"))
  );
}
