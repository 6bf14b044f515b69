// Reading the engine's table, on from a place or as a whole where that place has lost removals; and taking it over.
import type { Position } from "@tidewire/protocol";
import type { Page, PageLimit, PageStart, Publication } from "../engine/engine.ts";
import type { Contiguity } from "./contiguity.ts";
import type { Table } from "./table.ts";

export interface TablePage extends Page {
  /** It is all there is: whoever had read something before lost removals, or read another epoch. */
  readonly isWhole: boolean;
}

/** One page, where the engine can: a table has at most 10,000 keys, as many removals, and 16 MiB. */
const wholeLimit: PageLimit = { publications: 20_001, bytes: 32 * 1_024 * 1_024 };
/** A further try is needed only when the engine forgot removals between two pages of the same. */
const tries = 5;
/** What is larger than this is no table, however many pages the engine goes on to have of it. */
const mostRead = 2 * wholeLimit.publications;

export type ReadPage = (start: PageStart, limit: PageLimit) => Promise<Page>;

/** What changed after `from`, or the whole. @throws what `read` throws. */
export async function readTable(read: ReadPage, from: Position | null): Promise<TablePage> {
  if (from !== null && from.epoch !== "") {
    const page = await read({ after: from }, wholeLimit);
    const { top, floor } = page;
    const isBelow = floor > from.offset && from.offset > 0;
    if (top.epoch === from.epoch && top.offset >= from.offset && !isBelow) return { ...page, isWhole: false };
  }
  for (let left = tries; left > 0; left -= 1) {
    const whole = await readWhole(read);
    if (whole !== null) return { ...whole, isWhole: true };
  }
  throw new Error("the table changed faster than it could be read");
}

/** `null` when what was read of it is not one state: another epoch began, or removals were forgotten meanwhile. */
async function readWhole(read: ReadPage): Promise<Page | null> {
  let page = await read("oldest", wholeLimit);
  const { top, floor: began } = page;
  const publications: Publication[] = [...page.publications];
  while (page.more) {
    const offset = publications.at(-1)?.offset ?? 0;
    page = await read({ after: { epoch: top.epoch, offset } }, wholeLimit);
    if (page.top.epoch !== top.epoch || page.floor > Math.max(offset, began)) return null;
    publications.push(...page.publications);
    if (publications.length > mostRead) return null;
  }
  return { ...page, publications };
}

/**
 * Brings a table up to a page, which does not link: what it does not have was superseded, and where it ends nothing is
 * missing. `overtaken`: nothing was taken, and it must be read again. `rollback`: the log says something else (S8).
 */
export function takeTable(
  { table, contiguity }: { readonly table: Table; readonly contiguity: Contiguity },
  page: TablePage,
  asked: Position,
): "taken" | "overtaken" | "rollback" {
  const { epoch, offset } = contiguity.position;
  // Announcements were appended while it was read: removals before them may be missing now, or it is the older of both.
  const isOlder = page.isWhole ? page.top.epoch === epoch && page.top.offset < offset : page.floor > offset;
  if (isOlder && offset > asked.offset) return "overtaken";
  if (page.isWhole) {
    table.replace(page);
    contiguity.restart(page.top);
    const newest = page.publications.at(-1);
    if (newest?.offset === page.top.offset) contiguity.skipTo(newest);
    return "taken";
  }
  for (const publication of page.publications) {
    const outcome = contiguity.accept(publication);
    if (outcome === "rollback") return outcome;
    if (outcome === "drop") continue;
    if (outcome === "hole") contiguity.skipTo(publication);
    table.append(publication);
  }
  if (page.more) return "taken";
  contiguity.reach(page.top.offset);
  table.reach(page.top.offset);
  return "taken";
}
