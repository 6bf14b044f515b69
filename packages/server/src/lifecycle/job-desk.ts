// The desk of jobs: what `/metrics` tells of a store's queues and of the workers in this process.

/** How long something took, of all times it happened. */
export interface JobTimes {
  /** Upper ends of steps, in milliseconds, ascending. */
  readonly stepsMs: readonly number[];
  /** How many took at most as long as each step says, and at last how many there were. */
  readonly cumulative: readonly number[];
  /** Of all together. */
  readonly sumMs: number;
}

/** How things stand with jobs; names are those of definitions, of which there are at most 100, and one for all others. */
export interface JobFigures {
  /** Whether the store did not answer just now. */
  readonly isStoreAway: boolean;
  readonly queues: readonly {
    readonly name: string;
    readonly state: string;
    readonly count: number;
    /** Of those that wait: for how long the oldest could have begun. Left out where the store cannot say it. */
    readonly oldestMs?: number;
  }[];
  /** Of workers in this process. */
  readonly worked: readonly {
    readonly name: string;
    readonly running: number;
    readonly ends: Readonly<Record<string, number>>;
    readonly waited: JobTimes;
    readonly ran: JobTimes;
  }[];
}

/** Who knows how things stand with jobs: `jobDesk` of `@tidewire/jobs`. */
export interface JobDesk {
  figures(): Promise<JobFigures>;
}
