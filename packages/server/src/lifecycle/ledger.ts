// The ledger: what was told to be so, kept on every node, so that whoever tells next knows it though the one before is gone.
import { type LifecycleEvent, standingOf } from "./events.ts";
import { type Fact, keyOf } from "./facts.ts";
import { portionOf } from "./portion.ts";

/** How far a ledger is. */
export interface LedgerMark {
  /** Counts those who told, one after the other; 0: nobody has. */
  readonly term: number;
  /** The node that tells in it. Two may have begun the same term, neither of which could be asked by the other. */
  readonly teller: string;
  /** Counts what was said in it. */
  readonly batch: number;
}

/** What is said of ledgers between nodes. */
export type LedgerWord =
  | { readonly kind: "mark" }
  /** What there is from this place on. Who reads is shown what there was at its first page. */
  | { readonly kind: "read"; readonly reader: string; readonly from: number }
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

/** What is in a ledger. */
export interface LedgerContent extends LedgerState {
  readonly facts: readonly Fact[];
}

/** What a node says of its ledger, and some of what is in it. */
export interface LedgerPage extends LedgerContent {
  readonly node: string;
  readonly hasMore: boolean;
}

/** Who read and does not read on holds on to what there was. */
const mostReaders = 8;
/** Above, what begins is not kept. */
const mostFacts = 1_000_000;

export function isSameMark(one: LedgerMark, other: LedgerMark): boolean {
  return one.term === other.term && one.teller === other.teller && one.batch === other.batch;
}

export function isAhead(one: LedgerMark, other: LedgerMark): boolean {
  if (one.term !== other.term) return one.term > other.term;
  // Of two who began the same term neither knows more: it is enough that all nodes follow the same one.
  if (one.teller !== other.teller) return one.teller > other.teller;
  return one.batch > other.batch;
}

/** Whether two nodes began the same term: what the one told, the other does not know. */
export function areRivals(one: LedgerMark, other: LedgerMark): boolean {
  return one.term === other.term && one.teller !== other.teller;
}

/** Of a ledger that nobody told anything, and of what cannot be taken for one. */
const nothing: LedgerState = { mark: { term: 0, teller: "", batch: 0 }, isComplete: false, events: [] };

export class Ledger {
  /** Whose it is. */
  readonly node: string;
  readonly #mostFacts: number;
  #state: LedgerState = nothing;
  /** Without what `events` say. */
  #standing = new Map<string, Fact>();
  #filling: { readonly mark: LedgerMark; readonly standing: Map<string, Fact> } | null = null;
  /** By reader: the facts it reads, as they were at its first page; until something else was told. */
  readonly #shown = new Map<string, readonly Fact[]>();

  constructor(node: string, most: number = mostFacts) {
    this.node = node;
    this.#mostFacts = most;
  }

  get mark(): LedgerMark {
    return this.#state.mark;
  }

  /** Answers another node. */
  heard(word: LedgerWord): LedgerPage {
    if (word.kind === "read") return this.#page(word.reader, word.from);
    if (word.kind === "add") this.add(word);
    if (word.kind === "fill") this.#fill(word);
    return { node: this.node, ...this.#state, events: [], facts: [], hasMore: false };
  }

  /** This node tells from here on. */
  begin(term: number, facts: readonly Fact[], isComplete: boolean): void {
    this.#standing = new Map();
    this.#filling = null;
    this.#become({ mark: { term, teller: this.node, batch: 0 }, isComplete, events: [] });
    for (const fact of facts) this.#keep(fact);
  }

  /** Of what does not follow on what is here nothing is taken; whoever said it sees that by the mark. */
  add({ mark, isComplete, events }: LedgerState): void {
    const { batch } = this.#state.mark;
    if (!isSameMark(mark, { ...this.#state.mark, batch: batch + 1 })) return;
    this.#fold();
    this.#become({ mark, isComplete: isComplete && this.#state.isComplete, events });
  }

  all(): LedgerContent {
    return { ...this.#state, facts: [...this.#standing.values()] };
  }

  #page(reader: string, from: number): LedgerPage {
    if (from === 0) this.#show(reader);
    const shown = this.#shown.get(reader);
    // An end that is not one would leave out what comes behind it.
    if (shown === undefined) return { node: this.node, ...nothing, facts: [], hasMore: false };
    const facts = portionOf(shown, from);
    const hasMore = from + facts.length < shown.length;
    if (!hasMore) this.#shown.delete(reader);
    return { node: this.node, ...this.#state, facts, hasMore };
  }

  #show(reader: string): void {
    this.#shown.delete(reader);
    for (const oldest of this.#shown.keys()) {
      if (this.#shown.size < mostReaders) break;
      this.#shown.delete(oldest);
    }
    this.#shown.set(reader, this.all().facts);
  }

  #become(state: LedgerState): void {
    this.#state = state;
    this.#shown.clear();
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
    this.#become({ mark, isComplete: isComplete && !areRivals(mark, this.#state.mark), events });
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
