// Jobs that come again and again: the next one is in the store before it is due, whoever is up by then.
import { Cron } from "croner";
import type { JobDefinition, JobShapeOf } from "@tidewire/protocol";
import { type Cancel, type Clock, type Log, reasonOf, silentLog, systemClock, toDate } from "@tidewire/protocol/ports";
import type { EnqueueOptions, Jobs } from "./jobs.ts";

/** What is to be done, and when. */
export interface Schedule<Definition extends JobDefinition> {
  /** Names it among all schedules of the store: the same one in several processes gives one job each time. */
  readonly name: string;
  /** Five fields, or six with seconds before them: `0 3 * * *`. */
  readonly cron: string;
  /** Such as `Europe/Vienna`. Default: UTC. */
  readonly timeZone?: string;
  readonly definition: Definition;
  readonly input: JobShapeOf<Definition>["input"];
  readonly options?: Omit<EnqueueOptions, "key" | "keyHolds" | "delayMs">;
}

/** What `schedule` is given beside the schedule itself. */
export interface ScheduleOptions {
  readonly jobs: Jobs;
  /** Default: says nothing. */
  readonly log?: Log;
  /** Default: the machine's. */
  readonly clock?: Clock;
}

/** At least this often the time of day is looked at, since it may jump. */
const longestWaitMs = 30_000;
const againMs = 5_000;

/**
 * Enqueues a job for each time of `schedule`, ahead of it. Times at which no process was up are done once, late, if their
 * job was in the store by then; others are left out.
 * @returns Stops it; the job that is in the store already stays there.
 * @throws {TypeError} when the pattern or the time zone is none.
 */
export function schedule<Definition extends JobDefinition>(
  given: Schedule<Definition>,
  { jobs, log = silentLog, clock = systemClock }: ScheduleOptions,
): Cancel {
  const { name, definition, input, options } = given;
  const times = timesOf(given);
  let plannedMs = 0;
  let cancel: Cancel = () => undefined;
  let isStopped = false;
  const plan = async (): Promise<number> => {
    const nowMs = clock.wall();
    const nextMs = times.nextRun(toDate(nowMs))?.getTime();
    if (nextMs === undefined) return longestWaitMs;
    if (nextMs !== plannedMs) {
      // One job for each time, whoever is first, and however often a clock that goes back comes to it (P4).
      const key = `schedule:${name}@${nextMs}`;
      await jobs.enqueue(definition, input, { ...options, key, keyHolds: "kept", delayMs: nextMs - nowMs });
      plannedMs = nextMs;
    }
    return Math.min(nextMs - nowMs, longestWaitMs);
  };
  const later = (ms: number): void => {
    if (!isStopped) cancel = clock.after(ms, go);
  };
  const go = (): void => {
    plan().then(later, (thrown: unknown) => {
      log.error("the next job of a schedule could not be added yet", { schedule: name, reason: reasonOf(thrown) });
      later(againMs);
    });
  };
  go();
  return () => {
    isStopped = true;
    cancel();
  };
}

function timesOf({ cron, timeZone, name }: Schedule<JobDefinition>): Cron {
  if (name === "" || name.length > 200)
    throw new TypeError(`a schedule's name of 1 to 200 characters was expected, got "${name}"`);
  try {
    const times = new Cron(cron, { timezone: timeZone ?? "UTC", paused: true });
    times.nextRun(toDate(0));
    return times;
  } catch (thrown) {
    throw new TypeError(`"${name}": a cron pattern and a time zone were expected (${reasonOf(thrown)})`, {
      cause: thrown,
    });
  }
}
