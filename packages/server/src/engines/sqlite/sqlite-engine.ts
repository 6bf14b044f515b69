// The SQLite engine: the log of every channel in one file of this machine, synced to the disk before it is acked.
import { fail, type Position } from "@tidewire/protocol";
import { resolve as resolvePath } from "node:path";
import type { Ack, Draft, Engine, EngineSink, EngineTraits, Page, PageLimit, PageStart } from "../../engine/engine.ts";
import { type Clock, systemClock } from "../../ports/clock.ts";
import { type Log, silentLog } from "../../ports/log.ts";
import { type Random, systemRandom } from "../../ports/random.ts";
import { Running, type RunningOptions } from "./running.ts";
import { type Spawn, spawnWorker } from "./worker-link.ts";

/** What `sqliteEngine` takes. Only `path` is needed. */
export interface SqliteEngineOptions {
  /**
   * The database file. Its folder is made. Beside it SQLite keeps a file with "-wal" at the end, and the engine one with
   * "-mark": a database that is put back without the mark of its present state begins new epochs (decision 0011).
   */
  readonly path: string;
  /** The largest size of the file, in bytes; above, publishes are refused as on a full disk. Default: the disk's. */
  readonly maxFileBytes?: number;
  /** Default: says nothing. */
  readonly log?: Log;
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** Default: the operating system's. */
  readonly random?: Random;
}

/** An engine that loses nothing it acked, neither by `kill -9` nor by a power cut. One process at a time per file. */
export function sqliteEngine(options: SqliteEngineOptions): Engine {
  return new SqliteEngine(options, spawnWorker);
}

/** Separate from `sqliteEngine` for tests that take the worker away. */
export class SqliteEngine implements Engine {
  readonly traits: EngineTraits = { name: "sqlite", durability: "fsync", survivesRestart: true };
  readonly #options: Omit<RunningOptions, "sink">;
  #running: Running | null = null;

  constructor(options: SqliteEngineOptions, spawn: Spawn) {
    if (options.path === "") throw new TypeError("the path of a database file was expected, got an empty text");
    this.#options = {
      path: resolvePath(options.path),
      maxFileBytes: options.maxFileBytes ?? null,
      clock: options.clock ?? systemClock,
      random: options.random ?? systemRandom,
      log: options.log ?? silentLog,
      spawn,
    };
  }

  /** @throws {TidewireError} `engine_unavailable`: locked by another process, damaged, not ours; in words. */
  async start(sink: EngineSink): Promise<void> {
    if (this.#running !== null) throw new TypeError("a SQLite engine that is stopped was expected, it is started");
    const running = new Running({ ...this.#options, sink });
    this.#running = running;
    try {
      await running.open();
    } catch (thrown) {
      this.#running = null;
      throw thrown;
    }
  }

  async stop(): Promise<void> {
    const running = this.#running;
    this.#running = null;
    await running?.close();
  }

  async publish(channel: string, draft: Draft): Promise<Ack> {
    return await this.#started().publish(channel, draft);
  }

  async read(channel: string, start: PageStart, limit: PageLimit): Promise<Page> {
    return await this.#started().read(channel, start, limit);
  }

  async tops(channels: readonly string[]): Promise<readonly Position[]> {
    return await this.#started().tops(channels);
  }

  async follow(channel: string): Promise<Position> {
    return await this.#started().follow(channel);
  }

  unfollow(channel: string): void {
    this.#running?.unfollow(channel);
  }

  #started(): Running {
    return this.#running ?? fail("engine_unavailable", "the SQLite engine is not started");
  }
}
