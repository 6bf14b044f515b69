// The relay of a PostgreSQL outbox: it takes batch after batch, waits to be told of more, and comes back when it was cut off.
import { type Log, reasonOf, silentLog } from "@tidewire/protocol/ports";
import { type Clock, systemClock } from "../ports/clock.ts";
import type { Publisher } from "../publisher.ts";
import { Pause } from "../pause.ts";
import { Trouble } from "../trouble.ts";
import { takeBatch, type Taken } from "./batch.ts";
import { type PostgresClient, PostgresConnection } from "./connection.ts";
import { noticeChannel, type OutboxQueries, outboxQueries } from "./outbox-table.ts";

/** What `relayPostgresOutbox` is given. */
export interface PostgresOutboxOptions {
  /** Makes a client of `pg` that was not connected yet, each time anew: `() => new Client({ connectionString })`. */
  readonly client: () => PostgresClient;
  readonly publisher: Publisher;
  /** `name` or `schema.name`, as given to `outboxTable`. Default: `tidewire_outbox`. */
  readonly table?: string;
  /** How often to look without being told of a row, in milliseconds. Default: 1,000. */
  readonly pollMs?: number;
  /**
   * For how long rows are published after they were read, in milliseconds; PostgreSQL gives the table to another relay when
   * one has stood still for three times as long. Default: 20,000.
   */
  readonly holdMs?: number;
  /** Of a publication's JSON; larger ones are refused. Default: 1,048,576. */
  readonly maxDataBytes?: number;
  /** Default: says nothing. */
  readonly log?: Log;
  /** Default: the machine's. */
  readonly clock?: Clock;
}

/** What a relay has done since its start. */
export interface PostgresOutboxStats {
  readonly published: number;
  /** Rows that were given a `problem`. */
  readonly refused: number;
  /** Times at which a channel could not take a row. */
  readonly failures: number;
  /** Whether PostgreSQL answered the last time it was asked. */
  readonly isConnected: boolean;
}

/** Publishes what is in an outbox, until it is stopped. */
export interface PostgresOutboxRelay {
  stats(): PostgresOutboxStats;
  /** Resolves when nothing more is being published. */
  stop(): Promise<void>;
}

/** Before PostgreSQL is tried again, or a channel that could not take a row. */
const retryMs = 1_000;
/** As many channels that can take nothing are a server that can take nothing. */
const maxResting = 100;

/**
 * Publishes what transactions have written into the outbox: all that commits, nothing else. Each channel gets its rows in the
 * order of their ids, one after the other. Any number of processes may do so: one at a time does, and another one
 * goes on when it ends or falls silent. What is done again after a death has its row's key, and is published once (P4).
 * @throws {TypeError} for what is no table's name, {RangeError} for times and sizes that are not positive integers.
 */
export function relayPostgresOutbox(options: PostgresOutboxOptions): PostgresOutboxRelay {
  const relay = new Relay(options);
  return { stats: () => relay.stats(), stop: () => relay.stop() };
}

class Relay {
  readonly #options: Required<PostgresOutboxOptions>;
  readonly #queries: OutboxQueries;
  readonly #running: Promise<void>;
  /** Until when a channel that could not take a row is left out. */
  readonly #resting = new Map<string, number>();
  #published = 0;
  #refused = 0;
  #failures = 0;
  #isConnected = false;
  #isStopped = false;
  #isTold = false;
  readonly #pause: Pause;
  readonly #trouble: Trouble;

  constructor(options: PostgresOutboxOptions) {
    const defaults = { pollMs: 1_000, holdMs: 20_000, maxDataBytes: 1_048_576 };
    const given = { table: "tidewire_outbox", log: silentLog, clock: systemClock, ...defaults, ...options };
    for (const name of ["pollMs", "holdMs", "maxDataBytes"] as const) {
      const value = given[name];
      if (!Number.isSafeInteger(value) || value < 1)
        throw new RangeError(`expected ${name} to be a positive integer, got ${value}`);
    }
    this.#options = given;
    this.#queries = outboxQueries(given.table);
    this.#pause = new Pause(given.clock);
    this.#trouble = new Trouble(given.log, {
      begins: "the outbox cannot be read now",
      ends: "the outbox is read again",
    });
    this.#running = this.#run();
  }

  stats(): PostgresOutboxStats {
    return {
      published: this.#published,
      refused: this.#refused,
      failures: this.#failures,
      isConnected: this.#isConnected,
    };
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#pause.end();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      try {
        await this.#relay();
      } catch (thrown) {
        this.#trouble.begins(reasonOf(thrown));
        if (!this.#isStopped) await this.#pause.wait(retryMs);
      }
    }
  }

  /** On one connection, until it breaks. */
  async #relay(): Promise<void> {
    const { client, clock } = this.#options;
    const connection = await PostgresConnection.open(client(), clock, this.#told);
    try {
      await connection.ask(`LISTEN ${noticeChannel}`);
      while (!this.#isStopped) await this.#look(connection);
    } finally {
      this.#isConnected = false;
      connection.close();
    }
  }

  async #look(connection: PostgresConnection): Promise<void> {
    this.#isTold = false;
    const resting = this.#stillResting();
    if (resting.length >= maxResting) return this.#pause.wait(this.#restMs());
    const isStopped = (): boolean => this.#isStopped;
    const taken = await takeBatch(connection, { ...this.#options, queries: this.#queries, resting, isStopped });
    this.#isConnected = true;
    this.#trouble.ends();
    if (taken !== null) this.#count(taken);
    const isDone = taken === null || taken.published.length + taken.refused.length === 0;
    // Whoever has the table looks until it is empty, so a word that came meanwhile is theirs to hear.
    if (isDone && !this.#isTold && !this.#isStopped) await this.#pause.wait(this.#restMs());
  }

  #count({ published, refused, failed }: Taken): void {
    const { clock, log } = this.#options;
    this.#published += published.length;
    this.#refused += refused.length;
    this.#failures += failed.size;
    for (const [channel, reason] of failed) {
      this.#resting.set(channel, clock.now() + retryMs);
      log.warn("a channel cannot take what is in the outbox yet", { channel, reason });
    }
    for (const { id, channel, problem } of refused) {
      log.error("a row of the outbox was refused", { id, channel, problem });
    }
  }

  /** Channels that are still to be left out. */
  #stillResting(): readonly string[] {
    const nowMs = this.#options.clock.now();
    for (const [channel, untilMs] of this.#resting) if (untilMs <= nowMs) this.#resting.delete(channel);
    return [...this.#resting.keys()];
  }

  #restMs(): number {
    const nowMs = this.#options.clock.now();
    return Math.min(this.#options.pollMs, ...[...this.#resting.values()].map((untilMs) => untilMs - nowMs));
  }

  readonly #told = (): void => {
    this.#isTold = true;
    // A connection that breaks says so too, and must not cut the wait before the next one short.
    if (this.#isConnected) this.#pause.end();
  };
}
