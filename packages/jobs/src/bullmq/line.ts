// The store's way to Redis: two connections, a bound for every answer, and what Redis must keep before it is trusted with jobs.
import { fail, TidewireError } from "@tidewire/protocol";
import type { Clock } from "../ports/clock.ts";
import { type Log, reasonOf } from "../ports/log.ts";
import type { BullLibrary, StoreClient } from "./library.ts";
import { making, Queues } from "./queues.ts";
import { run } from "./script.ts";

export interface LineOptions<Client extends StoreClient<Client>, Connection> {
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

export class Line<Client extends StoreClient<Client>, Connection> {
  readonly #options: LineOptions<Client, Connection>;
  readonly #own: Client;
  readonly #lent: Client;
  #queues: Queues | null = null;

  constructor(options: LineOptions<Client, Connection>) {
    const { client, log } = options;
    this.#options = options;
    this.#own = client.duplicate();
    this.#lent = client.duplicate();
    for (const connection of [this.#own, this.#lent]) {
      connection.on("error", (error) => log.warn("the connection to Redis failed", { reason: reasonOf(error) }));
    }
  }

  get queues(): Queues {
    return this.#queues ?? fail("engine_unavailable", "an open job store was expected, it opens");
  }

  /** @param isChecked Whether Redis is asked how it keeps its data. */
  async open({ isChecked }: { readonly isChecked: boolean }): Promise<void> {
    try {
      await this.#bounded(async () => {
        await Promise.all([this.#own.connect(), this.#lent.connect()]);
        if (isChecked) await this.#check();
      });
      // BullMQ connects what it is given unless that is connected.
      const { library, prefix, log } = this.#options;
      this.#queues = new Queues(making(library, this.#lent, prefix), log);
    } catch (thrown) {
      this.#destroy();
      fail("engine_unavailable", reasonOf(thrown));
    }
  }

  async close(): Promise<void> {
    await Promise.race([
      this.#queues?.close(),
      new Promise<void>((resolve) => void this.#options.clock.after(goodbyeMs, resolve)),
    ]);
    this.#destroy();
  }

  async script(...args: readonly (string | number)[]): Promise<unknown> {
    return await run((command) => this.#own.sendCommand(command), this.#options.prefix, args);
  }

  /** A request of the contract: answered within its time, in the words of the contract. */
  async ask<Answer>(act: () => Promise<Answer>): Promise<Answer> {
    if (!this.#own.isReady || !this.#lent.isReady) fail("engine_unavailable", "Redis is away");
    try {
      return await this.#bounded(act);
    } catch (thrown) {
      if (thrown instanceof TidewireError) throw thrown;
      const reason = reasonOf(thrown);
      fail(/\bOOM\b/.test(reason) ? "limit_exceeded" : "indeterminate", reason);
    }
  }

  async #check(): Promise<void> {
    for (const [name, value] of Object.entries(needed)) {
      const answer = await this.#own.sendCommand(["CONFIG", "GET", name]);
      const is = Array.isArray(answer) ? String(answer[1]) : String(Object(answer)[name]);
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
    for (const connection of [this.#own, this.#lent]) {
      try {
        connection.destroy();
      } catch {
        // It was none any more.
      }
    }
  }
}
