// The SQLite engine: the log of every channel in one file of this machine, synced to the disk before it is acked.
import { resolve as resolvePath } from "node:path";
import type { Engine, EngineTraits } from "../../engine/engine.ts";
import { type Clock, systemClock } from "../../ports/clock.ts";
import { type Log, silentLog } from "../../ports/log.ts";
import { type Random, systemRandom } from "../../ports/random.ts";
import { EngineFace } from "../engine-face.ts";
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
  return sqliteEngineOf(options, spawnWorker);
}

/** Separate from `sqliteEngine` for tests that take the worker away. */
export function sqliteEngineOf(options: SqliteEngineOptions, spawn: Spawn): Engine {
  if (options.path === "") throw new TypeError("the path of a database file was expected, got an empty text");
  const given: Omit<RunningOptions, "sink"> = {
    path: resolvePath(options.path),
    maxFileBytes: options.maxFileBytes ?? null,
    clock: options.clock ?? systemClock,
    random: options.random ?? systemRandom,
    log: options.log ?? silentLog,
    spawn,
  };
  const traits: EngineTraits = { name: "sqlite", durability: "fsync", survivesRestart: true };
  return new EngineFace({
    title: "SQLite",
    traits: () => traits,
    begin: (sink) => new Running({ ...given, sink }),
  });
}
