// Reads what is so on all nodes, and tells a sink what has begun and what has ended.
//
// Of several nodes the one with the lease does it. It asks each node once a second for what changed there since it asked
// last, so a question that is lost is asked again and nothing is missed. What it tells all nodes have in their ledgers
// before it is told, and the sink remembers it as well: what was told to have begun is told to have ended sometime, whoever
// tells it (decision 0052).
import type { EngineSources } from "../engine/engine.ts";
import type { Clock } from "../ports/clock.ts";
import { type Log, reasonOf } from "../ports/log.ts";
import type { Random } from "../ports/random.ts";
import { eventOf, type LifecycleEvent, type LifecycleSink, standingOf, typesOf } from "./events.ts";
import { type Fact, type FactEntry, type FactPage, type Facts, keyOf } from "./facts.ts";
import { KnownNodes } from "./known-nodes.ts";
import type { Ledger } from "./ledger.ts";
import type { NodePage, Seen } from "./pages.ts";
import { Deposed, type OtherLedgers, SharedLedger } from "./shared-ledger.ts";

/** The nodes that are asked. */
export interface OtherLifecycles extends OtherLedgers {
  /** What changed at each. @throws {TidewireError} `engine_unavailable` */
  facts(seen: Seen): Promise<readonly NodePage[]>;
}

export interface LifecycleReaderOptions {
  /** Names this node. */
  readonly node: string;
  readonly sink: LifecycleSink;
  /** What is so here. */
  readonly facts: Facts;
  /** What was told, as this node keeps it. */
  readonly ledger: Ledger;
  /** `null` where there are none. */
  readonly others: OtherLifecycles | null;
  /** By which one of several nodes tells; `null` where there are none. */
  readonly leases: EngineSources | null;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

const lookMs = 1_000;
/** A channel that is empty, or somebody who has left, for less than this is not told of: pages are loaded again. */
const settleMs = 3_000;
/** After a start, for clients to come back; and for how long a node may be silent. Engines think so too (R3). */
const returnMs = 30_000;
const leaseMs = 9_000;
/** Events that are told at once: what other nodes are told of them is no longer than they take. */
const toldAtOnce = 1_000;
/** No channel is called so. */
const leaseName = "lifecycle\nreader";

export class LifecycleReader {
  readonly #options: LifecycleReaderOptions;
  readonly #ledger: SharedLedger;
  readonly #kinds: ReadonlySet<Fact["kind"]>;
  readonly #nodes = new KnownNodes();
  /** What was told to have begun, and not to have ended. */
  readonly #told = new Map<string, Fact>();
  /** What is told to have ended at this time, unless it begins again. */
  readonly #ending = new Map<string, number>();
  #events: LifecycleEvent[] = [];
  /** The first of them, which others know of by now. */
  #said: readonly LifecycleEvent[] = [];
  /** Since when it tells, and whether it knows all that was told before. */
  #beganMs = 0;
  #knowsAll = false;
  /** What was read and has not been told yet. */
  #unsafe: readonly FactPage[] = [];
  #isReading = false;
  #fence: number | null = null;
  #leasedMs = 0;
  #hasComplained = false;
  #isWaiting = false;
  #isStopped = false;
  #looking: Promise<void> | null = null;
  #cancel: () => void = () => undefined;

  constructor(options: LifecycleReaderOptions) {
    this.#options = options;
    this.#ledger = new SharedLedger(options.ledger, options.others);
    const { types } = options.sink;
    const kinds = Object.keys(typesOf) as Fact["kind"][];
    this.#kinds = new Set(
      kinds.filter((kind) => types === undefined || typesOf[kind].some((type) => types.includes(type))),
    );
  }

  start(): void {
    this.#cancel = this.#options.clock.after(lookMs, () => {
      this.#look()
        .finally(() => {
          if (!this.#isStopped) this.start();
        })
        .catch(() => undefined);
    });
  }

  /** Tells what there is to tell by now, if it can. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancel();
    // What happened while one was under way is the next one's.
    await this.#looking;
    await this.#look();
    if (this.#fence === null) return;
    // Whoever reads next knows nothing of what has ended here alone: nothing of it waits for its time.
    this.#settle(Number.POSITIVE_INFINITY);
    await this.#tell()
      .then(() => this.#ledger.confirm())
      .catch(() => undefined);
    this.#options.leases?.release(leaseName);
  }

  /** Whether this node tells. */
  get isReading(): boolean {
    return this.#isReading;
  }

  #look(): Promise<void> {
    this.#looking ??= this.#lookOnce().finally(() => (this.#looking = null));
    return this.#looking;
  }

  /** Never rejects. */
  async #lookOnce(): Promise<void> {
    try {
      if (!(await this.#mayRead())) return;
      if (this.#events.length > 0) await this.#tell();
      for (let hasMore = true; hasMore;) {
        const pages = await this.#pages();
        for (const page of pages) this.#read(page);
        this.#missSilent(new Set(pages.map(({ node }) => node)));
        this.#settle(this.#options.clock.now());
        this.#unsafe = pages;
        await this.#tell();
        hasMore = pages.some((page) => page.hasMore);
      }
      this.#hasComplained = false;
    } catch (thrown) {
      if (thrown instanceof Deposed) this.#deposed();
      if (!this.#hasComplained) this.#options.log.warn("what happens cannot be told now", { reason: reasonOf(thrown) });
      this.#hasComplained = true;
      this.#nodes.unasked();
    }
  }

  async #mayRead(): Promise<boolean> {
    if (!(await this.#isLeased())) return false;
    if (this.#isReading) return true;
    const { leases, sink, log } = this.#options;
    let recalled: readonly Fact[] = [];
    try {
      recalled = (await sink.recall?.()) ?? [];
    } catch (thrown) {
      // A node that cannot tell leaves it to another one.
      if (this.#fence !== null) leases?.release(leaseName);
      this.#fence = null;
      if (!this.#isWaiting)
        log.info("what happens is told by another process, if at all", { reason: reasonOf(thrown) });
      this.#isWaiting = true;
      return false;
    }
    await this.#begin(recalled);
    return true;
  }

  /** Whether it is for this node to tell. */
  async #isLeased(): Promise<boolean> {
    const { leases, clock } = this.#options;
    if (leases === null || (this.#fence !== null && clock.now() - this.#leasedMs < leaseMs / 3)) return true;
    const fence = await leases.take(leaseName, leaseMs);
    // Somebody else may have told meanwhile.
    if (fence !== this.#fence) this.#forgetAll();
    this.#fence = fence;
    this.#leasedMs = clock.now();
    return fence !== null;
  }

  async #begin(recalled: readonly Fact[]): Promise<void> {
    // What the others know is newer than what this sink remembers of its own time.
    const told = await this.#ledger.newest();
    const { facts, events, isComplete } = told ?? { facts: recalled, events: [], isComplete: false };
    const { clock, sink, log } = this.#options;
    this.#forgetAll();
    this.#beganMs = clock.now();
    for (const fact of facts) if (this.#kinds.has(fact.kind)) this.#told.set(keyOf(fact), fact);
    for (const { fact, holds } of events.map((event) => standingOf(event))) {
      if (holds) this.#told.set(keyOf(fact), fact);
      else this.#told.delete(keyOf(fact));
    }
    if (told !== null) {
      await sink.adopt?.([...this.#told.values()]).catch((thrown: unknown) => {
        // The others know it all the same.
        log.warn("what other nodes told cannot be remembered here", { reason: reasonOf(thrown) });
      });
    }
    for (const key of this.#told.keys()) this.#ending.set(key, this.#beganMs + returnMs);
    this.#events = [...events];
    this.#knowsAll = isComplete;
    this.#ledger.begin(facts, told === null || isComplete);
    this.#isReading = true;
    this.#isWaiting = false;
  }

  /** The lease is asked for again before anything else. */
  #deposed(): void {
    this.#forgetAll();
    this.#leasedMs = Number.NEGATIVE_INFINITY;
  }

  #forgetAll(): void {
    this.#isReading = false;
    this.#events = [];
    this.#said = [];
    this.#unsafe = [];
    for (const each of [this.#nodes, this.#told, this.#ending]) each.clear();
  }

  async #pages(): Promise<readonly FactPage[]> {
    const { facts, others, node } = this.#options;
    const { seen } = this.#nodes;
    const own = facts.page(seen[node] ?? 0);
    if (others === null) return [own];
    const pages = (await others.facts(seen)).filter((page) => page.node !== node);
    await this.#ledger.catchUp(pages);
    return [own, ...pages];
  }

  #read({ node, entries }: FactPage): void {
    this.#nodes.heard(node);
    for (const entry of entries) if (this.#kinds.has(entry.fact.kind)) this.#apply(node, entry);
  }

  #apply(node: string, { fact, holds, isKnown, beganMs, endedMs, reason }: FactEntry): void {
    const key = keyOf(fact);
    const isVisit = !holds && fact.kind === "connection";
    this.#nodes.said(node, fact, holds);
    if (isKnown && !this.#told.has(key)) this.#take(key, { fact, holds });
    // A connection that came and went between two looks is told of all the same; its end was told where its beginning was.
    if ((holds || (isVisit && !isKnown)) && !this.#told.has(key)) {
      this.#say({ fact, holds: true, atMs: beganMs, isAgain: isKnown });
    }
    if (holds) this.#ending.delete(key);
    else this.#ended(fact, endedMs ?? beganMs, reason);
  }

  /**
   * Its beginning was told, by somebody whose ledger is nowhere; or its end was told as well, since its node was silent for
   * long, and that it is there again is yet to be told.
   */
  #take(key: string, { fact, holds }: { readonly fact: Fact; readonly holds: boolean }): void {
    const isEarly = this.#options.clock.now() - this.#beganMs < returnMs;
    if (this.#knowsAll || (holds && !isEarly)) return;
    this.#told.set(key, fact);
    this.#ledger.doubt();
  }

  /** It is no longer so at one node. */
  #ended(fact: Fact, atMs: number, reason: string): void {
    const key = keyOf(fact);
    if (this.#nodes.isSomewhere(key) || !this.#told.has(key)) return;
    if (fact.kind === "connection") this.#say({ fact, holds: false, atMs, reason });
    else this.#ending.set(key, this.#options.clock.now() + settleMs);
  }

  #missSilent(heard: ReadonlySet<string>): void {
    const { clock, log } = this.#options;
    for (const [node, facts] of this.#nodes.lost(heard, clock.now(), returnMs)) {
      log.warn("a node does not answer any more; what was so there has ended", { node, facts: facts.length });
      for (const fact of facts) this.#ended(fact, clock.wall(), "node_lost");
    }
  }

  /** Tells what has ended for long enough. */
  #settle(nowMs: number): void {
    for (const [key, dueMs] of this.#ending) {
      const fact = this.#told.get(key);
      if (dueMs > nowMs) continue;
      this.#ending.delete(key);
      if (fact !== undefined) this.#say({ fact, holds: false, atMs: this.#options.clock.wall(), reason: "node_lost" });
    }
  }

  #say({ fact, holds, atMs, reason = "", isAgain = false }: Said): void {
    const key = keyOf(fact);
    if (holds) this.#told.set(key, fact);
    else this.#told.delete(key);
    this.#ending.delete(key);
    // A connection's own name makes an id that is the same whoever tells of it; it is lost with its node, and there again,
    // however often.
    const isOnce = fact.kind === "connection" && !isAgain && reason !== "node_lost";
    const id = isOnce ? `${holds ? "opened" : "closed"}_${fact.session}` : `event_${this.#options.random.token(132)}`;
    this.#events.push(eventOf({ fact, holds }, { id, atMs, reason }));
  }

  /** @throws what the sink throws; then they are told again. */
  async #tell(): Promise<void> {
    const isQuiet = this.#events.length === 0;
    while (this.#events.length > 0) {
      // Another node may have the lease by now.
      if (!(await this.#isLeased()) || !this.#isReading) throw new Deposed("another node may tell what happens by now");
      if (this.#said.length === 0) this.#said = this.#events.slice(0, toldAtOnce);
      await this.#ledger.say(this.#said);
      await this.#options.sink.take(this.#said);
      this.#ledger.taken();
      this.#events.splice(0, this.#said.length);
      this.#said = [];
    }
    if (isQuiet) await this.#ledger.confirm();
    // What was read is safe from here on, which its node is told with the next question, and this one now.
    for (const { node, to } of this.#unsafe) this.#nodes.safe(node, to);
    this.#unsafe = [];
    this.#options.facts.page(this.#nodes.seenOf(this.#options.node));
  }
}

interface Said {
  readonly fact: Fact;
  readonly holds: boolean;
  readonly atMs: number;
  readonly reason?: string;
  /** Its beginning was told before, and that it had ended. */
  readonly isAgain?: boolean;
}
