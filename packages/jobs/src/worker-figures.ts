// What a worker counts of each kind of job it has a handler for, in plain numbers.

/** How long something took, of all times it happened. */
export interface JobTimes {
  /** Upper ends of steps, in milliseconds, ascending. */
  readonly stepsMs: readonly number[];
  /** How many took at most as long as each step says, and at last how many there were. */
  readonly cumulative: readonly number[];
  /** Of all together. */
  readonly sumMs: number;
}

/** How runs end. A run that has `failed` with attempts left is `retried`, with none left it is `dead`. */
export const runEnds = ["done", "retried", "dead", "canceled", "returned", "lost"] as const;
/** How a run of a job ended for its worker. */
export type RunEnd = (typeof runEnds)[number];

/** Of one kind of job, since the worker was made. */
export interface WorkedFigures {
  readonly name: string;
  readonly running: number;
  /** Runs, by how they ended. `lost` ones were taken over by another worker. */
  readonly ends: Readonly<Record<RunEnd, number>>;
  /** From when a job could begin, which is its order or the end of its delay, until its first attempt began. */
  readonly waited: JobTimes;
  /** From when a run began until its handler was over, however it ended. */
  readonly ran: JobTimes;
}

/** Upper ends of the steps of all times, in milliseconds: from what is done at once to what takes an hour. */
const jobStepsMs: readonly number[] = [
  5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 300_000, 900_000, 3_600_000,
];

class Times {
  readonly #counts = new Float64Array(jobStepsMs.length + 1);
  #sumMs = 0;

  observe(ms: number): void {
    let step = 0;
    while (step < jobStepsMs.length && ms > (jobStepsMs[step] ?? 0)) step += 1;
    this.#counts[step] = (this.#counts[step] ?? 0) + 1;
    this.#sumMs += ms;
  }

  get now(): JobTimes {
    let sum = 0;
    return { stepsMs: jobStepsMs, cumulative: Array.from(this.#counts, (count) => (sum += count)), sumMs: this.#sumMs };
  }
}

class Worked {
  running = 0;
  readonly ends: Record<RunEnd, number> = { done: 0, retried: 0, dead: 0, canceled: 0, returned: 0, lost: 0 };
  readonly waited = new Times();
  readonly ran = new Times();
}

/** There are as many names as handlers: a name that came with a job alone is never one. */
export class WorkerFigures {
  readonly #all = new Map<string, Worked>();

  know(name: string): void {
    this.#all.set(name, new Worked());
  }

  /** @param waitedMs `null` where it is not a first attempt. */
  begun(name: string, waitedMs: number | null): void {
    const worked = this.#all.get(name);
    if (worked === undefined) return;
    worked.running += 1;
    // The clocks of machines differ.
    if (waitedMs !== null) worked.waited.observe(Math.max(0, waitedMs));
  }

  ran(name: string, ms: number): void {
    const worked = this.#all.get(name);
    if (worked === undefined) return;
    worked.running -= 1;
    worked.ran.observe(ms);
  }

  ended(name: string, how: RunEnd): void {
    const worked = this.#all.get(name);
    if (worked !== undefined) worked.ends[how] += 1;
  }

  get now(): readonly WorkedFigures[] {
    return Array.from(this.#all, ([name, { running, ends, waited, ran }]) => ({
      name,
      running,
      ends: { ...ends },
      waited: waited.now,
      ran: ran.now,
    }));
  }
}
