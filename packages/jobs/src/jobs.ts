// The face of jobs towards an application: ordering them, looking at them, canceling and replaying them.
import { fail, type JobDefinition, type JobShapeOf } from "@tidewire/protocol";
import { type Clock, type Random, systemClock, systemRandom } from "@tidewire/protocol/ports";
import { checked, jsonOf, maxInputBytes } from "./payload.ts";
import type { Added, JobDraft, JobQuery, JobRecord, JobStore, Terms } from "./store/job-store.ts";

/** What one job is ordered with. */
export interface EnqueueOptions extends Partial<Terms> {
  /** The user who may watch it on its channel. Default: nobody. */
  readonly owner?: string;
  /** Milliseconds before it may begin. Default: 0. */
  readonly delayMs?: number;
  /** Higher ones come first; -1,000 to 1,000. Default: 0. */
  readonly priority?: number;
  /** 1 to 255 characters. While there is a job of this name with the same key, that one is meant, and nothing is added. */
  readonly key?: string;
  /** How long the key counts: until the job has ended, or as long as the store remembers it. Default: `unfinished`. */
  readonly keyHolds?: JobDraft["keyHolds"];
}

/** What the options leave open. */
const defaultTerms: Terms = { attempts: 5, firstDelayMs: 1_000, longestDelayMs: 60_000, timeoutMs: 60_000 };

const limits = {
  attempts: [1, 100],
  firstDelayMs: [0, 86_400_000],
  longestDelayMs: [0, 86_400_000],
  timeoutMs: [1, 86_400_000],
  priority: [-1_000, 1_000],
  delayMs: [0, 31_536_000_000],
} as const;

/** What `createJobs` is given. */
export interface JobsOptions {
  readonly store: JobStore;
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** Default: the operating system's. */
  readonly random?: Random;
}

/** Orders jobs, looks at them, cancels and replays them. */
export interface Jobs {
  readonly store: JobStore;
  /**
   * Adds a job; resolves when it survives whatever the store survives (J1).
   * @throws {TidewireError} `invalid_data`, `too_large`, `limit_exceeded` when the store is full, `engine_unavailable`;
   * `indeterminate` when nobody can know: with a `key`, asking again is safe.
   * @throws {RangeError} for an option out of its range.
   */
  enqueue<Definition extends JobDefinition>(
    definition: Definition,
    input: JobShapeOf<Definition>["input"],
    options?: EnqueueOptions,
  ): Promise<Added>;
  /** A job that is checked and not added: for a database transaction, from which an outbox takes it on. */
  draft<Definition extends JobDefinition>(
    definition: Definition,
    input: JobShapeOf<Definition>["input"],
    options?: EnqueueOptions,
  ): Promise<JobDraft>;
  /** Adds what was drafted before. Adding it again adds nothing. */
  add(drafts: readonly JobDraft[]): Promise<readonly Added[]>;
  find(id: string): Promise<JobRecord | null>;
  /** A page of jobs, in the order of arrival. Dead letters are those of the state `dead`. */
  list(query: Omit<Extract<JobQuery, { kind: "page" }>, "kind">): Promise<readonly JobRecord[]>;
  /** A waiting job ends at once; the handler of a running one is told by its signal within a second or two. False: it has ended. */
  cancel(id: string): Promise<boolean>;
  /** A dead letter waits again, with all its attempts. False when it is none. */
  replay(id: string): Promise<boolean>;
  /** Calls `listener` when something was added here, so that a worker in this process need not wait for its next look. */
  onAdded(listener: () => void): () => void;
}

/** The jobs of a store. */
export function createJobs(options: JobsOptions): Jobs {
  const { store, clock = systemClock, random = systemRandom } = options;
  const listeners = new Set<() => void>();
  const jobs: Jobs = {
    store,
    draft: async (definition, input, given = {}) => await draftOf({ definition, input, given }, clock, random),
    add: async (drafts) => {
      const added = await store.add(drafts);
      for (const listener of listeners) listener();
      return added;
    },
    enqueue: async (definition, input, given) => {
      const [added] = await jobs.add([await jobs.draft(definition, input, given)]);
      return added ?? fail("internal", "the job store answered without a job");
    },
    find: async (id) => (await store.read({ kind: "one", id }))[0] ?? null,
    list: async (query) => await store.read({ kind: "page", ...query }),
    cancel: async (id) => await store.change(id, "cancel"),
    replay: async (id) => {
      const isReplayed = await store.change(id, "replay");
      for (const listener of listeners) listener();
      return isReplayed;
    },
    onAdded: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
  return jobs;
}

interface Order {
  readonly definition: JobDefinition;
  readonly input: unknown;
  readonly given: EnqueueOptions;
}

async function draftOf({ definition, input, given }: Order, clock: Clock, random: Random): Promise<JobDraft> {
  const { name, inputSchema } = definition;
  const { owner = "", delayMs = 0, priority = 0, key = null, keyHolds = "unfinished", ...rest } = given;
  const terms = { ...defaultTerms, ...rest };
  checkRanges({ ...terms, delayMs, priority });
  if (key !== null && (key === "" || key.length > 255)) {
    throw new RangeError(`key: 1 to 255 characters were expected, got ${key.length}`);
  }
  const what = `the input of "${name}"`;
  await checked({ schema: inputSchema, value: input, what });
  const { attempts, firstDelayMs, longestDelayMs, timeoutMs } = terms;
  return {
    id: random.token(132),
    name,
    // As it was given: the worker's schema yields from it what the handler gets.
    input: jsonOf(input, what, maxInputBytes),
    owner,
    dueMs: delayMs === 0 ? 0 : clock.wall() + delayMs,
    priority,
    key,
    keyHolds,
    terms: { attempts, firstDelayMs, longestDelayMs, timeoutMs },
  };
}

function checkRanges(values: Readonly<Record<keyof typeof limits, number>>): void {
  for (const name of Object.keys(limits) as (keyof typeof limits)[]) {
    const [least, most] = limits[name];
    const value = values[name];
    if (!Number.isInteger(value) || value < least || value > most) {
      throw new RangeError(`${name}: an integer from ${least} to ${most} was expected, got ${value}`);
    }
  }
}
