// The id of an event: a position, as a text that a client keeps and shows when it comes back.
import type { Position } from "@tidewire/protocol";

/** Of another epoch than any there is: what cannot be read was not lost in silence, so it is answered with a gap. */
const unreadable: Position = { epoch: "\u0000", offset: 0 };

export function idOf({ epoch, offset }: Position): string {
  return `${encodeURIComponent(epoch.toWellFormed())}:${offset}`;
}

/** The position that an id stands for; for anything else, one that no channel has. */
export function positionOf(id: string): Position {
  const found = /^([^:]+):(\d{1,15})$/.exec(id);
  const epoch = found?.[1];
  if (epoch === undefined) return unreadable;
  try {
    return { epoch: decodeURIComponent(epoch), offset: Number(found?.[2]) };
  } catch {
    return unreadable;
  }
}
