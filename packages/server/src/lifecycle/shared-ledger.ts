// The ledger of the node that tells: the others have what is to be told before it is told, and what the one before had told.
import type { LifecycleEvent } from "./events.ts";
import type { Fact } from "./facts.ts";
import { isAhead, isSameMark, type Ledger, type LedgerMark, type LedgerPage, type LedgerWord } from "./ledger.ts";

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

/** Another node tells by now. */
export class Deposed extends Error {}

export class SharedLedger {
  readonly #own: Ledger;
  /** `null` where there are none. */
  readonly #others: OtherLedgers | null;
  /** The highest term that was heard of. */
  #term = 0;
  #isComplete = false;
  /** Batches that were taken. */
  #taken = 0;
  /** Whether the others have the next one. */
  #isSaid = false;
  /** Whether they do not know yet that the last one was taken, or that it was not all. */
  #isOpen = false;

  constructor(own: Ledger, others: OtherLedgers | null) {
    this.#own = own;
    this.#others = others;
  }

  /** What the newest ledger of all says; `null` where nobody has one. */
  async newest(): Promise<Told | null> {
    if (this.#others === null) return null;
    const pages = await this.#others.ledgers({ kind: "mark" });
    const found = pages.reduce<LedgerPage | null>(
      (best, page) => (isAhead(page.mark, best?.mark ?? this.#own.mark) ? page : best),
      null,
    );
    const mark = found?.mark ?? this.#own.mark;
    this.#term = mark.term;
    return mark.term === 0 ? null : await this.#readAll(mark, found?.node ?? null);
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
    const mark = { term: this.#term, batch: this.#taken + 1 };
    if (this.#own.mark.term !== this.#term) throw new Deposed("another node tells what happens by now");
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
    for (const { node, mark } of heard) {
      if (mark.term > this.#term) throw new Deposed("another node tells what happens by now");
      if (!isSameMark(mark, this.#own.mark)) await this.#give(node);
    }
  }

  async #give(node: string): Promise<void> {
    let hasMore = true;
    for (let from = 0; hasMore;) {
      const page = this.#own.page(from);
      const { mark, isComplete, events, facts } = page;
      ({ hasMore } = page);
      const word = { kind: "fill", mark, isComplete, events, from, facts, isLast: !hasMore } as const;
      if ((await this.#others?.ledgerOf(node, word)) === null) return;
      from += facts.length;
    }
  }

  /** @param node `null`: this one. */
  async #readAll(mark: LedgerMark, node: string | null): Promise<Told> {
    const facts: Fact[] = [];
    for (;;) {
      const word = { kind: "read", from: facts.length } as const;
      const page = node === null ? this.#own.heard(word) : await this.#others?.ledgerOf(node, word);
      if (page === null || page === undefined || !isSameMark(page.mark, mark))
        throw new Error("what was told before cannot be read yet");
      facts.push(...page.facts);
      if (!page.hasMore) return { facts, events: page.events, isComplete: page.isComplete };
    }
  }
}
