// Recovery: whether a subscription can go on from the position its client knows.
//
// `true` means that the next publication handed over is the one after that position (S5). Nothing is replayed when that
// cannot be proven (S7).
import type { Position } from "@tidewire/protocol";
import type { Engine } from "../engine/engine.ts";
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

/** At the head: a fresh subscription, or one that could not be recovered. */
export function atHead(channel: Channel): Place {
  return { seq: channel.tail.head, position: channel.tail.position, recovered: false };
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
  if (position.epoch !== head.epoch) return atHead(channel);
  if (position.offset > head.offset) return ahead(channel, position, node.engine);
  const seq = channel.tail.seqOf(position);
  if (seq !== null) {
    // An empty page of history could not say more than the tail: another id there is the end of it (S5).
    const isProven = position.offset === 0 || isSame(seen, channel.tail.idAt(position.offset));
    return isProven ? { seq, position, recovered: true } : atHead(channel);
  }
  const page = await node.catchUp.page(channel.name, position);
  const isProven = page.page.top.epoch === position.epoch && continues(page.page, position);
  if (!isProven || !isSame(seen, page.page.publications[0]?.previous?.id ?? null)) return atHead(channel);
  return { seq: null, position, recovered: true, page };
}

/** The tail may lag behind the engine, but a position ahead of both is from another log. */
async function ahead(channel: Channel, position: Position, engine: Engine): Promise<Place> {
  const [top] = await engine.tops([channel.name]);
  const exists = top !== undefined && top.epoch === position.epoch && top.offset >= position.offset;
  return exists ? { seq: null, position, recovered: true } : atHead(channel);
}

/** Whether the log's publication at that place is the one the client saw; unknown ids do not disprove it. */
function isSame(seen: Seen, id: string | null): boolean {
  return seen.id === null || id === null || seen.id === id;
}
