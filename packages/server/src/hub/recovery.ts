// Recovery: whether a subscription can go on from the position its client knows.
//
// `true` means that the next publication handed over is the one after that position (S5). Nothing is replayed when that
// cannot be proven (S7). Channels with cache recovery say it of their newest publication alone (PROTOCOL 1.6).
import { fail, type Position } from "@tidewire/protocol";
import type { Publication } from "../engine/engine.ts";
import type { CatchUp } from "./catch-up.ts";
import { BadAnswer } from "./checked-engine.ts";
import type { Channel } from "./channel.ts";
import { type CatchUpPage, continues } from "./catch-up-page.ts";
import type { Seq } from "./log.ts";

/** What a client says it has seen. */
export interface Seen {
  /** An empty epoch stands for the current one. */
  readonly position: Position;
  /** The id of the last publication it saw; `null` when its SDK does not know ids. */
  readonly id: string | null;
}

/** Where a new cursor starts. */
export interface Place {
  readonly seq: Seq | null;
  readonly position: Position;
  readonly recovered: boolean;
  readonly page?: CatchUpPage;
}

/** A fresh subscription, or one that could not be recovered: at the head, or before the whole of a table. */
export function atStart(channel: Channel): Place {
  return { ...channel.tail.start, recovered: false };
}

interface Reading {
  readonly catchUp: CatchUp;
}

/** @throws {TidewireError} `engine_unavailable` when only the engine could tell. */
export async function recover(channel: Channel, seen: Seen, node: Reading): Promise<Place> {
  const head = channel.tail.position;
  const epoch = seen.position.epoch === "" ? head.epoch : seen.position.epoch;
  const position = { epoch, offset: seen.position.offset };
  const asked = { position, id: seen.id };
  const isAhead = epoch === head.epoch && position.offset > head.offset;
  if (channel.known.definition.recovery === "cache" && !isAhead) return newestOnly(channel, position, node.catchUp);
  if (epoch !== head.epoch || isAhead) return beyond(channel, asked, node);
  const seq = channel.tail.seqOf(position);
  if (seq !== null && isRetained(channel, seq)) {
    const id =
      position.offset === 0 ? null : (channel.tail.idAt(position.offset) ?? (await idAt(channel, asked, node)));
    return isSame(asked, id) ? { seq, position, recovered: true } : atStart(channel);
  }
  // Below the floor of a table: removals are missing, and no page has them.
  if (channel.mode === "latest") return atStart(channel);
  return (await fromHistory(channel, asked, node)) ?? atStart(channel);
}

/** Cache recovery: right before the newest publication, which then follows, unless that is what the client has. */
async function newestOnly(channel: Channel, seen: Position, catchUp: CatchUp): Promise<Place> {
  const newest = await newestKept(channel, catchUp);
  if (newest === null) return atStart(channel);
  const { epoch, publication } = newest;
  const isKnown = seen.epoch === epoch && seen.offset === publication.offset;
  const position = isKnown ? seen : { epoch, offset: publication.previous?.offset ?? 0 };
  return { seq: channel.tail.seqOf(position), position, recovered: true };
}

interface Newest {
  readonly epoch: string;
  readonly publication: Publication;
}

/** `null` where history has none, or another one than this node stands at. */
async function newestKept(channel: Channel, catchUp: CatchUp): Promise<Newest | null> {
  const { tail, name } = channel;
  const { newest: publication } = tail;
  const { epoch } = tail.position;
  const before = publication === null ? null : tail.seqOf({ epoch, offset: publication.previous?.offset ?? 0 });
  if (publication !== null && before !== null && isRetained(channel, before)) return { epoch, publication };
  const { publications, top } = await catchUp.readOn(name, "newest", { publications: 1, bytes: 1 });
  const read = publications[0];
  return read !== undefined && top.epoch === tail.position.epoch && read.offset === top.offset
    ? { epoch: top.epoch, publication: read }
    : null;
}

/** Where the tail keeps more than the channel promises, history decides: every node answers alike (decision 0008). */
function isRetained({ tail, known, clock }: Channel, seq: Seq): boolean {
  const { history } = known.definition;
  return history === null || tail.isRetained(seq, history, clock.wall());
}

/** The tail may lag behind the engine, in the epoch too; a position that is not the engine's either is from another log. */
async function beyond(channel: Channel, seen: Seen, node: Reading): Promise<Place> {
  const { position } = seen;
  const top = await channel.checkTop();
  if (top.epoch !== position.epoch || top.offset < position.offset) return atStart(channel);
  if (channel.mode !== "latest") return (await fromHistory(channel, seen, node)) ?? atStart(channel);
  // What comes up to there is passed over.
  const seq = channel.tail.seqOf(position);
  if (seq !== null) return { seq, position, recovered: true };
  if (channel.tail.position.epoch === position.epoch) return atStart(channel);
  return fail("engine_unavailable", "the table is being read anew");
}

/** `null` when one page of history does not prove that it goes on there. */
async function fromHistory(channel: Channel, seen: Seen, { catchUp }: Reading): Promise<Place | null> {
  const { position } = seen;
  const page = await pageAfter(catchUp, channel.name, position);
  if (page === null) return null;
  const { publications, top } = page.page;
  if (top.epoch !== position.epoch || !continues(page.page, position)) return null;
  const [first] = publications;
  const id = first === undefined ? await idAt(channel, seen, { catchUp }) : (first.previous?.id ?? null);
  return isSame(seen, id) ? { seq: null, position, recovered: true, page } : null;
}

/** What history has there: a tail that begins after it does not name it, nor does an empty page. */
async function idAt({ name, mode }: Channel, { position, id }: Seen, { catchUp }: Reading): Promise<string | null> {
  // A table passes over what was superseded; what is not there proves nothing.
  if (id === null || mode === "latest") return null;
  const page = await pageAfter(catchUp, name, { epoch: position.epoch, offset: position.offset - 1 });
  if (page === null) return noId;
  const [there] = page.page.publications;
  return there?.offset === position.offset ? there.id : null;
}

/** Of what should be there and cannot be read: nobody has seen it. */
const noId = "";

/** `null` where the engine answers what cannot be: nothing is proven by that. */
async function pageAfter(catchUp: CatchUp, name: string, position: Position): Promise<CatchUpPage | null> {
  try {
    return await catchUp.page(name, position);
  } catch (thrown) {
    if (thrown instanceof BadAnswer) return null;
    throw thrown;
  }
}

/** Whether the log's publication at that place is the one the client saw; unknown ids do not disprove it. */
function isSame(seen: Seen, id: string | null): boolean {
  return seen.id === null || id === null || seen.id === id;
}
