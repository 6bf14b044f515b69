// What several pages of one browser keep together, and what is left when they are gone: the memory of a test.
import type { Change, KeptEntry, NewEntry, OutboxStorage, Turn } from "../src/outbox.ts";

type Told = (seq: number, entry: KeptEntry | null) => void;

/** The disk. */
export class Disk {
  readonly entries = new Map<number, KeptEntry>();
  readonly pages = new Set<SharedStorage>();
  /** What the next access throws. */
  failure: Error | null = null;
  lastSeq = 0;
  /** Everybody's turns, one after the other. */
  turns: Promise<void> = Promise.resolve();

  readonly open = (): Promise<OutboxStorage> => {
    const storage = new SharedStorage(this);
    this.pages.add(storage);
    return Promise.resolve(storage);
  };
}

export class SharedStorage implements OutboxStorage {
  readonly isLasting = true;
  readonly #disk: Disk;
  #told: Told = () => undefined;

  constructor(disk: Disk) {
    this.#disk = disk;
  }

  async read(user: string): Promise<readonly KeptEntry[]> {
    await this.#access();
    return [...this.#disk.entries.values()].filter((entry) => entry.user === user);
  }

  async add(entry: NewEntry): Promise<KeptEntry> {
    await this.#access();
    const kept = { ...entry, seq: ++this.#disk.lastSeq };
    this.#disk.entries.set(kept.seq, kept);
    this.#tell(kept.seq, kept);
    return kept;
  }

  async change(seq: number, change: Change): Promise<KeptEntry | null> {
    await this.#access();
    const entry = this.#disk.entries.get(seq);
    if (entry === undefined) return null;
    const changed = change(entry);
    if (changed === null) this.#disk.entries.delete(seq);
    else this.#disk.entries.set(seq, changed);
    if (changed !== entry) this.#tell(seq, changed);
    return changed;
  }

  inTurn(_user: string, turn: Turn, signal: AbortSignal): Promise<void> {
    const ended = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    const mine = this.#disk.turns.then(() => (signal.aborted ? undefined : Promise.race([turn(), ended])));
    this.#disk.turns = mine.catch(() => undefined);
    return mine;
  }

  watch(told: Told): void {
    this.#told = told;
  }

  close(): void {
    this.#disk.pages.delete(this);
  }

  async #access(): Promise<void> {
    // As on a disk, nothing is there at once.
    await new Promise<void>((resolve) => void setImmediate(resolve));
    if (!this.#disk.pages.has(this)) throw new Error("the page is gone");
    const { failure } = this.#disk;
    this.#disk.failure = null;
    if (failure !== null) throw failure;
  }

  #tell(seq: number, entry: KeptEntry | null): void {
    for (const page of this.#disk.pages) if (page !== this) page.#told(seq, entry);
  }
}
