// Reads tables out of the stream: an index of each that is used, brought up to its newest record and held against what that
// says the table consists of (decision 0058).
import { fail } from "@tidewire/protocol";
import type { Clock } from "../../ports/clock.ts";
import { batchFrom, type Found, recordFrom, type RecordsOf } from "./batches.ts";
import type { Reached } from "./line.ts";
import { fenceOf, type Head, headIn } from "./log-records.ts";
import type { Logs } from "./logs.ts";
import type { Names } from "./names.ts";
import { TableIndex } from "./table-index.ts";

export interface TableReadingOptions {
  readonly names: Names;
  readonly clock: Clock;
  readonly logs: Logs;
  /** Told of a table that lacks something, and of records that are none. */
  readonly damaged: (channel: string) => void;
  /** Told of records that nobody needs any more. */
  readonly letGo: (reached: Reached, channel: string, sequences: readonly number[]) => void;
}

/** A table at one moment: where its newest record says that it stands, and all that it consists of. */
export interface Standing {
  readonly head: Head;
  readonly index: TableIndex;
}

interface Kept extends Standing {
  /** Not in doubt since it was read or written. */
  isSure: boolean;
  readonly counted: number;
}

/** What is not read in this time is read on by the next who asks. */
const readMs = 4_000;
const askAgainMs = 100;
/** A replica that is behind, or a table that changes all the time, gets so many chances to be read as it is. */
const mostLooks = 8;
/** From this look on all is read anew, and from that on by asking the stream's leader alone. */
const anew = 3;
const carefully = 5;
/** Entries of all indexes together; each is about 200 bytes. */
const mostEntries = 300_000;

export class TableReading {
  readonly #options: TableReadingOptions;
  /** The one that was used last comes last. */
  readonly #kept = new Map<string, Kept>();
  #entries = 0;

  constructor(options: TableReadingOptions) {
    this.#options = options;
  }

  forget(): void {
    this.#kept.clear();
    this.#entries = 0;
  }

  /** As it stood when this node last looked or wrote; `null` where that is in doubt. */
  known(channel: string): Standing | null {
    const kept = this.#kept.get(channel);
    return kept?.isSure === true ? kept : null;
  }

  doubt(channel: string): void {
    const kept = this.#kept.get(channel);
    if (kept !== undefined) kept.isSure = false;
  }

  keep(channel: string, standing: Standing, { isSure }: Pick<Kept, "isSure"> = { isSure: true }): void {
    this.drop(channel);
    const counted = standing.index.size;
    this.#kept.set(channel, { ...standing, isSure, counted });
    this.#entries += counted;
    for (const oldest of this.#kept.keys()) {
      if (this.#entries <= mostEntries || oldest === channel) return;
      this.drop(oldest);
    }
  }

  recordsOf({ client }: Reached, channel: string): RecordsOf {
    const { names, clock } = this.#options;
    return { manager: client.manager, clock, stream: names.logs, subject: names.ofLog(channel) };
  }

  /**
   * The table as it stands at `found` or later; an empty one where the channel is none.
   * @throws {TidewireError} `engine_unavailable` when that takes too long; the next one who asks goes on from there.
   */
  async look(reached: Reached, channel: string, found?: Head): Promise<Standing> {
    const { clock, logs } = this.#options;
    const lateMs = clock.now() + readMs;
    let head = found ?? (await logs.head(reached, channel));
    // This node may have written meanwhile.
    if (head.sequence < this.#sequenceOf(channel)) head = await logs.head(reached, channel);
    let index = this.#begun(channel, head);
    for (let look = 1; look <= mostLooks; look += 1) {
      if (head.table === null) return { head, index: new TableIndex(head.token) };
      const read = await this.#readOn(reached, channel, { head, index, lateMs, isHasty: look === 1 });
      if (read !== null && agrees(index, read)) return this.#found(reached, channel, { head: read, index });
      if (read !== null && index.isCareful) await this.#mend(reached, channel, { head: read, index });
      if (look > 1) await new Promise<void>((resolve) => void clock.after(askAgainMs, resolve));
      head = await logs.head(reached, channel);
      const isOther = head.token !== index.token || head.sequence < index.sequence;
      // What was missing may have been at a replica that was not asked, or superseded by what has come since.
      const isAnew = isOther || look === anew || (look === carefully && !index.isCareful);
      if (isAnew) index = new TableIndex(head.token, { isCareful: look >= carefully });
    }
    return fail("engine_unavailable", "the table changes faster than it can be read");
  }

  #found(reached: Reached, channel: string, standing: Standing): Standing {
    const { index } = standing;
    const garbage = index.takeGarbage();
    // What others supersede is theirs to delete. Of what is found at first nobody else may know.
    if (!index.isLoaded) this.#options.letGo(reached, channel, garbage);
    index.isLoaded = true;
    this.keep(channel, standing);
    return standing;
  }

  /** @returns the head that the index has come to; `null` where another epoch has begun. */
  async #readOn(
    reached: Reached,
    channel: string,
    { head, index, lateMs, isHasty }: Standing & { readonly lateMs: number; readonly isHasty: boolean },
  ): Promise<Head | null> {
    const of = this.recordsOf(reached, channel);
    // One record that came since is not worth a batch.
    let singles = index.isLoaded && isHasty ? 1 : 0;
    let newest = head;
    while (index.sequence < head.sequence) {
      if (this.#options.clock.now() > lateMs) {
        this.keep(channel, { head, index }, { isSure: false });
        fail("engine_unavailable", "the table could not be read in time");
      }
      const from = index.sequence + 1;
      const batch = singles > 0 || index.isCareful ? [] : await batchFrom(of, from);
      singles -= 1;
      const found = batch.length > 0 ? batch : await oneFrom(of, from);
      const read = this.#take(channel, index, { found, head });
      if (read === null) return null;
      newest = read;
    }
    return newest;
  }

  #take(
    channel: string,
    index: TableIndex,
    { found, head }: { readonly found: readonly Found[]; readonly head: Head },
  ): Head | null {
    let newest = head;
    for (const { sequence, record } of found) {
      const isPast = sequence > head.sequence;
      const after = record === null ? null : headIn(record, sequence);
      if (isPast && after?.token !== index.token) return null;
      if (record === null) this.#options.damaged(channel);
      index.read(sequence, record);
      if (isPast && after !== null) newest = after;
    }
    return newest;
  }

  /** What is missing does not come back: whoever was behind gets the whole of what there is. Nothing where it goes on meanwhile. */
  async #mend(reached: Reached, channel: string, { head, index }: Standing): Promise<void> {
    const { logs, names, damaged } = this.#options;
    this.drop(channel);
    const after = head.sequence;
    if (index.offset > head.offset || head.offset === 0) {
      // Nobody can say where it stands.
      const begun = await logs.begin(reached, channel, { after, fence: head.fence, isLasting: true });
      if (begun !== null) damaged(channel);
      return;
    }
    index.forgetRemovals(head.offset);
    const record = fenceOf({ ...head, floor: head.offset, table: index.sum }, head.fence);
    const written = await logs.append(reached, { subject: names.ofLog(channel), record, after, isLasting: true });
    if (written !== null) damaged(channel);
  }

  #sequenceOf(channel: string): number {
    const kept = this.#kept.get(channel);
    return kept?.isSure === true ? kept.index.sequence : 0;
  }

  #begun(channel: string, head: Head): TableIndex {
    const kept = this.#kept.get(channel);
    const isOf = kept?.index.token === head.token && kept.index.sequence <= head.sequence;
    return isOf ? kept.index : new TableIndex(head.token);
  }

  /** All of it is read anew by whoever asks next. */
  drop(channel: string): void {
    const kept = this.#kept.get(channel);
    if (kept === undefined) return;
    this.#kept.delete(channel);
    this.#entries -= kept.counted;
  }
}

async function oneFrom(of: RecordsOf, from: number): Promise<readonly Found[]> {
  const found = await recordFrom(of, from);
  return found === null ? fail("engine_unavailable", "the table was trimmed while it was read") : [found];
}

/** Whether nothing is missing. Removals that are gone are as if they had expired: whoever was behind them gets the whole. */
function agrees(index: TableIndex, { table, offset }: Head): boolean {
  const { sum } = index;
  if (sum.keys !== table?.keys || sum.bytes !== table.bytes || sum.values !== table.values) return false;
  if (index.offset > offset) return false;
  if (sum.removals !== table.removals || sum.removed !== table.removed) index.forgetRemovals(offset);
  return true;
}
