// The store contract: who keeps jobs, and what it promises those who order and those who do them.

/** Where a job stands. `waiting` includes those whose time has not come; the last three are ends. */
export type JobState = "waiting" | "running" | "done" | "dead" | "canceled";

/** A job on its way into a store, valid and complete, so that it can also wait in somebody else's database. */
export interface JobDraft {
  /** Made by whoever orders it: adding the same one twice adds it once. */
  readonly id: string;
  /** The name of its definition. */
  readonly name: string;
  /** JSON, as it was given. */
  readonly input: string;
  /** The user who may watch it; "": nobody. */
  readonly owner: string;
  /** Not before this time, in milliseconds since 1970; 0: at once. */
  readonly dueMs: number;
  /** Higher ones come first; -1,000 to 1,000. */
  readonly priority: number;
  /** Of jobs with the same name and key there is one; `null`: it has none. */
  readonly key: string | null;
  /** How long the key counts: until the job has ended, or as long as the store remembers the job. */
  readonly keyHolds: "unfinished" | "kept";
  readonly terms: Terms;
}

/** How often a job is tried, and how. */
export interface Terms {
  /** How often it is begun at most, 1 to 100; one that a worker takes with it when it dies counts. */
  readonly attempts: number;
  /** Milliseconds before the second attempt; twice as many before each further one. */
  readonly firstDelayMs: number;
  readonly longestDelayMs: number;
  /** Milliseconds that one attempt may take. */
  readonly timeoutMs: number;
}

/** What became of a job that was to be added. */
export interface Added {
  /** That of the earlier job where there was one with the same key. */
  readonly id: string;
  readonly isDuplicate: boolean;
}

/** What a worker asks for. */
export interface Wanted {
  /** The definitions it has handlers for. */
  readonly names: readonly string[];
  /** At most so many to run. */
  readonly runs: number;
  /** At most so many ends to tell; 0 for a worker that cannot. */
  readonly endings: number;
  /** For how long they are its own unless it renews, in milliseconds. */
  readonly leaseMs: number;
  /** Jobs that it has no handler for and nobody took for so long after their time become dead letters. */
  readonly orphanMs: number;
}

/** What makes a run one worker's: the number grows each time the job changes hands (the fencing token, J2). */
export interface Hold {
  readonly id: string;
  readonly fence: number;
}

/** A job in the hands of a worker. */
export interface Run extends Hold {
  readonly name: string;
  /** JSON. */
  readonly input: string;
  readonly owner: string;
  /** 1 for the first. */
  readonly attempt: number;
  readonly terms: Terms;
  /** When its first attempt could begin: its order, or the end of its delay; milliseconds since 1970. */
  readonly dueMs: number;
}

/** How many jobs of a name stand where. */
export interface JobCount {
  readonly name: string;
  readonly state: "waiting" | "running" | "dead";
  readonly count: number;
  /**
   * Of those that wait: for how long the one that could have begun first could have, in milliseconds of the store's time; 0 where none
   * could yet. After an attempt a job could begin since it may be tried again. Left out by a store that would have to read its jobs for it.
   */
  readonly oldestMs?: number;
}

/** The end of a job, which its owner has not been told for sure. */
export interface Ending extends Hold {
  readonly state: "done" | "dead" | "canceled";
  /** JSON, of one that is done. */
  readonly output: string | null;
  readonly reason: string;
  readonly message: string;
  readonly name: string;
}

/** What a worker was given. */
export interface Claimed {
  readonly runs: readonly Run[];
  readonly endings: readonly Ending[];
  /** Entries that nobody can have added, which are dead letters now. */
  readonly refused: readonly string[];
}

/** What became of a lease that was to be renewed. */
export type Renewal = "held" | "canceling" | "lost";

/** How a run went. */
export type Outcome =
  /** `output`: JSON. */
  | { readonly kind: "done"; readonly output: string }
  /** Once more after `delayMs`, if the job has attempts left; otherwise as `dead`. */
  | { readonly kind: "failed"; readonly reason: string; readonly message: string; readonly delayMs: number }
  | { readonly kind: "dead"; readonly reason: string; readonly message: string }
  | { readonly kind: "canceled" }
  /** Not done and not tried: the attempt does not count, and another worker may take it at once. */
  | { readonly kind: "returned" }
  /** The end was told. Of an ending, not of a run. */
  | { readonly kind: "told" };

/** What became of what was settled: where the job stands; `null`: it is in other hands, and nothing was changed. */
export type Settled = JobState | null;

/** A job as its store knows it. */
export interface JobRecord extends Omit<JobDraft, "keyHolds"> {
  readonly state: JobState;
  /** Attempts that were begun. */
  readonly attempt: number;
  readonly addedMs: number;
  /** `null` before its end. */
  readonly endedMs: number | null;
  /** JSON, of one that is done. */
  readonly output: string | null;
  /** Why it is dead, or why its last attempt failed; a name of the error table, or `lost`, `unknown_job`, `malformed`. "": nothing failed. */
  readonly reason: string;
  readonly message: string;
}

/** Which jobs to read. */
export type JobQuery =
  | { readonly kind: "one"; readonly id: string }
  /** In the order of their ids' arrival; `after` is the last id of the page before. */
  | { readonly kind: "page"; readonly state: JobState; readonly after: string | null; readonly limit: number };

/**
 * Keeps jobs for any number of workers in any number of processes. What every store promises, and `jobStoreContract` tests:
 *
 * - What `add` has resolved for survives the death of every process, and is run, or is a dead letter, in the end (J1).
 * - A run belongs to one worker at a time as far as the store is concerned: once a lease is over, another one may claim the
 *   job, with a higher fence, and from then on whatever the first says of it is refused (J2). Leases end by the time of
 *   the store; where that jumps they may end early, never late by more than their own length.
 * - A job whose lease is over can be claimed at once (J3); after its last attempt it is a dead letter with the reason `lost`.
 * - An attempt is counted when it is claimed. No job is claimed more often than its terms say (J4), but for those returned.
 * - What cannot be read is set apart and does not keep anything else from being claimed.
 * - Every call resolves or rejects within ten seconds: with `engine_unavailable` when nothing has happened, with
 *   `indeterminate` when nobody can know; doing it again is safe after both.
 */
export interface JobStore {
  /** Opens it. @throws {TidewireError} `engine_unavailable`, with the reason in words for the operator. */
  open(): Promise<void>;
  /** Lets it go. What was asked before is answered first. */
  close(): Promise<void>;
  /**
   * Adds all of them or none.
   * @returns One for each, in the same order.
   * @throws {TidewireError} `limit_exceeded` when the store is full.
   */
  add(drafts: readonly JobDraft[]): Promise<readonly Added[]>;
  /** Takes what is due: by priority, then in the order of arrival. Empty when there is nothing. */
  claim(wanted: Wanted): Promise<Claimed>;
  /** Makes leases last `leaseMs` from now; one that is over is `lost`, whether or not another worker has the job. @returns One for each hold. */
  renew(holds: readonly Hold[], leaseMs: number): Promise<readonly Renewal[]>;
  /** Records how a run went, which ends the hold; after an end the hold is good for telling it, until its lease is over. */
  settle(hold: Hold, outcome: Outcome): Promise<Settled>;
  /** At most `limit` of them. */
  read(query: JobQuery): Promise<readonly JobRecord[]>;
  /**
   * Counts jobs that have not ended, and dead letters, without reading them: each name and state at most once, where there is one. Names are whatever
   * was added.
   */
  counts(): Promise<readonly JobCount[]>;
  /**
   * `cancel`: a waiting job ends at once, of a running one its worker is told with the next renewal. `replay`: a dead
   * letter waits again, with all of its attempts.
   * @returns Whether there was something to do.
   */
  change(id: string, what: "cancel" | "replay"): Promise<boolean>;
}
