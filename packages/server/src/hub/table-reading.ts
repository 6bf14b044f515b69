// Reading the engine's table: on from a place, or as a whole where that place has lost removals.
import type { Position } from "@tidewire/protocol";
import type { Page, PageLimit, PageStart, Publication } from "../engine/engine.ts";

export interface TablePage extends Page {
  /** It is all there is: whoever had read something before lost removals, or read another epoch. */
  readonly isWhole: boolean;
}

/** One page, where the engine can: a table has at most 10,000 keys, as many removals, and 16 MiB. */
const wholeLimit: PageLimit = { publications: 20_001, bytes: 32 * 1_024 * 1_024 };
/** A further try is needed only when the engine forgot removals between two pages of the same. */
const tries = 5;

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
  }
  return { ...page, publications };
}
