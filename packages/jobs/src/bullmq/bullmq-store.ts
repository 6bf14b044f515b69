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
import { countsOf, endingOf, entryOf, keyOf, type Kept, priorityOf, queueOf, recordOf, runOf } from "./entries.ts";
import type { BullConnection, BullJob, BullJobOptions, BullLibrary, StoreClient } from "./library.ts";
import { type Hand, Hands } from "./hands.ts";
import { Line, type LineOptions } from "./line.ts";
import { accepted, endOf } from "./moves.ts";
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

/** As often as the script sweeps. */
const lookMs = 200;

class BullmqStore<Client extends StoreClient<Client>, Connection extends BullConnection> implements JobStore {
  readonly #options: LineOptions<Client, Connection>;
  readonly #random: Random;
  readonly #isChecked: boolean;
  readonly #keepEndedMs: number;
  readonly #keepDeadMs: number;
  #open: Line<Client, Connection> | null = null;
  readonly #hands = new Hands();
  readonly #told: Together<Hold, Settled>;
  readonly #ended: Together<Done, PromiseSettledResult<Settled>>;
  /** Whether the last claim found as much as it was to find. */
  #hasMore = false;
  #lookedMs = -Infinity;
  #cancelHousekept: Cancel | null = null;

  constructor(options: BullmqStoreOptions<Client, Connection>) {
    const { library, client, prefix = "tidewire-jobs", log = silentLog, clock = systemClock } = options;
    this.#options = { library, client, prefix, log, clock };
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
      const { leaseMs, runs } = wanted;
      const eager = this.#eager(wanted);
      // What a look finds beside that need not be looked for by each of the claims that follow one another.
      const mayWait = eager !== null && wanted.endings === 0 && this.#options.clock.now() - this.#lookedMs < lookMs;
      const looking = mayWait
        ? Promise.resolve(nothingSeen)
        : this.#look(eager === null ? wanted : { ...wanted, runs: 0 });
      // What was taken is begun, whether or not the look beside it has an answer.
      const [looked, first] = await Promise.all([
        eager === null ? looking : looking.catch(() => nothingSeen),
        this.#takeAll(eager ?? [], leaseMs),
      ]);
      const taken = eager === null ? await this.#takeAll(looked.due, leaseMs) : first;
      const failed = taken.find((one) => one.status === "rejected");
      if (failed !== undefined && taken.every(({ status }) => status === "rejected") && looked.untold.length === 0) {
        throw failed.reason;
      }
      const hands = taken.flatMap((one) => (one.status === "fulfilled" && one.value !== null ? [one.value] : []));
      this.#hasMore = runs > 0 && hands.length === runs;
      const begun = await this.#begin(hands, leaseMs);
      return {
        runs: begun.filter((one) => typeof one !== "string"),
        endings: looked.untold.map((answer) => endingOf(entryOf(answer))),
        refused: [...looked.refused, ...begun.filter((one) => typeof one === "string")],
      };
    });
  }

  /**
   * Where there was as much as was asked for, there will be more: that is taken without asking first in which queue it is. Of several
   * queues the script alone knows which one has what comes first.
   */
  #eager({ names, runs }: Wanted): readonly string[] | null {
    const [name] = names;
    return this.#hasMore && names.length === 1 && name !== undefined
      ? Array.from({ length: runs }, () => queueOf(name))
      : null;
  }

  async #look({ names, runs, endings, leaseMs }: Wanted): Promise<Looked> {
    this.#lookedMs = this.#options.clock.now();
    const answer = await this.#line.script("look", runs, endings, leaseMs, ...names.map(queueOf));
    const [due, untold, refused] = answer as readonly [readonly string[], readonly unknown[], readonly string[]];
    return { due, untold, refused };
  }

  async #takeAll(queues: readonly string[], leaseMs: number): Promise<readonly PromiseSettledResult<Taken | null>[]> {
    return await Promise.allSettled(queues.map((queue) => this.#take(queue, leaseMs)));
  }

  renew(holds: readonly Hold[], leaseMs: number): Promise<readonly Renewal[]> {
    return this.#line.ask(async () => {
      const given = holds.flatMap(({ id, fence }) => [keyOf(id), fence]);
      const renewals = (await this.#line.script("renew", leaseMs, ...given)) as readonly Renewal[];
      for (const [n, hold] of holds.entries()) if (renewals[n] === "lost") this.#hands.take(hold);
      return renewals;
    });
  }

  settle(hold: Hold, outcome: Outcome): Promise<Settled> {
    return this.#line.ask(async () => {
      return outcome.kind === "told" ? await this.#told.ask(hold) : await this.#settle(hold, outcome);
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
    const [found] = (await this.#line.script("read", addedAs)) as readonly unknown[];
    const kept = found === undefined ? null : (entryOf(found).kept as Partial<{ mark: string }> | null);
    return { id, isDuplicate: kept !== null && kept.mark !== mark };
  }

  /** @returns `null` when somebody else was faster. */
  async #take(queue: string, leaseMs: number): Promise<Taken | null> {
    const token = this.#random.token(132);
    const { lent } = this.#line;
    try {
      const job = await this.#line.queues.taker(queue, leaseMs).getNextJob(token, { block: false });
      return job?.id === undefined ? null : { queue, token, key: job.id, job, lent };
    } catch (thrown) {
      // BullMQ has handed it out, and then could not read it.
      if (!(thrown instanceof SyntaxError)) throw thrown;
      return { queue, token, key: "", job: null, lent };
    }
  }

  /** @returns Runs, and in words why an entry is none. */
  async #begin(hands: readonly Taken[], leaseMs: number): Promise<readonly (Run | string)[]> {
    const sound = hands.filter(({ job }) => job !== null);
    const given = sound.flatMap(({ queue, key, token }) => [queue, key, token]);
    const answers = sound.length === 0 ? [] : await this.#line.script("begin", leaseMs, ...given);
    const begun = new Map(sound.map((hand, n) => [hand, (answers as readonly unknown[])[n] ?? null]));
    const found = await Promise.all(hands.map((hand) => this.#begun(hand, begun.get(hand))));
    return found.filter((one) => one !== null);
  }

  /** @param answer What the script says of it; `null` when its lease is over by now; `undefined` when it was not asked. */
  async #begun(hand: Taken, answer: unknown): Promise<Run | string | null> {
    if (answer === null) return null;
    const { queue, token, key, job, lent } = hand;
    const entry = answer === undefined ? null : entryOf(answer);
    if (entry === null || entry.kept === null || job === null) {
      return (await this.#line.script("spoil", queue, token)) as string | null;
    }
    const run = runOf(entry, entry.kept);
    this.#hands.put(run, { queue, key, token, fence: run.fence, hasOwner: run.owner !== "", job, lent });
    return run;
  }

  /** The script says with the lock's own token whether it is this hand's; BullMQ looks again, in the step that ends it (J2). */
  async #settle({ id, fence }: Hold, outcome: Exclude<Outcome, { kind: "told" }>): Promise<Settled> {
    const hand = this.#hands.take({ id, fence });
    if (hand !== null && outcome.kind === "done") {
      const ended = await this.#ended.ask({ hand, output: outcome.output });
      if (ended.status === "rejected") throw ended.reason;
      if (ended.value !== "waiting") return ended.value;
    }
    const { reason, message } = "reason" in outcome ? outcome : { reason: "", message: "" };
    const delayMs = outcome.kind === "failed" ? outcome.delayMs : 0;
    const marked = await this.#line.script("mark", keyOf(id), fence, outcome.kind, reason, message, delayMs);
    if (marked === null) return null;
    const [queue = "", token = "", how = ""] = marked as readonly string[];
    const job = await this.#line.queues.at(queue).getJob(keyOf(id));
    if (job === undefined) return null;
    const [moved, state] = this.#moved({ job, token, outcome, how });
    return (await accepted(moved)) ? state : null;
  }

  /**
   * What was taken here and is done needs one way to Redis: BullMQ refuses its end for the same reasons as the mark before it.
   * @returns `waiting` where that way is not open: on a connection that was lent since then BullMQ's command could come before the mark.
   */
  async #done(all: readonly Done[]): Promise<readonly PromiseSettledResult<Settled>[]> {
    const near = all.filter(({ hand }) => hand.lent === this.#line.lent);
    const marked = this.#line.done(near.map(({ hand }) => hand));
    const moved = near.map(({ hand, output }) => accepted(hand.job.moveToCompleted(output, hand.token, false)));
    const [[marks], moves] = await Promise.all([Promise.allSettled([marked]), Promise.allSettled(moved)]);
    const ends = new Map(near.map((one, n) => [one, endOf(moves[n], marks)] as const));
    return all.map((one) => ends.get(one) ?? { status: "fulfilled", value: "waiting" });
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

/** What the script says before anything is taken. */
interface Looked {
  /** The queues of what is due, in its order. */
  readonly due: readonly string[];
  readonly untold: readonly unknown[];
  readonly refused: readonly string[];
}

const nothingSeen: Looked = { due: [], untold: [], refused: [] };

/** What BullMQ has handed out to this process. */
interface Taken {
  readonly queue: string;
  readonly token: string;
  readonly key: string;
  /** `null` where BullMQ could not read it. */
  readonly job: BullJob | null;
  /** The connection that it came by. */
  readonly lent: unknown;
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
