// The ledger: what was told to be so, kept on every node, so that whoever tells next knows it though the one before is gone.
import { type LifecycleEvent, standingOf } from "./events.ts";
import { type Fact, keyOf } from "./facts.ts";

/** How far a ledger is. */
export interface LedgerMark {
  /** Counts those who told, one after the other; 0: nobody has. */
  readonly term: number;
  /** Counts what was said in it. */
  readonly batch: number;
}

/** What is said of ledgers between nodes. */
export type LedgerWord =
  | { readonly kind: "mark" }
  /** What there is from this place on. */
  | { readonly kind: "read"; readonly from: number }
  /** About to be told. What was said before it was taken. */
  | (LedgerState & { readonly kind: "add" })
  /** All of it, in pages, for a node that missed something. */
  | (LedgerState & {
      readonly kind: "fill";
      readonly from: number;
      readonly facts: readonly Fact[];
      readonly isLast: boolean;
    });

interface LedgerState {
  readonly mark: LedgerMark;
  /** Whether nothing else was told. */
  readonly isComplete: boolean;
  /** Which may have been told, or not. */
  readonly events: readonly LifecycleEvent[];
}

/** What a node says of its ledger, and some of what is in it. */
export interface LedgerPage extends LedgerState {
  readonly node: string;
  readonly facts: readonly Fact[];
  readonly hasMore: boolean;
}

const pageFacts = 1_000;
/** Above, what begins is not kept. */
const mostFacts = 1_000_000;

export function isSameMark(one: LedgerMark, other: LedgerMark): boolean {
  return one.term === other.term && one.batch === other.batch;
}

export function isAhead(one: LedgerMark, other: LedgerMark): boolean {
  return one.term > other.term || (one.term === other.term && one.batch > other.batch);
}

export class Ledger {
  readonly #node: string;
  readonly #mostFacts: number;
  #state: LedgerState = { mark: { term: 0, batch: 0 }, isComplete: false, events: [] };
  /** Without what `events` say. */
  #standing = new Map<string, Fact>();
  #filling: { readonly mark: LedgerMark; readonly standing: Map<string, Fact> } | null = null;
  /** The facts that are being read, as they were at the first page. */
  #shown: readonly Fact[] = [];

  constructor(node: string, most: number = mostFacts) {
    this.#node = node;
    this.#mostFacts = most;
  }

  get mark(): LedgerMark {
    return this.#state.mark;
  }

  /** Answers another node. */
  heard(word: LedgerWord): LedgerPage {
    if (word.kind === "read") return this.page(word.from);
    if (word.kind === "add") this.add(word);
    if (word.kind === "fill") this.#fill(word);
    return { node: this.#node, ...this.#state, events: [], facts: [], hasMore: false };
  }

  /** This node tells from here on. */
  begin(term: number, facts: readonly Fact[], isComplete: boolean): void {
    this.#standing = new Map();
    this.#filling = null;
    this.#state = { mark: { term, batch: 0 }, isComplete, events: [] };
    for (const fact of facts) this.#keep(fact);
  }

  /** Of what does not follow on what is here nothing is taken; whoever said it sees that by the mark. */
  add({ mark, isComplete, events }: LedgerState): void {
    const { term, batch } = this.#state.mark;
    if (mark.term !== term || mark.batch !== batch + 1) return;
    this.#fold();
    this.#state = { mark, isComplete: isComplete && this.#state.isComplete, events };
  }

  page(from: number): LedgerPage {
    if (from === 0) this.#shown = [...this.#standing.values()];
    const facts = this.#shown.slice(from, from + pageFacts);
    const hasMore = from + facts.length < this.#shown.length;
    if (!hasMore) this.#shown = [];
    return { node: this.#node, ...this.#state, facts, hasMore };
  }

  #fill({ mark, isComplete, events, from, facts, isLast }: Extract<LedgerWord, { kind: "fill" }>): void {
    if (!isAhead(mark, this.#state.mark)) return;
    if (from === 0) this.#filling = { mark, standing: new Map() };
    const filling = this.#filling;
    // A page before it was lost.
    if (filling === null || filling.standing.size !== from || !isSameMark(filling.mark, mark)) return;
    for (const fact of facts) filling.standing.set(keyOf(fact), fact);
    if (!isLast) return;
    this.#filling = null;
    this.#standing = filling.standing;
    this.#state = { mark, isComplete, events };
  }

  #fold(): void {
    for (const event of this.#state.events) {
      const { fact, holds } = standingOf(event);
      if (holds) this.#keep(fact);
      else this.#standing.delete(keyOf(fact));
    }
  }

  #keep(fact: Fact): void {
    const key = keyOf(fact);
    if (this.#standing.size < this.#mostFacts || this.#standing.has(key)) this.#standing.set(key, fact);
    else this.#state = { ...this.#state, isComplete: false };
  }
}
