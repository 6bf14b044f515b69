// A worker: takes jobs from a store as long as it has hands free, keeps their leases, and settles them.
import type { JobDefinition, JobShape } from "@tidewire/protocol";
import {
  type Cancel,
  type Clock,
  type Log,
  type Random,
  reasonOf,
  silentLog,
  systemClock,
  systemRandom,
} from "@tidewire/protocol/ports";
import { Endings } from "./endings.ts";
import { FreeHands } from "./free-hands.ts";
import { handled, type Handled, type JobHandler, JobRun, type Stop } from "./job-run.ts";
import type { Jobs } from "./jobs.ts";
import { Leases } from "./leases.ts";
import type { Publisher } from "./publisher.ts";
import type { JobState, Outcome, Run, Settled } from "./store/job-store.ts";
import { Teller } from "./teller.ts";
import { type RunEnd, type WorkedFigures, WorkerFigures } from "./worker-figures.ts";

/** What `createWorker` is given. */
export interface WorkerOptions {
  readonly jobs: Jobs;
  /** Where progress and results are told. Default: nowhere. */
  readonly publisher?: Publisher;
  /** Jobs at once, 1 to 1,000. Default: 4. */
  readonly concurrency?: number;
  /**
   * Jobs that are fetched before there is a hand for them, 0 to 1,000: for handlers of milliseconds, which would wait for the store longer than
   * they work. Until it begins, such a job is no other worker's, though another one may be idle or a more urgent job may come, and it has lost an attempt
   * where this process dies. Default: 0.
   */
  readonly ahead?: number;
  /** How long a job stays with a worker that is not heard of, in milliseconds from 1,000. Default: 15,000. */
  readonly leaseMs?: number;
  /** How often to look for what other processes have added, in milliseconds from 10 to 1,000. Default: 250. */
  readonly pollMs?: number;
  /** Jobs that no worker has a handler for are dead letters after this time, in milliseconds. Default: a day. */
  readonly orphanMs?: number;
  /** Default: says nothing. */
  readonly log?: Log;
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** Default: the operating system's. */
  readonly random?: Random;
}

/** What a worker has done since it was made, and does now. */
export interface WorkerStats {
  readonly running: number;
  readonly done: number;
  readonly failed: number;
  /** Runs that another worker has taken over. */
  readonly lost: number;
  /** Entries of the store that could not be read. */
  readonly refused: number;
  /** Handlers that still run though their job has ended without them. */
  readonly abandoned: number;
}

/** Takes jobs from a store and does them. */
export interface JobWorker {
  /** Names the function that does such jobs. @throws {TypeError} when there is one already. */
  handle<Shape extends JobShape>(definition: JobDefinition<Shape>, handler: JobHandler<JobDefinition<Shape>>): void;
  /** Begins to take jobs from the store, which is open. */
  start(): void;
  /**
   * Takes nothing new, gives back at once what waits for a hand, waits for what runs, and gives back what is not done after `graceMs`, so
   * that another worker takes it at once and no attempt is counted. Default: 10,000.
   */
  stop(options?: { readonly graceMs?: number }): Promise<void>;
  stats(): WorkerStats;
  /** The same by kind of job, with times: what `jobDesk` tells of it. */
  figures(): readonly WorkedFigures[];
}

/** Handlers that do not listen to their signal; past this many a process takes nothing new until some return. */
const mostAbandoned = 1_000;
const settleAgainMs = 250;
const dayMs = 86_400_000;

/** @throws {RangeError} for an option out of its range. */
export function createWorker(options: WorkerOptions): JobWorker {
  return new Worker(options);
}

type State = "idle" | "working" | "stopping";

class Worker implements JobWorker {
  readonly #jobs: Jobs;
  readonly #publisher: Publisher | null;
  /** Of runs that are not over: those that have a hand, and those that are fetched ahead. */
  readonly #room: number;
  readonly #hands: FreeHands<JobRun>;
  readonly #leaseMs: number;
  readonly #pollMs: number;
  readonly #orphanMs: number;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #leases: Leases;
  readonly #endings: Endings;
  readonly #handlers = new Map<string, Handled>();
  /** The runs of this worker, each until it is settled. */
  readonly #going = new Map<JobRun, Promise<void>>();
  /** The newest run of each job that is not settled and told: what it tells comes before what the next one does. */
  readonly #untold = new Map<string, Promise<void>>();
  readonly #figures = new WorkerFigures();
  readonly #counts = { done: 0, failed: 0, lost: 0, refused: 0, abandoned: 0 };
  readonly #looks = new Set<Promise<void>>();
  #state: State = "idle";
  /** Runs that were asked of the store. */
  #asked = 0;
  #waking: Promise<void> | null = null;
  #isStoreAway = false;
  #endsAskedMs = -Infinity;
  #cancelPoll: Cancel = () => undefined;
  #cancelAdded: Cancel = () => undefined;

  constructor(options: WorkerOptions) {
    this.#jobs = options.jobs;
    this.#publisher = options.publisher ?? null;
    const concurrency = within("concurrency", options.concurrency ?? 4, [1, 1_000]);
    this.#room = concurrency + within("ahead", options.ahead ?? 0, [0, 1_000]);
    this.#hands = new FreeHands(concurrency);
    this.#leaseMs = within("leaseMs", options.leaseMs ?? 15_000, [1_000, 3_600_000]);
    this.#pollMs = within("pollMs", options.pollMs ?? 250, [10, 1_000]);
    this.#orphanMs = within("orphanMs", options.orphanMs ?? dayMs, [1_000, 365 * dayMs]);
    this.#log = options.log ?? silentLog;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? systemRandom;
    const { store } = options.jobs;
    this.#leases = new Leases({ store, leaseMs: this.#leaseMs, clock: this.#clock, log: this.#log });
    this.#endings = new Endings({ store, publisher: this.#publisher, log: this.#log });
  }

  handle<Shape extends JobShape>(definition: JobDefinition<Shape>, handler: JobHandler<JobDefinition<Shape>>): void {
    const { name } = definition;
    if (this.#handlers.has(name)) throw new TypeError(`one handler for "${name}" was expected, got another one`);
    this.#handlers.set(name, handled(definition, handler));
    this.#figures.know(name);
    this.#wake();
  }

  start(): void {
    if (this.#state !== "idle") throw new TypeError(`a worker that is idle was expected, it is ${this.#state}`);
    this.#state = "working";
    this.#cancelAdded = this.#jobs.onAdded(() => this.#wake());
    this.#look();
  }

  async stop({ graceMs = 10_000 }: { readonly graceMs?: number } = {}): Promise<void> {
    if (this.#state !== "working") return;
    this.#state = "stopping";
    this.#cancelAdded();
    this.#cancelPoll();
    this.#giveBackWaiting();
    // What was just claimed is ours as well.
    await this.#waking;
    await Promise.all(this.#looks);
    this.#giveBackWaiting();
    const cancelReturn = this.#clock.after(graceMs, () => {
      for (const job of this.#going.keys()) this.#end(job, "returned");
    });
    await Promise.all(this.#going.values());
    cancelReturn();
    await this.#endings.told();
    this.#state = "idle";
  }

  stats(): WorkerStats {
    return { running: this.#hands.busy, ...this.#counts };
  }

  figures(): readonly WorkedFigures[] {
    return this.#figures.now;
  }

  /** What wakes it in one turn is one look; what frees a hand while that is on its way is another one. */
  #wake(): void {
    this.#waking ??= new Promise<void>((resolve) => this.#clock.defer(resolve)).then(() => {
      this.#waking = null;
      if (this.#state === "working" && this.#free > 0) this.#look();
    });
  }

  /**
   * Runs for which there is room and nothing was asked. A hand whose handler is over is free before its end is recorded, so that one commit of the
   * store does for both; where ends cannot be recorded there are no more of them than there is room.
   */
  get #free(): number {
    if (this.#counts.abandoned >= mostAbandoned) return 0;
    const unsettled = this.#unsettled;
    return this.#room - (this.#going.size - unsettled) - this.#asked - Math.max(0, unsettled - this.#room);
  }

  /** Runs whose handler is over, and whose end is not recorded yet. */
  get #unsettled(): number {
    return this.#going.size - this.#hands.busy - this.#hands.waiting.size;
  }

  #look(): void {
    this.#cancelPoll();
    const look = this.#take().finally(() => {
      this.#looks.delete(look);
      if (this.#looks.size > 0 || this.#state !== "working") return;
      this.#cancelPoll();
      this.#cancelPoll = this.#clock.after(this.#pollMs, () => this.#look());
    });
    this.#looks.add(look);
  }

  /** What others have left untold need not be asked for by each of the looks that follow one another. */
  #isTimeForEnds(): boolean {
    const nowMs = this.#clock.now();
    if (nowMs - this.#endsAskedMs < this.#pollMs / 2) return false;
    this.#endsAskedMs = nowMs;
    return true;
  }

  async #take(): Promise<void> {
    // Half of its room at most: what comes together moves together, and then the store waits while that is told.
    const runs = Math.max(0, Math.min(this.#free, Math.ceil(this.#room / 2)));
    const endings = this.#isTimeForEnds() ? this.#endings.room : 0;
    const names = [...this.#handlers.keys()];
    this.#asked += runs;
    try {
      const wanted = { names, runs, endings, leaseMs: this.#leaseMs, orphanMs: this.#orphanMs };
      const claimed = await this.#jobs.store.claim(wanted);
      this.#isStoreAway = false;
      for (const ending of claimed.endings) this.#endings.tell(ending);
      for (const run of claimed.runs) this.#begin(run);
      for (const entry of claimed.refused) this.#log.error("an entry of the job store cannot be read", { entry });
      this.#counts.refused += claimed.refused.length;
      // What was refused has taken the place of others; where there was as much as was asked for, there may be more.
      if (claimed.refused.length > 0 || (runs > 0 && claimed.runs.length === runs)) this.#wake();
    } catch (thrown) {
      if (!this.#isStoreAway) this.#log.error("the job store does not answer", { reason: reasonOf(thrown) });
      this.#isStoreAway = true;
    } finally {
      this.#asked -= runs;
    }
  }

  #begin(run: Run): void {
    const handler = this.#handlers.get(run.name);
    if (handler === undefined) return;
    const [publisher, clock, log] = [this.#publisher, this.#clock, this.#log];
    const isTold = publisher !== null && run.owner !== "";
    const teller = isTold ? new Teller(run, { publisher, clock, log }, this.#untold.get(run.id)) : null;
    const job = new JobRun(run, handler, { clock, random: this.#random, teller });
    this.#leases.begin({ hold: run, stop: (why) => this.#end(job, why) });
    const going = this.#run(job, teller).finally(() => {
      if (this.#untold.get(run.id) === going) this.#untold.delete(run.id);
    });
    this.#going.set(job, going);
    this.#untold.set(run.id, going);
  }

  #giveBackWaiting(): void {
    for (const job of this.#hands.waiting.keys()) this.#end(job, "returned");
  }

  /** What has not begun need not wait for a hand to be over. */
  #end(job: JobRun, why: Stop): void {
    job.stop(why);
    this.#hands.release(job);
  }

  async #run(job: JobRun, teller: Teller | null): Promise<void> {
    const { run } = job;
    await this.#hands.taken(job);
    const started = job.isStopped ? undefined : teller?.tell({ kind: "started", run: run.fence, attempt: run.attempt });
    const ran = this.#counted(job);
    let hasReturned = false;
    let isAbandoned = false;
    const outcome = await job.outcome(() => {
      hasReturned = true;
      if (isAbandoned) this.#counts.abandoned -= 1;
    });
    isAbandoned = !hasReturned;
    if (isAbandoned) this.#counts.abandoned += 1;
    ran();
    this.#hands.giveBack();
    this.#wake();
    const state = await this.#settle(run, outcome);
    if (outcome === null || state === null) this.#lost(run);
    const told = outcome === null || state === null ? started : this.#settled({ run, outcome, state, teller });
    this.#leases.end(run);
    // Where ends waited to be recorded, so did hands.
    if (this.#unsettled > this.#room) this.#wake();
    this.#going.delete(job);
    await told;
  }

  /** Counts a run that begins. @returns Called when its handler is over. */
  #counted({ run, isStopped }: JobRun): () => void {
    if (isStopped) return () => undefined;
    const { name, attempt, dueMs } = run;
    // An older keeper does not say when it could begin.
    const isFirst = attempt === 1 && Number.isSafeInteger(dueMs);
    this.#figures.begun(name, isFirst ? this.#clock.wall() - dueMs : null);
    const sinceMs = this.#clock.now();
    return () => this.#figures.ran(name, this.#clock.now() - sinceMs);
  }

  /** Tries as long as the job is ours: while the store is away, work that was done is not to be lost. */
  async #settle(run: Run, outcome: Outcome | null): Promise<Settled> {
    while (outcome !== null && this.#leases.has(run)) {
      try {
        return await this.#jobs.store.settle({ id: run.id, fence: run.fence }, outcome);
      } catch (thrown) {
        this.#log.warn("the end of a run could not be recorded yet", { id: run.id, reason: reasonOf(thrown) });
        await new Promise<void>((resolve) => void this.#clock.after(settleAgainMs, resolve));
      }
    }
    return null;
  }

  #lost({ id, name }: Run): void {
    this.#counts.lost += 1;
    this.#figures.ended(name, "lost");
    this.#log.warn("a job was lost to another worker", { id, name });
  }

  /** Resolves when nothing more is to be said of the run; where it has ended, that is no longer its own to say. */
  #settled({ run, outcome, state, teller }: SettledRun): Promise<void> {
    const { id, fence, name, attempt } = run;
    const { reason, message } = "reason" in outcome ? outcome : { reason: "", message: "" };
    if (state === "done") this.#counts.done += 1;
    this.#figures.ended(name, endOf(outcome, state));
    if (outcome.kind === "failed" || outcome.kind === "dead") {
      this.#counts.failed += 1;
      this.#log.warn("a job failed", { id, name, attempt, state, reason, message });
    }
    if (teller === null) return Promise.resolve();
    if (state === "done" || state === "dead" || state === "canceled") {
      const output = outcome.kind === "done" ? outcome.output : null;
      this.#endings.tell({ id, fence, name, state, output, reason, message }, teller.told);
    } else if (outcome.kind === "failed") {
      return teller.tell({ kind: "retrying", run: fence, reason, inMs: outcome.delayMs });
    }
    return teller.told;
  }
}

interface SettledRun {
  readonly run: Run;
  readonly outcome: Outcome;
  readonly state: JobState;
  readonly teller: Teller | null;
}

function endOf({ kind }: Outcome, state: JobState): RunEnd {
  if (state === "done" || state === "dead" || state === "canceled") return state;
  return kind === "returned" ? "returned" : "retried";
}

function within(name: string, value: number, [least, most]: readonly [number, number]): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new RangeError(`${name}: an integer from ${least} to ${most} was expected, got ${value}`);
}
