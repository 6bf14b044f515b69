// What an engine's answers have to be, as far as that can be told from them: each check says what is wrong, or `null`.
import type { Position } from "@tidewire/protocol";
import type { Ack, Draft, Page, PageLimit, PageStart, Publication } from "./engine.ts";

/** A sentence for the log: what was expected, and what came. */
export type Fault = string | null;

type Fields<Of> = { readonly [Name in keyof Of]?: unknown };

const forms: ReadonlySet<unknown> = new Set(["json", "text", "bytes"]);
const durabilities: ReadonlySet<unknown> = new Set(["volatile", "process", "fsync", "quorum"]);

export function faultOfPosition(given: unknown): Fault {
  if (!isObject<Position>(given)) return `expected a position, got ${shown(given)}`;
  if (typeof given.epoch !== "string" || given.epoch === "") return `expected an epoch, got ${shown(given.epoch)}`;
  return isOffset(given.offset) ? null : `expected an offset, got ${shown(given.offset)}`;
}

export function faultOfTops(given: unknown, count: number): Fault {
  if (!Array.isArray(given)) return `expected ${count} positions, got ${shown(given)}`;
  if (given.length !== count) return `expected ${count} positions, got ${given.length}`;
  return firstFault(given, faultOfPosition);
}

/** On the hot path: once for each publication that this node hears of. */
function faultOfPublication(given: unknown): Fault {
  if (!isObject<Publication>(given)) return `expected a publication, got ${shown(given)}`;
  const { id, offset, previous, data, form, key, removed, author, tags, atMs } = given;
  if (typeof id !== "string" || id === "") return `expected an id, got ${shown(id)}`;
  if (!isOffset(offset)) return `expected an offset, got ${shown(offset)}`;
  if (!isLink(previous, offset)) return `expected the place before ${offset}, got ${shownLink(previous)}`;
  if (!(data instanceof Uint8Array)) return `expected bytes, got ${shown(data)}`;
  if (!forms.has(form)) return `expected json, text or bytes, got ${shown(form)}`;
  if (key !== undefined && typeof key !== "string") return `expected a key, got ${shown(key)}`;
  if (removed !== undefined && removed !== true) return `expected a removal to be true, got ${shown(removed)}`;
  if (typeof atMs !== "number" || !Number.isFinite(atMs)) return `expected a time, got ${shown(atMs)}`;
  if (author !== undefined && !isMember(author)) return `expected an author, got ${shown(author)}`;
  return tags === undefined || isTags(tags) ? null : `expected tags, got ${shown(tags)}`;
}

/** Of what comes with an announcement. */
export function faultOfAddress(channel: unknown, epoch: unknown): Fault {
  if (typeof channel !== "string") return `expected a channel, got ${shown(channel)}`;
  return typeof epoch === "string" && epoch !== "" ? null : `expected an epoch, got ${shown(epoch)}`;
}

export function faultOfAnnouncement(channel: unknown, epoch: unknown, publication: unknown): Fault {
  return faultOfAddress(channel, epoch) ?? faultOfPublication(publication);
}

/** Whether it is the answer to this draft, and not to another one. */
export function faultOfAck(given: unknown, draft: Draft): Fault {
  if (!isObject<Ack>(given)) return `expected an ack, got ${shown(given)}`;
  const { position, publication, duplicate, durability } = given;
  const fault = faultOfPosition(position);
  if (fault !== null) return fault;
  if (typeof duplicate !== "boolean") return `expected whether it is a duplicate, got ${shown(duplicate)}`;
  if (!durabilities.has(durability)) return `expected a durability, got ${shown(durability)}`;
  if (publication === null) return draft.kind === "value" ? "expected a publication, got null" : null;
  if (draft.kind === "clear") return `expected no publication after a clear, got ${shown(publication)}`;
  return faultOfPublication(publication) ?? faultOfOutcome(given as Ack & { publication: Publication }, draft);
}

function faultOfOutcome(
  { position, publication, duplicate }: Ack & { readonly publication: Publication },
  draft: Exclude<Draft, { readonly kind: "clear" }>,
): Fault {
  const { offset, key } = publication;
  if (offset !== position.offset) return `expected the publication at ${position.offset}, got the one at ${offset}`;
  const wanted = draft.kind === "remove" ? draft.key : draft.body.key;
  if (key !== wanted) return `expected the key ${shown(wanted)}, got ${shown(key)}`;
  if ((publication.removed === true) !== (draft.kind === "remove")) return `expected a ${draft.kind}, got the other`;
  // The channel's retention may be another one than when it was published first.
  if (!duplicate && offset > 0 !== (draft.retention !== null)) {
    return `expected ${draft.retention === null ? "no place" : "a place"}, got offset ${offset}`;
  }
  return draft.kind === "remove" || isSameData(draft.body.data, publication.data)
    ? null
    : `expected ${draft.body.data.byteLength} bytes back, got ${publication.data.byteLength} others`;
}

/** What was asked for with a page. */
export interface Asked {
  readonly start: PageStart;
  readonly limit: PageLimit;
}

/**
 * A page ascends, lies where it was asked for, is no larger than that, and is not empty where there is more: whoever
 * reads on gets on. Publications without a key are of a log, whose pages have no hole.
 */
export function faultOfPage(given: unknown, { start, limit }: Asked): Fault {
  if (!isObject<Page>(given)) return `expected a page, got ${shown(given)}`;
  const { publications, top, floor, more } = given;
  const fault = faultOfPosition(top);
  if (fault !== null) return fault;
  if (typeof more !== "boolean") return `expected whether there is more, got ${shown(more)}`;
  if (!isOffset(floor)) return `expected a floor, got ${shown(floor)}`;
  if (!Array.isArray(publications)) return `expected publications, got ${shown(publications)}`;
  const most = limit.publications;
  if (publications.length > most) return `expected at most ${most} publications, got ${publications.length}`;
  const inside = firstFault(publications, faultOfPublication);
  if (inside !== null) return inside;
  const page = given as Page;
  return faultOfSize(page, limit) ?? faultOfPlace(page, start) ?? faultOfOrder(page);
}

function faultOfSize({ publications }: Page, { bytes: most }: PageLimit): Fault {
  if (publications.length <= 1) return null;
  const bytes = publications.reduce((sum, { data }) => sum + data.byteLength, 0);
  return bytes > most ? `expected at most ${most} bytes, got ${bytes}` : null;
}

function faultOfPlace({ publications, top, floor, more }: Page, start: PageStart): Fault {
  const [first] = publications;
  const last = publications.at(-1);
  const from = typeof start === "string" ? null : "after" in start ? start.after : start.before;
  if (from !== null && from.epoch !== top.epoch) {
    return first === undefined && !more ? null : `expected nothing of ${shown(from.epoch)}, which has ended`;
  }
  if (first === undefined || last === undefined) {
    if (more) return "expected a publication where there is more, got none";
  } else {
    if (last.offset > top.offset) return `expected nothing above the top, ${top.offset}, got ${last.offset}`;
    if (first.offset < 1) return "expected publications with a place, got one without";
  }
  if (typeof start === "object" && "before" in start) {
    return last === undefined || last.offset < start.before.offset
      ? null
      : `expected what is before ${start.before.offset}, got ${last.offset}`;
  }
  const after = typeof start === "object" ? start.after.offset : 0;
  if (first !== undefined && first.offset <= after) return `expected what is after ${after}, got ${first.offset}`;
  const end = Math.max(last?.offset ?? after, floor);
  const isCutThere = more && start !== "newest";
  return isCutThere || end >= top.offset ? null : `expected all up to the top, ${top.offset}, got no more than ${end}`;
}

function faultOfOrder({ publications }: Page): Fault {
  for (let index = 1; index < publications.length; index += 1) {
    const [before, publication] = [publications[index - 1], publications[index]];
    if (before === undefined || publication === undefined) break;
    if (publication.offset <= before.offset) return `expected one above ${before.offset}, got ${publication.offset}`;
    // A table passes over what was superseded.
    if (publication.key !== undefined || before.key !== undefined) continue;
    const { previous } = publication;
    const isLinked = previous?.offset === before.offset && (previous.id === null || previous.id === before.id);
    if (!isLinked) return `expected a link to ${before.offset} before ${publication.offset}, got another`;
  }
  return null;
}

function firstFault(list: readonly unknown[], faultOf: (given: unknown) => Fault): Fault {
  for (const given of list) {
    const fault = faultOf(given);
    if (fault !== null) return fault;
  }
  return null;
}

/** On other nodes. */
export function faultOfMember(given: unknown): Fault {
  return isMember(given) ? null : `expected a member, got ${shown(given)}`;
}

export function faultOfMembers(given: unknown): Fault {
  return Array.isArray(given) ? firstFault(given, faultOfMember) : `expected members, got ${shown(given)}`;
}

function isOffset(given: unknown): given is number {
  return Number.isSafeInteger(given) && (given as number) >= 0;
}

function isLink(given: unknown, offset: number): boolean {
  if (given === null) return true;
  if (!isObject<NonNullable<Publication["previous"]>>(given)) return false;
  const { id } = given;
  return isOffset(given.offset) && given.offset < offset && (id === null || typeof id === "string");
}

function isMember(given: unknown): boolean {
  return (
    isObject<{ session: string; user: string }>(given) &&
    typeof given.session === "string" &&
    typeof given.user === "string"
  );
}

export function isTags(given: unknown): boolean {
  return isObject<object>(given) && Object.values(given).every((value) => typeof value === "string");
}

function isSameData(wanted: Uint8Array, got: Uint8Array): boolean {
  // An engine may have given the bytes away, to a thread: then there is nothing to compare with.
  return (
    wanted === got ||
    wanted.byteLength === 0 ||
    (wanted.byteLength === got.byteLength && Buffer.compare(wanted, got) === 0)
  );
}

function isObject<Of>(given: unknown): given is Fields<Of> {
  return typeof given === "object" && given !== null;
}

function shownLink(given: unknown): string {
  return isObject<Position>(given) ? `one at ${shown(given.offset)}` : shown(given);
}

/** Short, and never by a method of what is shown. */
function shown(given: unknown): string {
  if (typeof given === "string") return `"${given.slice(0, 40)}"`;
  if (typeof given === "number" || typeof given === "boolean" || given === null) return String(given);
  return typeof given;
}
