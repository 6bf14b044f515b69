// What lies between the newest publication that is in the topic and the next one that a channel still has.
import type { Position } from "@tidewire/protocol";
import type { KeptPage, KeptPublication } from "./histories.ts";
import type { Place } from "./place.ts";

/** Why publications are missing. */
export type GapReason =
  /** The channel began anew: what came last in the epoch before is not known. */
  | "epoch"
  /** History does not reach back to the place any more. */
  | "truncated"
  /** The place is another publication's now: a store came back older than it was. */
  | "rewound"
  /** Kafka does not take the publication. */
  | "refused";

/** Publications that will not be in the topic. */
export interface ChannelGap {
  readonly channel: string;
  readonly reason: GapReason;
  /** What was written last; `null`: nothing of this channel yet. */
  readonly from: Position | null;
  /** What comes after this is written. Offset 0: from the beginning of its epoch. In a `latest` channel removals are missing, and this is `from`. */
  readonly to: Position;
}

/** What is missing, up to where. */
export interface Missing {
  readonly reason: GapReason;
  readonly to: Place;
}

/**
 * @param page What the channel gave for the place. Of another epoch's place it is empty, and nothing is said here: it has
 * to be read from its oldest (`missingOfEpoch`).
 */
export function missingAfter(place: Place, { publications, top, floor }: KeptPage): Missing | null {
  const [first] = publications;
  const { epoch } = top;
  const isTable = first?.key !== undefined;
  if (top.offset < place.offset) return missing("rewound", { epoch, offset: top.offset, id: null });
  if (floor > place.offset) {
    // A table has forgotten removals below its floor, and still has every value: those are read on from the place.
    if (isTable) return floor <= (place.told ?? 0) ? null : missing("truncated", { ...place, told: floor });
    const id = first?.previous?.offset === floor ? first.previous.id : null;
    return missing("truncated", { epoch, offset: floor, id });
  }
  // Of a table, what was before at the append may have been passed over.
  if (isTable || first === undefined || first.previous === null) return null;
  const { offset, id } = first.previous;
  if (offset !== place.offset) return missing("truncated", { epoch, offset, id });
  return id === null || place.id === null || id === place.id ? null : missing("rewound", { epoch, offset, id });
}

function missing(reason: GapReason, to: Place): Missing {
  return { reason, to };
}

/** The same for a channel of which nothing was written in its epoch: `page` is its oldest. */
export function beginningOf({ publications, top, floor }: KeptPage): Place {
  const [first] = publications;
  const { epoch } = top;
  if (first === undefined) return { epoch, offset: top.offset, id: null };
  // A table holds the newest of each key, whatever came before. Removals that it has forgotten by now are of values never written.
  if (first.key !== undefined) return tableAt({ epoch, offset: 0, id: null }, floor);
  return { epoch, offset: first.previous?.offset ?? 0, id: first.previous?.id ?? null };
}

/** Where a channel stands behind a publication that was read from `before` on. */
export function placeBehind({ offset, id }: KeptPublication, { epoch, told = 0 }: Place): Place {
  return tableAt({ epoch, offset, id }, told);
}

function tableAt(place: Place, told: number): Place {
  return told > place.offset ? { ...place, told } : place;
}
