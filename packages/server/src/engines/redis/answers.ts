// What the script answered, as the engine contract wants it.
import { fail, type Position, TidewireError } from "@tidewire/protocol";
import type { Ack, Body, Durability, Page, PageStart, Publication } from "../../engine/engine.ts";
import { fullness } from "../../engine/slots.ts";
import type { Stamp } from "../records.ts";
import { publicationIn } from "../records.ts";

/** Nobody knows whether what was asked is done. */
function unreadable(): never {
  return fail("indeterminate", "Redis gave an answer that cannot be read");
}

function listOf(reply: unknown): readonly unknown[] {
  return Array.isArray(reply) ? (reply as readonly unknown[]) : unreadable();
}

function textAt(list: readonly unknown[], index: number): string {
  const value = list[index];
  if (Buffer.isBuffer(value)) return value.toString("latin1");
  return typeof value === "string" || typeof value === "number" ? `${value}` : unreadable();
}

function offsetAt(list: readonly unknown[], index: number): number {
  const offset = Number(textAt(list, index));
  return Number.isSafeInteger(offset) && offset >= 0 ? offset : unreadable();
}

function positionAt(list: readonly unknown[], index: number): Position {
  return { epoch: textAt(list, index), offset: offsetAt(list, index + 1) };
}

export interface Published {
  /** As it is acked: with `removed` where a key was taken out. */
  readonly body: Body & { readonly removed?: true };
  readonly stamp: Stamp;
  readonly durability: Durability;
  readonly limits: { readonly keys: number; readonly bytes: number };
}

/** @throws {TidewireError} `conflict`, `limit_exceeded`, `indeterminate`. */
export function ackIn(reply: unknown, published: Published): Ack {
  const list = listOf(reply);
  const { body, stamp, durability } = published;
  switch (textAt(list, 0)) {
    case "+": {
      const position = positionAt(list, 1);
      return {
        position,
        publication: madeOf(body, stamp, [position.offset, textAt(list, 3)]),
        duplicate: false,
        durability,
      };
    }
    case "=": {
      const position = positionAt(list, 1);
      const first = { id: textAt(list, 3), atMs: Number(textAt(list, 5)) };
      const publication = madeOf(body, first, [position.offset, textAt(list, 4)]);
      return { position, publication, duplicate: true, durability };
    }
    case "0":
      return { position: positionAt(list, 1), publication: null, duplicate: false, durability };
    case "-":
      return refuse(list, published.limits);
    default:
      return unreadable();
  }
}

function madeOf(
  body: Published["body"],
  { id, atMs }: Stamp,
  [offset, before]: readonly [number, string],
): Publication {
  const previous = offset <= 1 ? null : { offset: offset - 1, id: before === "-" ? null : before };
  return { ...body, id, offset, previous, atMs };
}

function refuse(list: readonly unknown[], limits: Published["limits"]): never {
  if (textAt(list, 1) === "conflict") fail("conflict", "this idempotency key was used with another payload");
  if (textAt(list, 1) === "fenced") fail("conflict", "another node is the source of this channel now");
  const before = { keys: offsetAt(list, 2), bytes: offsetAt(list, 3) };
  const after = { keys: offsetAt(list, 4), bytes: offsetAt(list, 5) };
  return fail("limit_exceeded", fullness(before, after, limits) ?? "the channel's table is full");
}

export function topsIn(reply: unknown, count: number): readonly Position[] {
  const list = listOf(reply);
  if (list.length !== 2 * count) unreadable();
  return Array.from({ length: count }, (_, index) => positionAt(list, 2 * index));
}

interface Found {
  readonly offset: number;
  readonly publication: Publication | null;
}

/** A page, and the offset at which history ends because what stands there cannot be; `null` where all is well. */
export interface ReadPage extends Page {
  readonly damagedAt: number | null;
}

export function pageIn(reply: unknown, start: PageStart): ReadPage {
  const list = listOf(reply);
  const top = positionAt(list, 0);
  const floor = offsetAt(list, 2);
  const more = textAt(list, 3) === "1";
  const records = listOf(list[4]);
  const found: Found[] = [];
  for (let index = 0; index < records.length; index += 2) {
    const record = records[index + 1];
    const offset = offsetAt(records, index);
    const known = Buffer.isBuffer(record) ? publicationIn(record) : null;
    found.push({ offset, publication: known?.offset === offset ? known : null });
  }
  if (start === "newest" || (typeof start === "object" && "before" in start)) found.reverse();
  const isTable = found.some(({ publication }) => publication?.key !== undefined);
  const read = { found, top, floor, more };
  return isTable ? tablePage(read) : logPage(read, start);
}

interface Read {
  readonly found: readonly Found[];
  readonly top: Position;
  readonly floor: number;
  readonly more: boolean;
}

/** A table may have holes: what nobody can have published is left out, and whoever knew the key's older value reads anew. */
function tablePage({ found, top, floor, more }: Read): ReadPage {
  const publications = found.flatMap(({ publication }) => (publication?.key === undefined ? [] : [publication]));
  const damagedAt = found.findLast(({ publication }) => publication?.key === undefined)?.offset ?? null;
  return { publications, top, floor: Math.max(floor, damagedAt ?? 0), more, damagedAt };
}

/** A log's history ends at a publication that cannot have been written, or is not there: as if it had expired up to it. */
function logPage({ found, top, floor, more }: Read, start: PageStart): ReadPage {
  const isForward = start === "oldest" || (typeof start === "object" && "after" in start);
  const after = typeof start === "object" && "after" in start ? start.after.offset : 0;
  const upTo =
    typeof start === "object" && "before" in start ? Math.min(top.offset, start.before.offset - 1) : top.offset;
  const isCutBelow = more && !isForward;
  const isCutAbove = more && isForward;
  let damagedAt: number | null = null;
  let sound: Publication[] = [];
  let expected = isCutBelow ? null : Math.max(after, floor) + 1;
  let before: Publication | null = null;
  for (const { offset, publication } of found) {
    if (publication === null) {
      [damagedAt, sound, before, expected] = [offset, [], null, offset + 1];
      continue;
    }
    const isLinked = before === null || publication.previous?.id === before.id;
    if ((expected !== null && offset !== expected) || !isLinked) [damagedAt, sound] = [offset - 1, []];
    sound.push(publication);
    [before, expected] = [publication, offset + 1];
  }
  const isShort = !isCutAbove && found.length > 0 && (found.at(-1)?.offset ?? 0) < upTo;
  if (isShort) [damagedAt, sound] = [upTo, []];
  const isEnd = damagedAt !== null && !isForward;
  return { publications: sound, top, floor: Math.max(floor, damagedAt ?? 0), more: more && !isEnd, damagedAt };
}

const refusals =
  /^-?(OOM|MISCONF|READONLY|NOPERM|NOAUTH|LOADING|BUSY|NOREPLICAS|MASTERDOWN|CLUSTERDOWN|MOVED|ASK|TRYAGAIN|WRONGTYPE|NOSCRIPT)\b/;

/** Of an error that Redis answered with: these say that nothing was done. */
export function errorOf(thrown: Error, isWrite: boolean): TidewireError {
  const isRefused = !isWrite || refusals.test(thrown.message);
  return new TidewireError(isRefused ? "engine_unavailable" : "indeterminate", "Redis could not do it");
}
