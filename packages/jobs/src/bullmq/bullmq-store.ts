// The store on BullMQ: its queues and its locks keep and hand out jobs, a script beside them knows whose word counts.
import { fail } from "@tidewire/protocol";
import {
  type Cancel,
  type Clock,
  type Log,
  type Random,
  silentLog,
  systemClock,
  systemRandom,
} from "@tidewire/protocol/ports";
import type {
  Added,
  Claimed,
  Hold,
  JobDraft,
  JobQuery,
  JobRecord,
  JobStore,
  Outcome,
  Renewal,
  Run,
  Settled,
  Wanted,
} from "../store/job-store.ts";
import { endingOf, entryOf, keyOf, type Kept, priorityOf, queueOf, recordOf, runOf } from "./entries.ts";
import type { BullJob, BullJobOptions, BullLibrary, StoreClient } from "./library.ts";
import { Line, type LineOptions } from "./line.ts";

/** What `bullmqStore` is given. */
export interface BullmqStoreOptions<Client extends StoreClient<Client>, Connection> {
  /** BullMQ 6: `import * as library from "bullmq"`. */
  readonly library: BullLibrary<Client, Connection>;
  /** Of `@redis/client`; a template of which the store makes its connections. */
  readonly client: Client;
  /** What all keys begin with. Default: `tidewire-jobs`. */
  readonly prefix?: string;
  /**
   * Whether to open only on a Redis that has each commit on its disk before it acks it and evicts nothing. `trusted` asks nothing, for
   * a server that does not show its settings, and promises no more than that server does. Default: `checked`.
   */
  readonly durability?: "checked" | "trusted";
  /** For how long jobs that are done or canceled can be looked at, in milliseconds. Default: a day. */
  readonly keepEndedMs?: number;
  /** The same of dead letters. Default: thirty days. */
  readonly keepDeadMs?: number;
  /** Default: says nothing. */
  readonly log?: Log;
  /** Default: the machine's, which is what BullMQ's delays follow. Leases end by the time of Redis. */
  readonly clock?: Clock;
  /** Default: the operating system's. Makes the tokens of BullMQ's locks. */
  readonly random?: Random;
}

/**
 * Keeps jobs in BullMQ's queues on one Redis 6.2 or later (not a cluster), for workers on any number of machines whose clocks agree. A
 * queue that it uses is no other worker's.
 */
export function bullmqStore<Client extends StoreClient<Client>, Connection>(
  options: BullmqStoreOptions<Client, Connection>,
): JobStore {
  return new BullmqStore(options);
}

const dayMs = 86_400_000;
const housekeepingMs = 60_000;
const cleanedAtOnce = 5_000;

/** What BullMQ says to a token that is no longer the lock's, or of a job that is gone. */
const refusals: readonly unknown[] = [-1, -2, -3, -6];

class BullmqStore<Client extends StoreClient<Client>, Connection> implements JobStore {
  readonly #options: LineOptions<Client, Connection>;
  readonly #random: Random;
  readonly #isChecked: boolean;
  readonly #keepEndedMs: number;
  readonly #keepDeadMs: number;
  #open: Line<Client, Connection> | null = null;
  #cancelHousekept: Cancel | null = null;

  constructor(options: BullmqStoreOptions<Client, Connection>) {
    const { library, client, prefix = "tidewire-jobs", log = silentLog, clock = systemClock } = options;
    this.#options = { library, client, prefix, log, clock };
    this.#random = options.random ?? systemRandom;
    this.#isChecked = options.durability !== "trusted";
    this.#keepEndedMs = options.keepEndedMs ?? dayMs;
    this.#keepDeadMs = options.keepDeadMs ?? 30 * dayMs;
  }

  async open(): Promise<void> {
    if (this.#open !== null) throw new TypeError("a job store that is closed was expected, it is open");
    const line = new Line(this.#options);
    await line.open({ isChecked: this.#isChecked });
    this.#open = line;
  }

  async close(): Promise<void> {
    const line = this.#open;
    this.#open = null;
    this.#cancelHousekept?.();
    this.#cancelHousekept = null;
    await line?.close();
  }

  add(drafts: readonly JobDraft[]): Promise<readonly Added[]> {
    const marks = new Map(drafts.map((draft) => [draft, this.#random.token(132)] as const));
    return this.#line.ask(async () => {
      await this.#line.script("arrive", ...drafts.flatMap(({ name, id }) => [queueOf(name), keyOf(id)]));
      const byName = Map.groupBy(drafts, ({ name }) => name);
      const ids = new Map<JobDraft, string>();
      for (const [name, group] of byName) {
        const jobs = group.map((draft) => this.#given(draft, marks.get(draft) ?? ""));
        const added = await this.#line.queues.of(name).addBulk(jobs);
        group.forEach((draft, n) => ids.set(draft, added[n]?.id ?? keyOf(draft.id)));
      }
      return await Promise.all(drafts.map((draft) => this.#added(draft, ids.get(draft) ?? "", marks.get(draft) ?? "")));
    });
  }

  claim(wanted: Wanted): Promise<Claimed> {
    return this.#line.ask(async () => {
      await this.#housekeep(wanted);
      const { names, runs, endings, leaseMs } = wanted;
      const looked = await this.#line.script("look", runs, endings, leaseMs, ...names.map(queueOf));
      const [due, untold, refused] = looked as readonly [readonly string[], readonly unknown[], readonly string[]];
      const taken = await Promise.allSettled(due.map((queue) => this.#take(queue, leaseMs)));
      const failed = taken.find((one) => one.status === "rejected");
      if (failed !== undefined && taken.every(({ status }) => status === "rejected") && untold.length === 0) {
        throw failed.reason;
      }
      const found = taken.flatMap((one) => (one.status === "fulfilled" && one.value !== null ? [one.value] : []));
      return {
        runs: found.filter((one) => typeof one !== "string"),
        endings: untold.map((answer) => endingOf(entryOf(answer))),
        refused: [...refused, ...found.filter((one) => typeof one === "string")],
      };
    });
  }

  renew(holds: readonly Hold[], leaseMs: number): Promise<readonly Renewal[]> {
    return this.#line.ask(async () => {
      const given = holds.flatMap(({ id, fence }) => [keyOf(id), fence]);
      return (await this.#line.script("renew", leaseMs, ...given)) as readonly Renewal[];
    });
  }

  settle(hold: Hold, outcome: Outcome): Promise<Settled> {
    return this.#line.ask(async () => {
      if (outcome.kind === "told") return (await this.#line.script("told", keyOf(hold.id), hold.fence)) as Settled;
      return await this.#settle(hold, outcome);
    });
  }

  read(query: JobQuery): Promise<readonly JobRecord[]> {
    return this.#line.ask(async () => {
      if (query.kind === "page") return await this.#page(query);
      const found = (await this.#line.script("read", keyOf(query.id))) as readonly unknown[];
      return found.map((answer) => recordOf(entryOf(answer)));
    });
  }

  change(id: string, what: "cancel" | "replay"): Promise<boolean> {
    return this.#line.ask(async () => {
      if (what === "cancel") return (await this.#line.script("cancel", keyOf(id))) === 1;
      const queue = await this.#line.script("replay", keyOf(id));
      if (typeof queue !== "string") return false;
      const job = await this.#line.queues.at(queue).getJob(keyOf(id));
      return job !== undefined && (await accepted(job.retry("failed")));
    });
  }

  get #line(): Line<Client, Connection> {
    return this.#open ?? fail("engine_unavailable", "an open job store was expected, it is closed");
  }

  /** @param mark Tells an entry that was just made from one of the same id that was there. */
  #given(draft: JobDraft, mark: string): { name: string; data: Kept & { mark: string }; opts: BullJobOptions } {
    const { keyHolds, ...kept } = draft;
    const { id, name, key, dueMs, priority } = draft;
    const delay = dueMs === 0 ? 0 : Math.max(0, dueMs - this.#options.clock.wall());
    const opts = { jobId: keyOf(id), priority: priorityOf(priority), delay, attempts: 1 };
    if (key === null) return { name, data: { ...kept, mark }, opts };
    // BullMQ forgets a key with its job's end, or, where it has a time, after that alone.
    const ttl = keyHolds === "kept" ? { ttl: delay + this.#keepDeadMs } : {};
    return { name, data: { ...kept, mark }, opts: { ...opts, deduplication: { id: key, ...ttl } } };
  }

  async #added({ id }: JobDraft, addedAs: string, mark: string): Promise<Added> {
    if (addedAs !== keyOf(id)) return { id: decodeURIComponent(addedAs.slice(1)), isDuplicate: true };
    const [found] = (await this.#line.script("read", addedAs)) as readonly unknown[];
    const kept = found === undefined ? null : (entryOf(found).kept as Partial<{ mark: string }> | null);
    return { id, isDuplicate: kept !== null && kept.mark !== mark };
  }

  /** @returns A run, or in words why the entry is none; `null` when somebody else was faster. */
  async #take(queue: string, leaseMs: number): Promise<Run | string | null> {
    const token = this.#random.token(132);
    try {
      const job = await this.#line.queues.taker(queue, leaseMs).getNextJob(token, { block: false });
      if (job?.id === undefined) return null;
      const begun = await this.#line.script("begin", queue, job.id, token, leaseMs);
      if (begun === null) return null;
      const entry = entryOf(begun);
      if (entry.kept !== null) return runOf(entry, entry.kept);
    } catch (thrown) {
      // BullMQ has handed it out, and then could not read it.
      if (!(thrown instanceof SyntaxError)) throw thrown;
    }
    return (await this.#line.script("spoil", queue, token)) as string | null;
  }

  /** The script says with the lock's own token whether it is this hand's; BullMQ looks again, in the step that ends it (J2). */
  async #settle({ id, fence }: Hold, outcome: Exclude<Outcome, { kind: "told" }>): Promise<Settled> {
    const { reason, message } = "reason" in outcome ? outcome : { reason: "", message: "" };
    const marked = await this.#line.script("mark", keyOf(id), fence, outcome.kind, reason, message);
    if (marked === null) return null;
    const [queue = "", token = "", how = ""] = marked as readonly string[];
    const job = await this.#line.queues.at(queue).getJob(keyOf(id));
    if (job === undefined) return null;
    const [moved, state] = this.#moved({ job, token, outcome, how });
    return (await accepted(moved)) ? state : null;
  }

  #moved({ job, token, outcome, how }: Ended): readonly [Promise<unknown>, Settled] {
    if (how === "done" && outcome.kind === "done") return [job.moveToCompleted(outcome.output, token, false), "done"];
    if (how === "canceled") return [job.moveToCompleted(null, token, false), "canceled"];
    if (how === "returned") return [job.moveToWait(token), "waiting"];
    // BullMQ's times are the machine's.
    const nowMs = this.#options.clock.wall();
    if (how === "again" && outcome.kind === "failed")
      return [job.moveToDelayed(nowMs + outcome.delayMs, token), "waiting"];
    return [job.moveToFailed(new Error("message" in outcome ? outcome.message : ""), token, false), "dead"];
  }

  async #page({ state, after, limit }: Extract<JobQuery, { kind: "page" }>): Promise<readonly JobRecord[]> {
    const records: JobRecord[] = [];
    let last = after === null ? "" : keyOf(after);
    while (records.length < limit) {
      const answer = await this.#line.script("page", last, state, limit - records.length);
      const [next, found] = answer as readonly [string | null, readonly unknown[]];
      records.push(...found.map((one) => recordOf(entryOf(one))));
      if (next === null) break;
      last = next;
    }
    return records;
  }

  async #housekeep({ names, orphanMs }: Wanted): Promise<void> {
    if (this.#cancelHousekept !== null) return;
    this.#cancelHousekept = this.#options.clock.after(housekeepingMs, () => (this.#cancelHousekept = null));
    const queues = (await this.#line.script("orphans", orphanMs, ...names.map(queueOf))) as readonly string[];
    for (const queue of queues) {
      const at = this.#line.queues.at(queue);
      await at.clean(this.#keepEndedMs, cleanedAtOnce, "completed");
      await at.clean(this.#keepDeadMs, cleanedAtOnce, "failed");
    }
  }
}

interface Ended {
  readonly job: BullJob;
  readonly token: string;
  readonly outcome: Exclude<Outcome, { kind: "told" }>;
  /** What is to become of it, as the script says. */
  readonly how: string;
}

/** Whether BullMQ took it. */
async function accepted(moved: Promise<unknown>): Promise<boolean> {
  try {
    await moved;
    return true;
  } catch (thrown) {
    if (refusals.includes((Object(thrown) as { readonly code?: unknown }).code)) return false;
    throw thrown;
  }
}
