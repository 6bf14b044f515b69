// Pages of a table: which keys have changed is known from its index, and their values are read out of the stream.
import { fail, type Position } from "@tidewire/protocol";
import type { Page, PageLimit, PageStart, Publication } from "../../engine/engine.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Gate } from "./gate.ts";
import type { Reached } from "./line.ts";
import { type Head, recordIn } from "./log-records.ts";
import type { Logs } from "./logs.ts";
import type { Names } from "./names.ts";
import type { Entry, EntryRange } from "./table-index.ts";
import type { Standing, TableReading } from "./table-reading.ts";

export interface TablePagesOptions {
  readonly names: Names;
  readonly clock: Clock;
  readonly gate: Gate;
  readonly logs: Logs;
  readonly reading: TableReading;
}

/** One page that is asked for. */
export interface AskedPage {
  /** Where the channel stood when it was asked for. */
  readonly head: Head;
  readonly start: PageStart;
  readonly limit: PageLimit;
}

/** Values that are read before it is asked again whether the page takes too long. */
const partSize = 500;
/** A page that takes longer ends with what it has. */
const pageMs = 2_000;
/** Where what is read is superseded again and again, the page ends before that. */
const mostRounds = 5;

/** What a page should have, as the table stands. */
interface Wanted {
  readonly entries: readonly Entry[];
  readonly fromEnd: boolean;
  readonly page: Omit<Page, "publications">;
}

export class TablePages {
  readonly #options: TablePagesOptions;

  constructor(options: TablePagesOptions) {
    this.#options = options;
  }

  async read(reached: Reached, channel: string, asked: AskedPage): Promise<Page> {
    const { clock, reading } = this.#options;
    const values = new Map<string, Publication>();
    const heard = (publication: Publication): void => void values.set(publication.id, publication);
    let standing = await reading.look(reached, channel, { head: asked.head, heard });
    const lateMs = clock.now() + pageMs;
    for (let round = 1; ; round += 1) {
      const wanted = isTogether(standing) ? this.#wanted(reached, standing, asked) : null;
      if (wanted === null) {
        if (round > mostRounds) fail("engine_unavailable", "the table changes faster than it can be read");
        standing = await reading.look(reached, channel, { heard });
        continue;
      }
      await this.#read(reached, { wanted, values, lateMs });
      const missing = wanted.entries.filter(({ id }) => !values.has(id));
      if (missing.length === 0 || round === mostRounds || clock.now() > lateMs) return cut(wanted, values);
      // What is not there any more was superseded.
      const before = standing.index;
      standing = await reading.look(reached, channel, { heard });
      const { index } = standing;
      if (index !== before || !missing.some((entry) => index.of(entry.key) === entry)) continue;
      // Or somebody else has deleted it. Whoever asks next reads all anew.
      reading.drop(channel);
      fail("engine_unavailable", "the table was trimmed while it was read");
    }
  }

  #wanted(reached: Reached, { head, index }: Standing, { start, limit }: AskedPage): Wanted {
    const { clock, logs } = this.#options;
    const top = logs.positionOf(reached, head);
    const floor = index.floorAt(clock.wall(), head.ttlMs);
    const range = rangeOf(start, top, floor);
    if (range === null) return { entries: [], fromEnd: false, page: { top, floor, more: false } };
    const { entries, more } = index.page(range, limit);
    return { entries, fromEnd: range.fromEnd, page: { top, floor, more } };
  }

  async #read(
    { client: { manager } }: Reached,
    { wanted: { entries, fromEnd }, values, lateMs }: Reading,
  ): Promise<void> {
    const { names, clock, gate } = this.#options;
    const parts = partsOf(entries.filter(({ id }) => !values.has(id)));
    if (fromEnd) parts.reverse();
    const get = async ({ id, sequence }: Entry): Promise<void> => {
      const message = await gate.pass(() => manager.streams.getMessage(names.logs, { seq: sequence }));
      const value = message === null ? null : (recordIn(message.data)?.publication ?? null);
      if (value?.id === id) values.set(id, value);
    };
    for (const [count, part] of parts.entries()) {
      if (count > 0 && clock.now() > lateMs) return;
      await Promise.all(part.map(get));
    }
  }
}

/** The index may have gone on while whoever asked for it waited. */
function isTogether({ head, index }: Standing): boolean {
  return index.sequence === head.sequence;
}

interface Reading {
  readonly wanted: Wanted;
  readonly values: Map<string, Publication>;
  readonly lateMs: number;
}

/** All that is wanted, or what lies between the page's beginning and the first that is missing. */
function cut({ entries, fromEnd, page }: Wanted, values: ReadonlyMap<string, Publication>): Page {
  const ordered = fromEnd ? entries.toReversed() : entries;
  const publications: Publication[] = [];
  for (const { id } of ordered) {
    const value = values.get(id);
    if (value === undefined) break;
    publications.push(value);
  }
  const isCut = publications.length < entries.length;
  if (isCut && publications.length === 0) fail("engine_unavailable", "the table changes faster than it can be read");
  return { ...page, publications: fromEnd ? publications.reverse() : publications, more: page.more || isCut };
}

/** `null` for a start in an epoch that is over. */
function rangeOf(start: PageStart, top: Position, floor: number): EntryRange | null {
  const all = { after: 0, before: Number.MAX_SAFE_INTEGER, floor };
  if (start === "oldest" || start === "newest") return { ...all, fromEnd: start === "newest" };
  const from = "after" in start ? start.after : start.before;
  if (from.epoch !== top.epoch) return null;
  if ("after" in start) return { ...all, after: from.offset, fromEnd: false };
  return { ...all, before: from.offset, fromEnd: true };
}

function partsOf(entries: readonly Entry[]): (readonly Entry[])[] {
  const parts = [];
  for (let at = 0; at < entries.length; at += partSize) parts.push(entries.slice(at, at + partSize));
  return parts;
}
