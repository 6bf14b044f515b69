// What the worker answered, as the engine contract wants it.
import { type Member, TidewireError } from "@tidewire/protocol";
import type { Ack, Body, Page, Publication } from "../../engine/engine.ts";
import type { Answer, Appended, AppendRequest, Duplicate, PageAnswer, StoredPublication } from "./messages.ts";

interface Meta {
  readonly author?: Member;
  readonly tags?: Readonly<Record<string, string>>;
}

/** Author and tags as JSON text, or `null`. */
export function metaOf({ author, tags }: Pick<Body, "author" | "tags">): string | null {
  return author === undefined && tags === undefined ? null : JSON.stringify({ author, tags });
}

/** The ack of what was appended by `request` just now. */
export function ackOf(
  answer: Appended,
  request: Pick<AppendRequest, "id" | "atMs">,
  body: Body,
): Ack & { readonly publication: Publication } {
  const { epoch, offset, previousId } = answer;
  const { id, atMs } = request;
  const publication = { ...body, id, offset, previous: previousOf(offset, previousId), atMs };
  return { position: { epoch, offset }, publication, duplicate: false, durability: "fsync" };
}

/** The ack of an earlier publish with the same key and the same payload. */
export function duplicateOf(answer: Duplicate, body: Body): Ack {
  const { epoch, offset, id, previousId, atMs } = answer;
  const publication = { ...body, id, offset, previous: previousOf(offset, previousId), atMs };
  return { position: { epoch, offset }, publication, duplicate: true, durability: "fsync" };
}

/** Payloads are parts of the one buffer that came from the worker. */
export function pageOf({ publications, payload, top, floor, more }: PageAnswer): Page {
  let at = 0;
  const read = publications.map((stored) => {
    const data = payload.subarray(at, at + stored.bytes);
    at += stored.bytes;
    return publicationOf(stored, data);
  });
  return { publications: read, top, floor, more };
}

/** Of an answer that is not the one expected. */
export function errorOf(answer: Answer): TidewireError {
  if (answer.kind === "failed") return new TidewireError(answer.reason, answer.message);
  return new TidewireError("internal", `the SQLite worker gave an answer of another kind: ${answer.kind}`);
}

function publicationOf(stored: StoredPublication, data: Uint8Array): Publication {
  const { id, offset, previousId, form, meta, atMs, key, removed } = stored;
  const slot = key === undefined ? {} : { key, ...(removed === true && { removed }) };
  return { ...knownIn(meta), ...slot, id, offset, previous: previousOf(offset, previousId), data, form, atMs };
}

/**
 * What of it is as it was written. A database has no checksums: a damaged author must not make a channel unreadable,
 * nor get to dialects, which could not write it.
 */
function knownIn(meta: string | null): Meta {
  if (meta === null) return {};
  const { author, tags } = parsed(meta);
  return { ...(isMember(author) && { author: memberOf(author) }), ...(areTags(tags) && { tags }) };
}

/** With nothing else in it: what a row adds would be sent along. */
function memberOf({ session, user, info, channelInfo }: Member): Member {
  return { session, user, ...(info !== undefined && { info }), ...(channelInfo !== undefined && { channelInfo }) };
}

function parsed(meta: string): { readonly author?: unknown; readonly tags?: unknown } {
  try {
    return Object(JSON.parse(meta)) as object;
  } catch {
    return {};
  }
}

function isMember(author: unknown): author is Member {
  const { session, user } = Object(author) as { readonly session?: unknown; readonly user?: unknown };
  return typeof session === "string" && typeof user === "string";
}

function areTags(tags: unknown): tags is Readonly<Record<string, string>> {
  const isMap = typeof tags === "object" && tags !== null && !Array.isArray(tags);
  return isMap && Object.values(tags).every((tag) => typeof tag === "string");
}

/** Offsets count 1, 2, 3; the id is `null` where the one before is no longer there. */
function previousOf(offset: number, id: string | null): Publication["previous"] {
  return offset === 1 ? null : { offset: offset - 1, id };
}
