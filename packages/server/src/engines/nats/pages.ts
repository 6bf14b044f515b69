// Reads pages of a channel's log out of its stream, record by record, and believes none that does not fit the others.
//
// Sequences are the stream's, which all channels share; offsets are the channel's own. Both ascend, so a place is found
// by halving.
import { fail } from "@tidewire/protocol";
import type { PageLimit, Publication } from "../../engine/engine.ts";
import { isFull } from "../../engine/ring.ts";
import { type Head, type LogRecord, recordIn } from "./log-records.ts";
import type { NatsManager } from "./nats-client.ts";

/** One log at one moment. */
export interface Shelf {
  readonly manager: NatsManager;
  readonly stream: string;
  readonly subject: string;
  readonly head: Head;
  readonly nowMs: number;
  /** Whether a page should end with what it has, before whoever asked for it gives up. */
  readonly isLate: () => boolean;
}

interface Found {
  readonly sequence: number;
  readonly record: LogRecord | null;
}

interface Kept {
  readonly sequence: number;
  readonly before: number;
  readonly publication: Publication;
}

export interface LogPage {
  readonly publications: readonly Publication[];
  readonly floor: number;
  readonly more: boolean;
  /** Something in the log cannot have been written by a node. */
  readonly isDamaged: boolean;
}

export interface Place {
  /** Exclusive; `before` wins where both are given. */
  readonly after?: number;
  readonly before?: number;
}

export async function pageOf(shelf: Shelf, place: Place, limit: PageLimit): Promise<LogPage> {
  const { head } = shelf;
  const first = await firstKept(shelf);
  if (first === null) return { publications: [], floor: head.offset, more: false, isDamaged: false };
  const floor = first.publication.offset - 1;
  const empty = { publications: [], floor, more: false, isDamaged: false };
  if (place.before !== undefined) {
    const last = Math.min(place.before - 1, head.offset);
    return last <= floor ? empty : await backward(shelf, { first, last }, limit);
  }
  const from = Math.max(place.after ?? 0, floor) + 1;
  return from > head.offset ? empty : await forward(shelf, { first, from }, limit);
}

/** The sequence of the oldest publication that is kept, for trimming. */
export async function firstKept(shelf: Shelf): Promise<Kept | null> {
  const { head } = shelf;
  if (head.offset <= head.floor) return null;
  const newest = kept(shelf, await at(shelf, head.last));
  if (newest === null) return null;
  return await lowest(shelf, { low: 1, high: head.last, isHigh: (found) => offsetAt(shelf, found) > 0 });
}

async function forward(
  shelf: Shelf,
  { first, from }: { readonly first: Kept; readonly from: number },
  limit: PageLimit,
): Promise<LogPage> {
  let floor = first.publication.offset - 1;
  let isDamaged = false;
  let publications: Publication[] = [];
  let bytes = 0;
  let next: Found | null = { sequence: 0, record: null };
  for (
    let sequence = await sequenceOf(shelf, first, from);
    sequence <= shelf.head.sequence;
    sequence = next.sequence + 1
  ) {
    next = await atOrAfter(shelf, sequence);
    if (next === null) break;
    if (next.record?.kind === "fence") continue;
    const publication = kept(shelf, next)?.publication ?? null;
    const last = publications.at(-1);
    const expected = last === undefined ? Math.max(from, floor + 1) : last.offset + 1;
    const isLinked = last === undefined || publication?.previous?.id === last.id;
    if (publication === null || publication.offset !== expected || !isLinked) {
      // As if history had expired up to here.
      [isDamaged, publications, bytes] = [true, [], 0];
      floor = publication === null ? floor : publication.offset - 1;
      if (publication === null) continue;
    }
    bytes += publication.data.byteLength;
    if (isEnough(shelf, publications, { bytes, limit })) return { publications, floor, more: true, isDamaged };
    publications.push(publication);
    if (publication.offset === shelf.head.offset) return { publications, floor, more: false, isDamaged };
  }
  return fail("engine_unavailable", "the channel's history was trimmed while it was read");
}

async function backward(
  shelf: Shelf,
  { first, last }: { readonly first: Kept; readonly last: number },
  limit: PageLimit,
): Promise<LogPage> {
  const publications: Publication[] = [];
  let bytes = 0;
  let sequence = await sequenceOf(shelf, first, last);
  for (let expected = last; expected >= first.publication.offset; expected -= 1) {
    const found = kept(shelf, await at(shelf, sequence));
    const after = publications.at(-1);
    const isSound =
      found?.publication.offset === expected && (after === undefined || after.previous?.id === found.publication.id);
    if (found === null || !isSound) {
      return { publications: publications.reverse(), floor: expected, more: false, isDamaged: true };
    }
    bytes += found.publication.data.byteLength;
    if (isEnough(shelf, publications, { bytes, limit })) {
      return {
        publications: publications.reverse(),
        floor: first.publication.offset - 1,
        more: true,
        isDamaged: false,
      };
    }
    publications.push(found.publication);
    sequence = found.before;
  }
  return { publications: publications.reverse(), floor: first.publication.offset - 1, more: false, isDamaged: false };
}

/** Whether the next publication does not belong to the page any more. One always does, or nobody would get on. */
function isEnough(
  { isLate }: Shelf,
  { length }: readonly Publication[],
  { bytes, limit }: { readonly bytes: number; readonly limit: PageLimit },
): boolean {
  return isFull(length, bytes, limit) || (length > 0 && isLate());
}

/** Where the publication at `offset` is, or the next one above it. */
async function sequenceOf(shelf: Shelf, first: Kept, offset: number): Promise<number> {
  if (offset <= first.publication.offset) return first.sequence;
  const { head } = shelf;
  // No two records share a sequence, so as many as lie between are at least so far apart.
  const low = first.sequence + offset - first.publication.offset;
  const high = head.sequence - (head.offset - offset);
  const isHigh = (found: Found): boolean => offsetAt(shelf, found) >= offset;
  const found = await lowest(shelf, { low, high, isHigh });
  return found?.sequence ?? head.sequence;
}

interface Search {
  readonly low: number;
  readonly high: number;
  readonly isHigh: (found: Found) => boolean;
}

/** The first record for which `isHigh`, which holds for all above it. */
async function lowest(shelf: Shelf, { low: start, high: end, isHigh }: Search): Promise<Kept | null> {
  let low = start;
  let high = Math.max(start, end);
  let best: Found | null = null;
  // Most often it is the first one there is.
  let middle = low;
  while (low <= high) {
    const found = await atOrAfter(shelf, middle);
    if (found !== null && found.sequence <= shelf.head.sequence && !isHigh(found)) low = found.sequence + 1;
    else {
      if (found !== null && found.sequence <= shelf.head.sequence) best = found;
      high = middle - 1;
    }
    middle = low + Math.floor((high - low) / 2);
  }
  // A fence is the lowest only where the publication before it is none.
  while (best?.record?.kind === "fence") best = await atOrAfter(shelf, best.sequence + 1);
  return kept(shelf, best);
}

/** The newest publication at a record, if it is kept; 0 for none, as below everything. */
function offsetAt(shelf: Shelf, found: Found): number {
  const { head, nowMs } = shelf;
  const newest = found.record?.newest ?? null;
  if (newest === null) return kept(shelf, found)?.publication.offset ?? 0;
  const isKept = newest.offset > head.floor && newest.offset <= head.offset && newest.atMs + head.ttlMs > nowMs;
  return isKept && found.record?.token === head.token ? newest.offset : 0;
}

/** `null` for what is forgotten, expired, of another epoch, or nobody's. */
function kept({ head, nowMs }: Shelf, found: Found | null): Kept | null {
  const record = found?.record ?? null;
  if (found === null || record === null || record.kind !== "keep" || record.token !== head.token) return null;
  const { publication, before } = record;
  if (publication === null || publication.offset <= head.floor || publication.offset > head.offset) return null;
  if (publication.atMs + head.ttlMs <= nowMs) return null;
  return { sequence: found.sequence, before, publication };
}

async function at({ manager, stream, subject }: Shelf, sequence: number): Promise<Found | null> {
  const message = await manager.streams.getMessage(stream, { seq: sequence });
  return message?.subject === subject ? { sequence, record: recordIn(message.data) } : null;
}

/** The first record of the log from a sequence on. */
async function atOrAfter({ manager, stream, subject }: Shelf, sequence: number): Promise<Found | null> {
  const message = await manager.streams.getMessage(stream, { seq: sequence, next_by_subj: subject });
  return message === null ? null : { sequence: message.seq, record: recordIn(message.data) };
}
