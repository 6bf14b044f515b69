// What a job's entry in Redis says, and what that means for the contract. It is not believed: others can write there.
import type { Ending, JobCount, JobDraft, JobRecord, JobState, Run } from "../store/job-store.ts";

/** What is added to a queue as a job's data. */
export type Kept = Omit<JobDraft, "keyHolds">;

export interface Entry {
  readonly id: string;
  readonly state: JobState;
  readonly fence: number;
  readonly attempt: number;
  readonly addedMs: number;
  readonly fields: ReadonlyMap<string, string>;
  readonly kept: Kept | null;
}

/** A queue's name or a job's id as BullMQ takes it: no colons, no plain numbers. */
export const queueOf = (name: string): string => `n${encodeURIComponent(name)}`;
export const keyOf = (id: string): string => `j${encodeURIComponent(id)}`;

const highest = 1_000;

/** BullMQ's priorities: 1 is the first. */
export const priorityOf = (priority: number): number => highest + 1 - priority;

export function entryOf(answer: unknown): Entry {
  const [, key, state, fence, attempt, arrivedUs, list] = answer as readonly [...string[], readonly string[]];
  const flat = list as readonly string[];
  const fields = new Map<string, string>();
  for (let n = 0; n + 1 < flat.length; n += 2) fields.set(flat[n] ?? "", flat[n + 1] ?? "");
  return {
    id: decodeURIComponent(String(key).slice(1)),
    state: state as JobState,
    fence: Number(fence),
    attempt: Number(attempt),
    addedMs: Math.floor(Number(arrivedUs) / 1_000),
    fields,
    kept: keptOf(fields.get("data")),
  };
}

function keptOf(data: string | undefined): Kept | null {
  const kept = parsed(data) as Partial<Kept> | null | undefined;
  const terms = kept?.terms;
  const texts = [kept?.id, kept?.name, kept?.input, kept?.owner];
  const numbers = [terms?.attempts, terms?.firstDelayMs, terms?.longestDelayMs, terms?.timeoutMs];
  const isSound =
    texts.every((text) => typeof text === "string") &&
    numbers.every((number) => Number(number) >= 0 && Number.isSafeInteger(number));
  return isSound && parsed(kept?.input) !== undefined ? (kept as Kept) : null;
}

function parsed(json: string | undefined): unknown {
  try {
    return JSON.parse(json ?? "") as unknown;
  } catch {
    return undefined;
  }
}

/** What BullMQ has handed out. */
export interface HandedOut {
  readonly queue: string;
  readonly key: string;
  /** Whether it says why a hand before this one has failed. */
  readonly hasReason: boolean;
  /** `null` where it cannot be read. */
  readonly run: Run | null;
}

export function handedOutOf(answer: unknown): HandedOut {
  const [queue, key, fence, attempt, arrivedUs, hasReason, opts, data] = answer as readonly string[];
  // BullMQ reads its options when the job ends.
  const kept = parsed(opts) === undefined ? null : keptOf(data);
  const hand = { queue: String(queue), key: String(key), hasReason: Number(hasReason) === 1 };
  if (kept === null) return { ...hand, run: null };
  const { id, name, input, owner, terms } = kept;
  const dueMs = dueOf(kept, Math.floor(Number(arrivedUs) / 1_000));
  return { ...hand, run: { id, fence: Number(fence), name, input, owner, attempt: Number(attempt), terms, dueMs } };
}

/** Others can write what is kept. */
function dueOf(kept: Kept | null, addedMs: number): number {
  return Math.max(Number(kept?.dueMs) || 0, addedMs);
}

/** The output is a text in BullMQ's own JSON. */
function outputOf({ state, fields }: Entry): string | null {
  const output = state === "done" ? parsed(fields.get("returnvalue")) : null;
  return typeof output === "string" && parsed(output) !== undefined ? output : null;
}

const reasonOf = ({ fields }: Entry): string => fields.get("tw:reason") ?? "";
const messageOf = ({ fields }: Entry): string => fields.get("tw:message") ?? "";

/** A result that is no JSON any more is told as that of a job that died of it. */
export function endingOf(entry: Entry): Ending {
  const { id, fence, state, kept } = entry;
  const name = kept?.name ?? "";
  const output = outputOf(entry);
  if (state === "done" && output === null) {
    return { id, fence, name, state: "dead", output, reason: "malformed", message: "the kept result is damaged" };
  }
  const end = state === "done" || state === "canceled" ? state : "dead";
  return { id, fence, name, state: end, output, reason: reasonOf(entry), message: messageOf(entry) };
}

const noTerms = { attempts: 0, firstDelayMs: 0, longestDelayMs: 0, timeoutMs: 0 };

export function recordOf(entry: Entry): JobRecord {
  const { id, state, attempt, addedMs, fields, kept } = entry;
  const endedMs = fields.get("finishedOn");
  return {
    id,
    name: kept?.name ?? "",
    input: kept?.input ?? "",
    owner: kept?.owner ?? "",
    dueMs: dueOf(kept, addedMs),
    priority: kept?.priority ?? 0,
    key: kept?.key ?? null,
    terms: kept?.terms ?? noTerms,
    state,
    attempt,
    addedMs,
    endedMs: endedMs === undefined ? null : Number(endedMs),
    output: outputOf(entry),
    reason: reasonOf(entry),
    message: messageOf(entry),
  };
}

/**
 * @param answer For each queue its name, and how many wait, run and are dead.
 * @param oldest For how long what waits longest in it could have begun, in milliseconds.
 */
export function countsOf(answer: unknown, oldest: ReadonlyMap<string, number>): readonly JobCount[] {
  return (answer as readonly (readonly [string, number, number, number])[]).flatMap(([queue, ...counts]) =>
    (["waiting", "running", "dead"] as const)
      .map((state, n) => ({
        name: decodeURIComponent(queue.slice(1)),
        state,
        count: counts[n] ?? 0,
        ...(state === "waiting" && { oldestMs: oldest.get(queue) ?? 0 }),
      }))
      .filter(({ count }) => count > 0),
  );
}
