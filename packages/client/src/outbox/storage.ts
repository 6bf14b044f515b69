// Where an outbox keeps its entries: what that promises, and one that lasts as long as the page.

import type { KeptEntry } from "./entry.ts";

/** An entry that has no place in the order yet. */
export type NewEntry = Omit<KeptEntry, "seq">;

/** What a change makes of an entry: another, `null` for none any more, or the same object when it stays as it is. */
export type Change = (entry: KeptEntry) => KeptEntry | null;

/** Somebody's turn to send; no two have it at once, as far as the storage can see. */
export type Turn = () => Promise<void>;

/** Where an outbox keeps its entries. What rejects is told to whoever published, or to `onError`. */
export interface OutboxStorage {
  /** Whether what is kept outlives the page. */
  readonly isLasting: boolean;
  /** The user's entries, in the order in which they were added. */
  read(user: string): Promise<readonly KeptEntry[]>;
  add(entry: NewEntry): Promise<KeptEntry>;
  /**
   * Changes an entry; reading and writing it are one act, for all tabs.
   * @returns What it is now; `null` when there is none.
   */
  change(seq: number, change: Change): Promise<KeptEntry | null>;
  /** Waits until no tab sends for this user, then runs `turn`. Resolves without it when `signal` is aborted first. */
  inTurn(user: string, turn: Turn, signal: AbortSignal): Promise<void>;
  /** Tells of what other tabs have added and changed; `null` for an entry that is gone. */
  watch(told: (seq: number, entry: KeptEntry | null) => void): void;
  close(): void;
}

/** Keeps entries in memory, for this page alone. */
export class MemoryStorage implements OutboxStorage {
  readonly isLasting = false;
  readonly #entries = new Map<number, KeptEntry>();
  #lastSeq = 0;

  read(user: string): Promise<readonly KeptEntry[]> {
    return Promise.resolve([...this.#entries.values()].filter((entry) => entry.user === user));
  }

  add(entry: NewEntry): Promise<KeptEntry> {
    const kept = { ...entry, seq: ++this.#lastSeq };
    this.#entries.set(kept.seq, kept);
    return Promise.resolve(kept);
  }

  change(seq: number, change: Change): Promise<KeptEntry | null> {
    const entry = this.#entries.get(seq);
    if (entry === undefined) return Promise.resolve(null);
    const changed = change(entry);
    if (changed === null) this.#entries.delete(seq);
    else this.#entries.set(seq, changed);
    return Promise.resolve(changed);
  }

  inTurn(_user: string, turn: Turn): Promise<void> {
    return turn();
  }

  watch(): void {
    // No other tab sees this memory.
  }

  close(): void {
    this.#entries.clear();
  }
}
