// What a row of the message list shows beside its text: a day, the "new" line, the author. Pure.
import type { Author } from "../../../contract/person.ts";

export interface RowSource {
  readonly author: Author;
  readonly atMs: number;
  /** The number in the room; `null` while it is on its way. */
  readonly seq: number | null;
}

export interface RowPlan {
  /** The first row of its day. */
  readonly startsDay: boolean;
  /** The first row that was not read when the room was opened. */
  readonly startsNew: boolean;
  /** Whether it shows its author; a following row of the same author does not. */
  readonly showsAuthor: boolean;
}

/** Rows of one author within this time belong together. */
export const groupMs = 5 * 60_000;

/** @param newAfter The number after which messages were not read; `null`: nothing was unread. */
export function planRow(row: RowSource, previous: RowSource | null, newAfter: number | null): RowPlan {
  const startsDay = previous === null || dayOf(previous.atMs) !== dayOf(row.atMs);
  const startsNew = newAfter !== null && isNew(row, newAfter) && (previous === null || !isNew(previous, newAfter));
  const isSameGroup = previous !== null && previous.author.id === row.author.id && row.atMs - previous.atMs < groupMs;
  return { startsDay, startsNew, showsAuthor: startsDay || startsNew || !isSameGroup };
}

function isNew(row: RowSource, newAfter: number): boolean {
  return row.seq !== null && row.seq > newAfter;
}

function dayOf(atMs: number): string {
  return new Date(atMs).toDateString();
}
