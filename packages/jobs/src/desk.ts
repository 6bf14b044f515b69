// The desk of jobs: what `/metrics` tells of a store's queues and of the workers in this process.
import type { JobDefinition } from "@tidewire/protocol";
import { type Clock, systemClock } from "@tidewire/protocol/ports";
import type { Jobs } from "./jobs.ts";
import type { JobCount } from "./store/job-store.ts";
import type { JobWorker } from "./worker.ts";
import type { WorkedFigures } from "./worker-figures.ts";

/** What `jobDesk` is given. */
export interface JobDeskOptions {
  readonly jobs: Jobs;
  /** Jobs with other names are counted together, under `otherJobs`. At most 100. */
  readonly definitions: readonly Pick<JobDefinition, "name">[];
  /** Those of this process. Default: none. */
  readonly workers?: readonly Pick<JobWorker, "figures">[];
  /** Default: the machine's. */
  readonly clock?: Clock;
}

/** How things stand with jobs. */
export interface JobFigures {
  /** Whether the store did not answer just now; then nothing is known of its queues. */
  readonly isStoreAway: boolean;
  /** Jobs in the store that have not ended, and dead letters. Of each definition all three states; the age is 0 where nothing waits. */
  readonly queues: readonly JobCount[];
  /** Of workers in this process, by definition. */
  readonly worked: readonly WorkedFigures[];
}

/** Figures of jobs, for `/metrics` of a server (its option `jobs`) or for an application's own. */
export interface JobDesk {
  figures(): Promise<JobFigures>;
}

/** The name that jobs without a definition are counted under; no definition can have it. */
export const otherJobs = "(other)";

const mostDefinitions = 100;

/** Less than a server waits for it. */
const answerMs = 1_500;
const states = ["waiting", "running", "dead"] as const;

/** @throws {RangeError} for more than 100 definitions. */
export function jobDesk({ jobs, definitions, workers = [], clock = systemClock }: JobDeskOptions): JobDesk {
  const names: ReadonlySet<string> = new Set(definitions.map(({ name }) => name));
  if (names.size > mostDefinitions) {
    throw new RangeError(`definitions: at most ${mostDefinitions} were expected, got ${names.size}`);
  }
  // Whoever looks while the store is asked gets the same answer: many who look are one who asks.
  let asking: Promise<readonly JobCount[] | null> | null = null;
  return {
    figures: async () => {
      asking ??= jobs.store
        .counts()
        .catch(() => null)
        .finally(() => (asking = null));
      const counted = await within(asking, clock);
      return {
        isStoreAway: counted === null,
        queues: counted === null ? [] : queuesOf(counted, names),
        worked: joined(workers.flatMap((worker) => worker.figures()).filter(({ name }) => names.has(name))),
      };
    },
  };
}

function within<Value>(asking: Promise<Value | null>, clock: Clock): Promise<Value | null> {
  const { promise: late, resolve } = Promise.withResolvers<null>();
  const cancel = clock.after(answerMs, () => resolve(null));
  return Promise.race([asking, late]).finally(cancel);
}

function queuesOf(counted: readonly JobCount[], names: ReadonlySet<string>): readonly JobCount[] {
  const all = Map.groupBy(counted, ({ name, state }) => `${names.has(name) ? name : otherJobs} ${state}`);
  return [...names, otherJobs].flatMap((name) =>
    states.map((state) => {
      const counts = all.get(`${name} ${state}`) ?? [];
      const oldestMs = state === "waiting" ? oldestOf(counts) : null;
      const count = counts.reduce((sum, one) => sum + one.count, 0);
      return { name, state, count, ...(oldestMs !== null && { oldestMs }) };
    }),
  );
}

/** @returns `null` where the store does not say it of all that wait. */
function oldestOf(counts: readonly JobCount[]): number | null {
  const ages = counts.filter(({ count }) => count > 0).map(({ oldestMs = null }) => oldestMs);
  return ages.includes(null) ? null : Math.max(0, ...ages.map(Number));
}

/** Several workers of a process may do the same kind. */
function joined(worked: readonly WorkedFigures[]): readonly WorkedFigures[] {
  return [...Map.groupBy(worked, ({ name }) => name).values()].map((same) => same.reduce(added));
}

function added(one: WorkedFigures, other: WorkedFigures): WorkedFigures {
  const ends = Object.entries(one.ends).map(([how, count]) => [how, count + other.ends[how as keyof typeof one.ends]]);
  return {
    name: one.name,
    running: one.running + other.running,
    ends: Object.fromEntries(ends) as WorkedFigures["ends"],
    waited: addedTimes(one.waited, other.waited),
    ran: addedTimes(one.ran, other.ran),
  };
}

function addedTimes(one: WorkedFigures["ran"], other: WorkedFigures["ran"]): WorkedFigures["ran"] {
  return {
    stepsMs: one.stepsMs,
    cumulative: one.cumulative.map((count, n) => count + (other.cumulative[n] ?? 0)),
    sumMs: one.sumMs + other.sumMs,
  };
}
