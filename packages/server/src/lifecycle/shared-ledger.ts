// The ledger of the node that tells: the others have what is to be told before it is told, and what the one before had told.
import type { LifecycleEvent } from "./events.ts";
import type { Fact } from "./facts.ts";
import {
  areRivals,
  isAhead,
  isSameMark,
  type Ledger,
  type LedgerMark,
  type LedgerPage,
  type LedgerWord,
} from "./ledger.ts";
import { portionOf } from "./portion.ts";
import { Deposed } from "./turn.ts";

/** The ledgers of the other nodes. */
export interface OtherLedgers {
  /** What each says to it; nothing of those that do not. @throws {TidewireError} `engine_unavailable` */
  ledgers(word: LedgerWord): Promise<readonly LedgerPage[]>;
  /** `null` where it says nothing. @throws {TidewireError} `engine_unavailable` */
  ledgerOf(node: string, word: LedgerWord): Promise<LedgerPage | null>;
}

/** What was told until now. */
export interface Told {
  readonly facts: readonly Fact[];
  /** Which may have been told, or not: they are to be told again, as they are. */
  readonly events: readonly LifecycleEvent[];
  /** Whether nothing else was told. */
  readonly isComplete: boolean;
}

const deposed = "another node tells what happens by now";
/** Nodes that are given all of it side by side. */
const givenAtOnce = 8;

export class SharedLedger {
  readonly #own: Ledger;
  /** `null` where there are none. */
  readonly #others: OtherLedgers | null;
  readonly #hold: () => Promise<void>;
  /** The highest term that was heard of. */
  #term = 0;
  #isComplete = false;
  /** Batches that were taken. */
  #taken = 0;
  /** Whether the others have the next one. */
  #isSaid = false;
  /** Whether they do not know yet that the last one was taken, or that it was not all. */
  #isOpen = false;

  /** @param hold Rejects with `Deposed` where this node may not go on: a large ledger takes longer than a lease. */
  constructor(own: Ledger, others: OtherLedgers | null, hold: () => Promise<void>) {
    this.#own = own;
    this.#others = others;
    this.#hold = hold;
  }

  /** What the newest ledger of all says; `null` where nobody has one. @throws {Deposed} */
  async newest(): Promise<Told | null> {
    if (this.#others === null) return null;
    const pages = await this.#others.ledgers({ kind: "mark" });
    const found = pages.reduce<LedgerPage | null>(
      (best, page) => (isAhead(page.mark, best?.mark ?? this.#own.mark) ? page : best),
      null,
    );
    const mark = found?.mark ?? this.#own.mark;
    this.#term = mark.term;
    if (mark.term === 0) return null;
    const told = found === null ? this.#own.all() : await this.#readAll(found);
    const areSeveral = [this.#own, ...pages].some((ledger) => areRivals(ledger.mark, mark));
    return areSeveral ? { ...told, isComplete: false } : told;
  }

  /** This node tells from here on. */
  begin(facts: readonly Fact[], isComplete: boolean): void {
    this.#term += 1;
    this.#isComplete = isComplete;
    this.#taken = 0;
    this.#isSaid = false;
    this.#isOpen = false;
    this.#own.begin(this.#term, facts, isComplete);
  }

  /** Something was told that is in no ledger; the others are to know that, though nothing else is said. */
  doubt(): void {
    this.#isOpen ||= this.#isComplete;
    this.#isComplete = false;
  }

  /** The others know that these are about to be told; the same again until they are taken. @throws {Deposed} */
  async say(events: readonly LifecycleEvent[]): Promise<void> {
    if (this.#others === null || this.#isSaid) return;
    this.#keepTerm();
    const mark = { ...this.#own.mark, batch: this.#taken + 1 };
    const word = { kind: "add", mark, isComplete: this.#isComplete, events } as const;
    this.#own.add(word);
    const heard = await this.#others.ledgers(word);
    this.#isSaid = true;
    await this.catchUp(heard);
  }

  /** What was said is taken. */
  taken(): void {
    this.#taken += 1;
    this.#isSaid = false;
    this.#isOpen = true;
  }

  /** The others know that all was taken, and tell none of it again. @throws {Deposed} */
  async confirm(): Promise<void> {
    if (!this.#isOpen) return;
    try {
      await this.say([]);
    } finally {
      // Those who did not hear it are behind, and are given all of it.
      this.taken();
      this.#isOpen = false;
    }
  }

  /** Gives those all of it that missed something. A node that does not take it gets it the next time. @throws {Deposed} */
  async catchUp(heard: readonly { readonly node: string; readonly mark: LedgerMark }[]): Promise<void> {
    this.#keepTerm();
    for (const { mark } of heard) this.#mustNotBeAhead(mark);
    const behind = heard.filter(({ mark }) => !isSameMark(mark, this.#own.mark)).map(({ node }) => node);
    for (let at = 0; at < behind.length; at += givenAtOnce) await this.#give(behind.slice(at, at + givenAtOnce));
  }

  /** Another one has given this node its own where it is not this one's. */
  #keepTerm(): void {
    const { term, teller } = this.#own.mark;
    if (term !== this.#term || teller !== this.#own.node) throw new Deposed(deposed);
  }

  #mustNotBeAhead(mark: LedgerMark): void {
    if (isAhead(mark, this.#own.mark)) throw new Deposed(deposed);
  }

  /** To those that still answer, page by page. */
  async #give(nodes: readonly string[]): Promise<void> {
    const { facts: all, ...state } = this.#own.all();
    let [taking, from, isLast] = [nodes, 0, false];
    while (!isLast && taking.length > 0) {
      await this.#hold();
      const facts = portionOf(all, from);
      isLast = from + facts.length === all.length;
      const word = { kind: "fill", ...state, from, facts, isLast } as const;
      const answers = await Promise.all(taking.map(async (node) => await this.#others?.ledgerOf(node, word)));
      for (const answer of answers) if (answer) this.#mustNotBeAhead(answer.mark);
      taking = taking.filter((_, place) => answers[place]);
      from += facts.length;
    }
  }

  async #readAll({ node, mark }: LedgerPage): Promise<Told> {
    const facts: Fact[] = [];
    for (;;) {
      await this.#hold();
      const word = { kind: "read", reader: this.#own.node, from: facts.length } as const;
      const page = await this.#others?.ledgerOf(node, word);
      const isWhole = page && isSameMark(page.mark, mark) && (page.facts.length > 0 || !page.hasMore);
      if (!isWhole) throw new Error("what was told before cannot be read yet");
      facts.push(...page.facts);
      if (!page.hasMore) return { facts, events: page.events, isComplete: page.isComplete };
    }
  }
}
