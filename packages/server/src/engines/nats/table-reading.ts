// Reads tables out of the stream: an index of each that is used, brought up to its newest record and held against what that
// says the table consists of (decision 0058).
import { fail } from "@tidewire/protocol";
import type { Publication } from "../../engine/engine.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Gate } from "./gate.ts";
import type { Reached } from "./line.ts";
import { fenceOf, type Head, type LogRecord } from "./log-records.ts";
import type { Logs } from "./logs.ts";
import type { Names } from "./names.ts";
import { recordsIn, type Walk } from "./record-walk.ts";
import { TableIndex } from "./table-index.ts";

export interface TableReadingOptions {
  readonly names: Names;
  readonly clock: Clock;
  readonly logs: Logs;
  readonly gate: Gate;
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

interface Reading extends Standing {
  /** The one that says where it stands, if it was read. */
  readonly record: LogRecord | null;
  readonly lateMs: number;
  readonly heard: Looking["heard"];
}

interface Kept extends Standing {
  /** Not in doubt since it was read or written. */
  isSure: boolean;
  readonly counted: number;
}

/** How to look. */
export interface Looking {
  /** Where the channel stood. Default: it is asked for. */
  readonly head?: Head;
  /** Told of publications that are read on the way. */
  readonly heard?: ((publication: Publication) => void) | undefined;
}

/** What is not read in this time is read on by the next who asks. */
const readMs = 5_000;
/** A leader that was stopped, and goes on, hears of its successor within a second or so; until then it lacks what is new. */
const staleMs = 3_000;
const askAgainMs = 100;
/** A table that changes is looked at so often before all of it is read anew. */
const hasty = 4;
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

  walk({ client }: Reached, channel: string, lateMs: number): Walk {
    const { names, clock, gate } = this.#options;
    const isLate = (): boolean => clock.now() > lateMs;
    return { manager: client.manager, stream: names.logs, subject: names.ofLog(channel), gate, isLate };
  }

  /**
   * The table as it stands or stood when it was asked for; an empty one where the channel is none.
   * @throws {TidewireError} `engine_unavailable` when that takes too long; the next one who asks goes on from there.
   */
  async look(reached: Reached, channel: string, { head: found, heard }: Looking = {}): Promise<Standing> {
    const { clock, logs } = this.#options;
    const startMs = clock.now();
    const lateMs = startMs + readMs;
    let head = found ?? (await logs.head(reached, channel));
    let record: LogRecord | null = null;
    // This node may have written meanwhile.
    if (head.sequence < this.#sequenceOf(channel)) head = await logs.head(reached, channel);
    let index = this.#begun(channel, head);
    for (let look = 1; ; look += 1) {
      if (head.table === null) return emptyAt(head);
      await this.#readOn(reached, channel, { head, record, index, lateMs, heard });
      if (agrees(index, head)) return this.#found(reached, channel, { head, index });
      if (clock.now() - startMs > staleMs) await this.#mend(reached, channel, { head, index });
      // Most often what is missing is superseded by what has come since.
      const isAnew = look % hasty === 0;
      if (isAnew) await new Promise<void>((resolve) => void clock.after(askAgainMs, resolve));
      ({ head, record } = await logs.newest(reached, channel));
      if (isAnew || head.token !== index.token || head.sequence < index.sequence) index = new TableIndex(head.token);
    }
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

  async #readOn(
    reached: Reached,
    channel: string,
    { head, record: newest, index, lateMs, heard }: Reading,
  ): Promise<void> {
    if (index.sequence >= head.sequence) return;
    // The newest record may be gone by the time that it is come to.
    const range = { from: index.sequence + 1, to: newest === null ? head.sequence : head.sequence - 1 };
    const { found, upTo } = await recordsIn(this.walk(reached, channel, lateMs), range);
    const isWhole = upTo >= range.to;
    const all = isWhole && newest !== null ? [...found, { sequence: head.sequence, record: newest }] : found;
    for (const { sequence, record } of all) {
      if (record === null) this.#options.damaged(channel);
      else if (record.publication !== null) heard?.(record.publication);
      index.read(sequence, record);
    }
    index.reach(isWhole ? head.sequence : upTo);
    if (isWhole) return;
    this.keep(channel, { head, index }, { isSure: false });
    fail("engine_unavailable", "the table could not be read in time");
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
    if (written === null) fail("engine_unavailable", "the table changes faster than it can be read");
    damaged(channel);
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

/** What begins the table is of no use to it. */
function emptyAt(head: Head): Standing {
  const index = new TableIndex(head.token);
  index.read(head.sequence, null);
  return { head, index };
}

/** Whether nothing is missing. Removals that are gone are as if they had expired: whoever was behind them gets the whole. */
function agrees(index: TableIndex, { table, offset }: Head): boolean {
  const { sum } = index;
  if (sum.keys !== table?.keys || sum.bytes !== table.bytes || sum.values !== table.values) return false;
  if (index.offset > offset) return false;
  if (sum.removals !== table.removals || sum.removed !== table.removed) index.forgetRemovals(offset);
  return true;
}
