// The embedded store: jobs in one SQLite file of this machine, which several processes may share.
import { resolve as resolvePath } from "node:path";
import { type Clock, type Log, silentLog, systemClock } from "@tidewire/protocol/ports";
import type {
  Added,
  Claimed,
  Hold,
  JobCount,
  JobDraft,
  JobQuery,
  JobRecord,
  JobStore,
  Outcome,
  Renewal,
  Settled,
  Wanted,
} from "../store/job-store.ts";
import { type Spawn, spawnThread, StoreThread } from "./store-thread.ts";

/** What `embeddedStore` is given. */
export interface EmbeddedStoreOptions {
  /** The database file; its folder is made. Beside it SQLite keeps two more, with "-wal" and "-shm" at the end. */
  readonly path: string;
  /** Bytes of the file in use, above which jobs are refused with `limit_exceeded`; those that are there are done. Default: the disk's. */
  readonly maxFileBytes?: number;
  /** For how long jobs that are done or canceled can be looked at, in milliseconds. Default: a day. */
  readonly keepEndedMs?: number;
  /** The same of dead letters. Default: thirty days. */
  readonly keepDeadMs?: number;
  /** Default: says nothing. */
  readonly log?: Log;
  /** Default: the machine's. All processes that share the file must agree on the time of day. */
  readonly clock?: Clock;
}

const dayMs = 86_400_000;

/**
 * A store in a file of this machine: what it has acked survives `kill -9` and a power cut. Any number of processes of the
 * machine may have it open; a network file system will not do. An open store keeps its process alive.
 */
export function embeddedStore(options: EmbeddedStoreOptions): JobStore {
  return new EmbeddedStore(options, spawnThread);
}

/** Separate from `embeddedStore` for tests that take the thread away. */
export class EmbeddedStore implements JobStore {
  readonly #thread: StoreThread;

  constructor(options: EmbeddedStoreOptions, spawn: Spawn) {
    if (options.path === "") throw new TypeError("the path of a database file was expected, got an empty text");
    this.#thread = new StoreThread({
      thread: {
        path: resolvePath(options.path),
        maxFileBytes: options.maxFileBytes ?? null,
        keepEndedMs: options.keepEndedMs ?? dayMs,
        keepDeadMs: options.keepDeadMs ?? 30 * dayMs,
      },
      clock: options.clock ?? systemClock,
      log: options.log ?? silentLog,
      spawn,
    });
  }

  async open(): Promise<void> {
    await this.#thread.open();
  }

  async close(): Promise<void> {
    await this.#thread.close();
  }

  async add(drafts: readonly JobDraft[]): Promise<readonly Added[]> {
    return await this.#thread.ask({ kind: "add", drafts });
  }

  async claim(wanted: Wanted): Promise<Claimed> {
    return await this.#thread.ask({ kind: "claim", wanted });
  }

  async renew(holds: readonly Hold[], leaseMs: number): Promise<readonly Renewal[]> {
    return await this.#thread.ask({ kind: "renew", holds, leaseMs });
  }

  async settle(hold: Hold, outcome: Outcome): Promise<Settled> {
    return await this.#thread.ask({ kind: "settle", hold, outcome });
  }

  async read(query: JobQuery): Promise<readonly JobRecord[]> {
    return await this.#thread.ask({ kind: "read", query });
  }

  async counts(): Promise<readonly JobCount[]> {
    return await this.#thread.ask({ kind: "counts" });
  }

  async change(id: string, what: "cancel" | "replay"): Promise<boolean> {
    return await this.#thread.ask({ kind: "change", id, what });
  }
}
