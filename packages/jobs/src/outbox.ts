// Jobs that are ordered inside a database transaction of the application: they wait there, and are taken on from there.
import { describeIssues, type SchemaIssue } from "@tidewire/protocol";
import { type Cancel, type Clock, type Log, reasonOf, silentLog, systemClock } from "@tidewire/protocol/ports";
import type { Jobs } from "./jobs.ts";
import type { JobDraft } from "./store/job-store.ts";

/** A job that waits in the application's database. */
export interface OutboxRow {
  /** The application's name for it. */
  readonly place: string;
  /** A draft as JSON, written in the transaction that orders the job. */
  readonly draft: string;
}

/** A table of the application's own. */
export interface Outbox {
  /** The oldest `limit` rows that are neither taken on nor refused. */
  oldest(limit: number): readonly OutboxRow[] | Promise<readonly OutboxRow[]>;
  /** These are taken on, and can be removed. What is not removed comes again, which does no harm. */
  taken(places: readonly string[]): void | Promise<void>;
  /** This is no draft, for that reason, and must not come again. */
  refused(place: string, problem: string): void | Promise<void>;
}

/** What `relayOutbox` is given. */
export interface OutboxOptions {
  readonly jobs: Jobs;
  readonly outbox: Outbox;
  /** How often to look, in milliseconds. Default: 500. */
  readonly pollMs?: number;
  /** Default: says nothing. */
  readonly log?: Log;
  /** Default: the machine's. */
  readonly clock?: Clock;
}

/** Takes on what is in an outbox, until it is stopped. */
export interface OutboxRelay {
  /** Looks at once, after a transaction of this process. */
  wake(): void;
  /** Resolves when nothing more is being taken on. */
  stop(): Promise<void>;
}

const atOnce = 100;

/**
 * Takes drafts from the application's database into the store: at least once, and since a draft has its id from the
 * beginning, it becomes one job. Any number of processes may do so.
 */
export function relayOutbox(options: OutboxOptions): OutboxRelay {
  const { jobs, outbox, pollMs = 500, log = silentLog, clock = systemClock } = options;
  let looking: Promise<void> | null = null;
  let isAskedAgain = false;
  let isStopped = false;
  let cancel: Cancel = () => undefined;
  const look = async (): Promise<void> => {
    do {
      isAskedAgain = false;
      try {
        if ((await take(jobs, outbox)) === atOnce) isAskedAgain = true;
      } catch (thrown) {
        log.warn("the outbox could not be taken on yet", { reason: reasonOf(thrown) });
      }
    } while (isAskedAgain && !isStopped);
  };
  const wake = (): void => {
    isAskedAgain = true;
    if (isStopped || looking !== null) return;
    cancel();
    looking = look().finally(() => {
      looking = null;
      if (!isStopped) cancel = clock.after(pollMs, wake);
    });
  };
  wake();
  return {
    wake,
    async stop() {
      isStopped = true;
      cancel();
      await looking;
    },
  };
}

/** @returns How many there were. */
async function take(jobs: Jobs, outbox: Outbox): Promise<number> {
  const rows = await outbox.oldest(atOnce);
  const drafts: JobDraft[] = [];
  const good: string[] = [];
  for (const row of rows) {
    const read = draftOf(row.draft);
    if (typeof read === "string") await outbox.refused(row.place, read);
    else {
      drafts.push(read);
      good.push(row.place);
    }
  }
  if (drafts.length === 0) return rows.length;
  await jobs.add(drafts);
  await outbox.taken(good);
  return rows.length;
}

/** The draft, or what is wrong with it: the table is the application's, and others may write there. */
function draftOf(row: string): JobDraft | string {
  let value: Readonly<Record<string, unknown>>;
  try {
    value = Object(JSON.parse(row)) as Readonly<Record<string, unknown>>;
    const input = value["input"];
    JSON.parse(typeof input === "string" ? input : "");
  } catch {
    return describeIssues([{ message: "a draft as JSON, with an input as JSON, was expected" }]);
  }
  const terms = Object(value["terms"]) as Readonly<Record<string, unknown>>;
  const issues: SchemaIssue[] = [
    ...wrong(value, ["id", "name", "owner", "keyHolds"], "string"),
    ...wrong(value, ["dueMs", "priority"], "number"),
    ...wrong(terms, ["attempts", "firstDelayMs", "longestDelayMs", "timeoutMs"], "number"),
    ...(value["key"] === null ? [] : wrong(value, ["key"], "string")),
  ];
  return issues.length === 0 ? (value as unknown as JobDraft) : describeIssues(issues);
}

function wrong(
  value: Readonly<Record<string, unknown>>,
  names: readonly string[],
  type: "string" | "number",
): SchemaIssue[] {
  const isWrong = (name: string): boolean =>
    typeof value[name] !== type || (type === "number" && !Number.isSafeInteger(value[name]));
  return names
    .filter(isWrong)
    .map((name) => ({ message: `a ${type} was expected, got ${typeof value[name]}`, path: [name] }));
}
