// Recovery: whether a subscription can go on from the position its client knows.
//
// `true` means that the next publication handed over is the one after that position (S5). Nothing is replayed when that
// cannot be proven (S7). Channels with cache recovery say it of their newest publication alone (PROTOCOL 1.6).
import type { Position } from "@tidewire/protocol";
import type { Engine, Publication } from "../engine/engine.ts";
import type { CatchUp } from "./catch-up.ts";
import type { Channel } from "./channel.ts";
import { type CatchUpPage, continues } from "./cursor.ts";
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

/** @throws {TidewireError} `engine_unavailable` when only the engine could tell. */
export async function recover(
  channel: Channel,
  seen: Seen,
  node: { readonly engine: Engine; readonly catchUp: CatchUp },
): Promise<Place> {
  const head = channel.tail.position;
  const position = {
    epoch: seen.position.epoch === "" ? head.epoch : seen.position.epoch,
    offset: seen.position.offset,
  };
  const isHere = position.epoch === head.epoch;
  if (isHere && position.offset > head.offset) return ahead(channel, position, node.engine);
  if (channel.known.definition.recovery === "cache") return newestOnly(channel, position, node.catchUp);
  if (!isHere) return atStart(channel);
  const seq = channel.tail.seqOf(position);
  if (seq !== null && isRetained(channel, seq)) {
    // An empty page of history could not say more than the tail: another id there is the end of it (S5).
    const isProven = position.offset === 0 || isSame(seen, channel.tail.idAt(position.offset));
    return isProven ? { seq, position, recovered: true } : atStart(channel);
  }
  // Below the floor of a table: removals are missing, and no page has them.
  if (channel.mode === "latest") return atStart(channel);
  const page = await node.catchUp.page(channel.name, position);
  const isProven = page.page.top.epoch === position.epoch && continues(page.page, position);
  if (!isProven || !isSame(seen, page.page.publications[0]?.previous?.id ?? null)) return atStart(channel);
  return { seq: null, position, recovered: true, page };
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
  const { publications, top } = await catchUp.read(name, "newest", { publications: 1, bytes: 1 });
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

/** The tail may lag behind the engine, but a position ahead of both is from another log. */
async function ahead(channel: Channel, position: Position, engine: Engine): Promise<Place> {
  const [top] = await engine.tops([channel.name]);
  const exists = top !== undefined && top.epoch === position.epoch && top.offset >= position.offset;
  if (!exists) return atStart(channel);
  if (channel.mode !== "latest") return { seq: null, position, recovered: true };
  // What comes up to there is passed over.
  channel.verify(channel.position, top);
  const seq = channel.tail.seqOf(position);
  return seq === null ? atStart(channel) : { seq, position, recovered: true };
}

/** Whether the log's publication at that place is the one the client saw; unknown ids do not disprove it. */
function isSame(seen: Seen, id: string | null): boolean {
  return seen.id === null || id === null || seen.id === id;
}
