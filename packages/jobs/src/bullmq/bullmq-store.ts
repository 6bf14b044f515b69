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
  JobCount,
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
import {
  countsOf,
  endingOf,
  entryOf,
  type HandedOut,
  handedOutOf,
  keyOf,
  type Kept,
  priorityOf,
  queueOf,
  recordOf,
} from "./entries.ts";
import type { BullConnection, BullJob, BullJobOptions, BullLibrary, StoreClient } from "./library.ts";
import { type Hand, Hands } from "./hands.ts";
import { Line, type LineOptions } from "./line.ts";
import { accepted, doneOf } from "./moves.ts";
import { Together } from "../store/together.ts";

/** What `bullmqStore` is given. */
export interface BullmqStoreOptions<Client extends StoreClient<Client>, Connection extends BullConnection> {
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
export function bullmqStore<Client extends StoreClient<Client>, Connection extends BullConnection>(
  options: BullmqStoreOptions<Client, Connection>,
): JobStore {
  return new BullmqStore(options);
}

const dayMs = 86_400_000;
const housekeepingMs = 60_000;
const cleanedAtOnce = 5_000;

/** Jobs that one call hands out or ends: Redis does nothing else meanwhile. */
const mostAtOnce = 100;

class BullmqStore<Client extends StoreClient<Client>, Connection extends BullConnection> implements JobStore {
  readonly #options: LineOptions<Client, Connection>;
  readonly #random: Random;
  readonly #isChecked: boolean;
  readonly #keepEndedMs: number;
  readonly #keepDeadMs: number;
  #open: Line<Client, Connection> | null = null;
  readonly #hands = new Hands();
  readonly #arriving: Together<JobDraft, unknown>;
  /** Of a job's id and the mark of its order: 1 when another order has made it. */
  readonly #foreign: Together<readonly [string, string], unknown>;
  readonly #told: Together<Hold, Settled>;
  readonly #ended: Together<Done, PromiseSettledResult<Settled>>;
  #cancelHousekept: Cancel | null = null;

  constructor(options: BullmqStoreOptions<Client, Connection>) {
    const { library, client, prefix = "tidewire-jobs", log = silentLog, clock = systemClock } = options;
    this.#options = { library, client, prefix, log, clock };
    this.#arriving = new Together<JobDraft, unknown>(clock, async (drafts) => {
      await this.#line.script("arrive", ...drafts.flatMap(({ name, id }) => [queueOf(name), keyOf(id)]));
      return [];
    });
    this.#foreign = new Together(clock, async (asked) => {
      return (await this.#line.script("foreign", ...asked.flat())) as readonly unknown[];
    });
    this.#told = new Together(clock, async (holds) => {
      const given = holds.flatMap(({ id, fence }) => [keyOf(id), fence]);
      return (await this.#line.script("told", ...given)) as readonly Settled[];
    });
    this.#ended = new Together(clock, (all) => this.#done(all));
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
      await Promise.all(drafts.map((draft) => this.#arriving.ask(draft)));
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
      const asked = partsOf(wanted).map((part) => this.#claim(part));
      const answers = await Promise.allSettled(asked);
      const claimed = answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value] : []));
      const failed = answers.find((answer) => answer.status === "rejected");
      // What was handed out is begun, whether or not there is more.
      if (failed !== undefined && claimed.length === 0) throw failed.reason;
      return {
        runs: claimed.flatMap(({ runs }) => runs),
        endings: claimed.flatMap(({ endings }) => endings),
        refused: claimed.flatMap(({ refused }) => refused),
      };
    });
  }

  async #claim({ names, runs, endings, leaseMs }: Wanted): Promise<Claimed> {
    const machineMs = this.#options.clock.wall();
    // A job is handed out once by a claim: of each of its hands the token is another one (J2).
    const token = this.#random.token(132);
    const answer = await this.#line.script("claim", runs, endings, leaseMs, machineMs, token, ...names.map(queueOf));
    const [taken, untold, refused] = answer as readonly [readonly unknown[], readonly unknown[], readonly string[]];
    const begun = await Promise.all(taken.map((one) => this.#begun(handedOutOf(one), { token, leaseMs })));
    return {
      runs: begun.filter((one) => typeof one === "object").filter((one) => one !== null),
      endings: untold.map((one) => endingOf(entryOf(one))),
      refused: [...refused, ...begun.filter((one) => typeof one === "string")],
    };
  }

  renew(holds: readonly Hold[], leaseMs: number): Promise<readonly Renewal[]> {
    return this.#line.ask(async () => {
      const given = holds.flatMap(({ id, fence }) => [keyOf(id), fence]);
      const renewals = (await this.#line.script("renew", leaseMs, ...given)) as readonly Renewal[];
      for (const [n, hold] of holds.entries()) {
        if (renewals[n] === "lost") this.#hands.forget(hold);
        else this.#hands.renew(hold, leaseMs);
      }
      return renewals;
    });
  }

  settle(hold: Hold, outcome: Outcome): Promise<Settled> {
    return this.#line.ask(async () => {
      if (outcome.kind === "told") return await this.#told.ask(hold);
      const settled = await this.#settle(hold, outcome);
      // What has failed is asked again, of the same hand.
      this.#hands.forget(hold);
      return settled;
    });
  }

  read(query: JobQuery): Promise<readonly JobRecord[]> {
    return this.#line.ask(async () => {
      if (query.kind === "page") return await this.#page(query);
      const found = (await this.#line.script("read", keyOf(query.id))) as readonly unknown[];
      return found.map((answer) => recordOf(entryOf(answer)));
    });
  }

  counts(): Promise<readonly JobCount[]> {
    return this.#line.ask(async () => {
      const [counts, oldest] = await Promise.all([this.#line.script("counts"), this.#line.oldest()]);
      return countsOf(counts, oldest);
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
    return { id, isDuplicate: (await this.#foreign.ask([addedAs, mark])) === 1 };
  }

  /** @returns A run, or in words why it is none. */
  async #begun({ run, ...entry }: HandedOut, given: Pick<Hand, "token" | "leaseMs">): Promise<Run | string | null> {
    if (run === null) return (await this.#line.script("spoil", entry.queue, entry.key, given.token)) as string | null;
    this.#hands.put(run, { ...entry, ...given, hasOwner: run.owner !== "" });
    return run;
  }

  /** The script says with the lock's own token whether it is this hand's; BullMQ looks again, in the step that ends it (J2). */
  async #settle({ id, fence }: Hold, outcome: Exclude<Outcome, { kind: "told" }>): Promise<Settled> {
    const hand = this.#hands.get({ id, fence });
    if (hand !== null && outcome.kind === "done") {
      const ended = await this.#ended.ask({ hand, output: outcome.output });
      if (ended.status === "rejected") throw ended.reason;
      return ended.value;
    }
    const { reason, message } = "reason" in outcome ? outcome : { reason: "", message: "" };
    const delayMs = outcome.kind === "failed" ? outcome.delayMs : 0;
    // Of a hand that is forgotten here the end may be told by whoever looks first.
    const leaseMs = hand?.leaseMs ?? 0;
    const marked = await this.#line.script("mark", keyOf(id), fence, outcome.kind, reason, message, delayMs, leaseMs);
    if (marked === null) return null;
    const [queue = "", token = "", how = ""] = marked as readonly string[];
    const job = await this.#line.queues.at(queue).getJob(keyOf(id));
    if (job === undefined) return null;
    const [moved, state] = this.#moved({ job, token, outcome, how });
    return (await accepted(moved)) ? state : null;
  }

  /** What was handed out here and is done. The note for those who are to be told and BullMQ's own end are one step. */
  async #done(all: readonly Done[]): Promise<readonly PromiseSettledResult<Settled>[]> {
    const answers = chunksOf(all).map(async (chunk): Promise<readonly PromiseSettledResult<Settled>[]> => {
      const given = chunk.flatMap(({ hand: { queue, key, token, hasOwner, hasReason, leaseMs }, output }) => {
        return [queue, key, token, hasOwner ? leaseMs : "", hasReason ? 1 : 0, JSON.stringify(output)];
      });
      try {
        return ((await this.#line.script("done", this.#options.clock.wall(), ...given)) as readonly unknown[]).map(
          doneOf,
        );
      } catch (reason) {
        return chunk.map(() => ({ status: "rejected", reason }));
      }
    });
    return (await Promise.all(answers)).flat();
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

interface Done {
  readonly hand: Hand;
  readonly output: string;
}

interface Ended {
  readonly job: BullJob;
  readonly token: string;
  readonly outcome: Exclude<Outcome, { kind: "told" }>;
  /** What is to become of it, as the script says. */
  readonly how: string;
}

/** One of them tells ends. */
function partsOf(wanted: Wanted): readonly Wanted[] {
  const parts = Math.max(1, Math.ceil(wanted.runs / mostAtOnce));
  return Array.from({ length: parts }, (_, n) => {
    const runs = Math.min(mostAtOnce, wanted.runs - n * mostAtOnce);
    return { ...wanted, runs, endings: n === 0 ? wanted.endings : 0 };
  });
}

function chunksOf<Item>(items: readonly Item[]): readonly (readonly Item[])[] {
  const count = Math.ceil(items.length / mostAtOnce);
  return Array.from({ length: count }, (_, n) => items.slice(n * mostAtOnce, (n + 1) * mostAtOnce));
}
