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
import { type LifecycleSink, typesOf } from "./events.ts";
import { type Fact, type FactEntry, type FactPage, type Facts, keyOf } from "./facts.ts";
import { KnownNodes } from "./known-nodes.ts";
import type { Ledger } from "./ledger.ts";
import type { NodePage, Seen } from "./pages.ts";
import { type OtherLedgers, SharedLedger } from "./shared-ledger.ts";
import { Telling } from "./telling.ts";
import { Deposed, Turn } from "./turn.ts";

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

export class LifecycleReader {
  readonly #options: LifecycleReaderOptions;
  readonly #ledger: SharedLedger;
  readonly #kinds: ReadonlySet<Fact["kind"]>;
  readonly #nodes = new KnownNodes();
  readonly #telling: Telling;
  readonly #turn: Turn;
  /** Since when it tells, and whether it knows all that was told before. */
  #beganMs = 0;
  #knowsAll = false;
  /** What was read and has not been told yet. */
  #unsafe: readonly FactPage[] = [];
  #isReading = false;
  #hasComplained = false;
  #isWaiting = false;
  #isStopped = false;
  #looking: Promise<void> | null = null;
  #cancel: () => void = () => undefined;

  constructor(options: LifecycleReaderOptions) {
    this.#options = options;
    this.#telling = new Telling(options);
    this.#turn = new Turn({ ...options, lost: () => this.#forgetAll() });
    this.#ledger = new SharedLedger(options.ledger, options.others, () => this.#turn.hold());
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
    if (!this.#turn.isLeased) return;
    // Whoever reads next knows nothing of what has ended here alone: nothing of it waits for its time.
    this.#telling.settle(Number.POSITIVE_INFINITY);
    await this.#tell()
      .then(() => this.#ledger.confirm())
      .catch(() => undefined);
    this.#turn.release();
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
      if (!this.#telling.isQuiet) await this.#tell();
      for (let hasMore = true; hasMore;) {
        const pages = await this.#pages();
        for (const page of pages) this.#read(page);
        this.#missSilent(new Set(pages.map(({ node }) => node)));
        this.#telling.settle(this.#options.clock.now());
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
    if (!(await this.#turn.take())) return false;
    if (this.#isReading) return true;
    const { sink, log } = this.#options;
    let recalled: readonly Fact[] = [];
    try {
      recalled = (await sink.recall?.()) ?? [];
    } catch (thrown) {
      // A node that cannot tell leaves it to another one.
      this.#turn.release();
      if (!this.#isWaiting)
        log.info("what happens is told by another process, if at all", { reason: reasonOf(thrown) });
      this.#isWaiting = true;
      return false;
    }
    await this.#begin(recalled);
    return true;
  }

  async #begin(recalled: readonly Fact[]): Promise<void> {
    // What the others know is newer than what this sink remembers of its own time.
    const told = await this.#ledger.newest();
    const { facts, events, isComplete } = told ?? { facts: recalled, events: [], isComplete: false };
    const { clock, sink, log } = this.#options;
    this.#forgetAll();
    this.#beganMs = clock.now();
    const wanted = facts.filter(({ kind }) => this.#kinds.has(kind));
    this.#telling.begin(wanted, events, this.#beganMs + returnMs);
    if (told !== null) {
      await sink.adopt?.(this.#telling.told).catch((thrown: unknown) => {
        // The others know it all the same.
        log.warn("what other nodes told cannot be remembered here", { reason: reasonOf(thrown) });
      });
    }
    this.#knowsAll = isComplete;
    this.#ledger.begin(facts, told === null || isComplete);
    this.#isReading = true;
    this.#isWaiting = false;
  }

  /** The lease is asked for again before anything else. */
  #deposed(): void {
    this.#forgetAll();
    this.#turn.doubt();
  }

  #forgetAll(): void {
    this.#isReading = false;
    this.#unsafe = [];
    this.#nodes.clear();
    this.#telling.clear();
  }

  async #pages(): Promise<readonly FactPage[]> {
    const { facts, others, node } = this.#options;
    const { seen } = this.#nodes;
    // There may be many.
    await this.#turn.hold();
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
    if (isKnown && !this.#telling.has(key)) this.#take(fact, holds);
    // A connection that came and went between two looks is told of all the same; its end was told where its beginning was.
    if ((holds || (isVisit && !isKnown)) && !this.#telling.has(key)) {
      this.#telling.say({ fact, holds: true, atMs: beganMs, isAgain: isKnown });
    }
    if (holds) this.#telling.goesOn(key);
    else this.#ended(fact, endedMs ?? beganMs, reason);
  }

  /**
   * Its beginning was told, by somebody whose ledger is nowhere; or its end was told as well, since its node was silent for
   * long, and that it is there again is yet to be told.
   */
  #take(fact: Fact, holds: boolean): void {
    const isEarly = this.#options.clock.now() - this.#beganMs < returnMs;
    if (this.#knowsAll || (holds && !isEarly)) return;
    this.#telling.take(fact);
    this.#ledger.doubt();
  }

  /** It is no longer so at one node. */
  #ended(fact: Fact, atMs: number, reason: string): void {
    const key = keyOf(fact);
    if (this.#nodes.isSomewhere(key) || !this.#telling.has(key)) return;
    if (fact.kind === "connection") this.#telling.say({ fact, holds: false, atMs, reason });
    else this.#telling.endsAt(key, this.#options.clock.now() + settleMs);
  }

  #missSilent(heard: ReadonlySet<string>): void {
    const { clock, log } = this.#options;
    for (const [node, facts] of this.#nodes.lost(heard, clock.now(), returnMs)) {
      log.warn("a node does not answer any more; what was so there has ended", { node, facts: facts.length });
      for (const fact of facts) this.#ended(fact, clock.wall(), "node_lost");
    }
  }

  /** @throws what the sink throws; then they are told again. */
  async #tell(): Promise<void> {
    const { isQuiet } = this.#telling;
    while (!this.#telling.isQuiet) {
      await this.#turn.hold();
      const events = this.#telling.next();
      await this.#ledger.say(events);
      await this.#options.sink.take(events);
      this.#ledger.taken();
      this.#telling.taken();
    }
    if (isQuiet) await this.#ledger.confirm();
    // What was read is safe from here on, which its node is told with the next question, and this one now.
    for (const { node, to } of this.#unsafe) this.#nodes.safe(node, to);
    this.#unsafe = [];
    this.#options.facts.page(this.#nodes.seenOf(this.#options.node));
  }
}
