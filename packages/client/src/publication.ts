// What a channel's subscriber gets: publications, gaps, and the form they take for the application.

import type { Member, Position } from "@tidewire/protocol";
import type { WirePublication } from "./wire.ts";

/** One publication, as the application sees it. */
export interface Publication<Data = unknown, Info = unknown> {
  /** Differs from every other publication of the channel; the same when history gives this one again. */
  readonly id: string;
  readonly data: Data;
  /** `null` when it has no place in a log and history will not give it again. */
  readonly position: Position | null;
  /** Who published it; `null` when the server did. */
  readonly author: Member<Info> | null;
  /** Milliseconds since 1970 on the server's clock, where the server says. */
  readonly atMs: number | null;
  readonly tags: Readonly<Record<string, string>> | null;
  /** What it is the newest value of, on a `latest` channel; `null` on others. */
  readonly key: string | null;
  /** The key has no value any more, and `data` is `null`. */
  readonly removed: boolean;
}

/** Something may be missing between `from`, the last that was seen, and `to`, where the subscription goes on. */
export interface Gap {
  readonly from: Position;
  readonly to: Position | null;
}

/** A page of history, oldest first unless asked in reverse; `position` is the newest place of the channel. */
export interface HistoryPage<Data = unknown, Info = unknown> {
  readonly publications: readonly Publication<Data, Info>[];
  readonly position: Position | null;
}

let ephemeralCount = 0;

/** @param epoch The log's epoch, "" when the channel keeps none. */
export function fromWire(wire: WirePublication, epoch: string): Publication {
  const { offset, ...rest } = wire;
  if (offset > 0 && epoch !== "") return { ...rest, position: { epoch, offset }, id: `${epoch}:${offset}` };
  return { ...rest, position: null, id: wire.id === "" ? `~${++ephemeralCount}` : wire.id };
}
