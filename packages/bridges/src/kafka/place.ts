// Places and claims, as they are written into the topic that keeps them.
import type { Position } from "@tidewire/protocol";

/** The newest publication of a channel that is in the topic. */
export interface Place extends Position {
  /** `null` where it is not known. */
  readonly id: string | null;
  /** Of a table that is read from below its floor: up to where the topic was told that removals are missing. */
  readonly told?: number;
}

/** Who writes, and since which of its turns. */
export interface Claim {
  readonly holder: string;
  readonly turn: number;
  /** `false`: it has given up writing. */
  readonly isHeld: boolean;
}

/** No channel is called so. */
export const claimKey = "\nholder";

export function writtenPlace({ epoch, offset, id, told }: Place): Buffer {
  return Buffer.from(JSON.stringify({ epoch, offset, id, told }));
}

export function writtenClaim({ holder, turn, isHeld }: Claim): Buffer {
  return Buffer.from(JSON.stringify({ holder, turn, isHeld }));
}

/** @throws {Error} for what no relay has written: going on without a place would repeat, or lose. */
export function placeIn(value: Buffer): Place {
  const { epoch, offset, id = null, told } = objectIn(value);
  const isPlace =
    typeof epoch === "string" &&
    Number.isSafeInteger(offset) &&
    (id === null || typeof id === "string") &&
    (told === undefined || Number.isSafeInteger(told));
  if (!isPlace) throw new Error(`expected a place, got ${String(value).slice(0, 100)}`);
  const place = { epoch, offset: Number(offset), id };
  return told === undefined ? place : { ...place, told: Number(told) };
}

/** @throws {Error} as `placeIn`. */
export function claimIn(value: Buffer): Claim {
  const { holder, turn, isHeld } = objectIn(value);
  const isClaim = typeof holder === "string" && Number.isSafeInteger(turn) && typeof isHeld === "boolean";
  if (!isClaim) throw new Error(`expected a claim, got ${String(value).slice(0, 100)}`);
  return { holder, turn: Number(turn), isHeld };
}

function objectIn(value: Buffer): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(String(value))) as Readonly<Record<string, unknown>>;
  } catch {
    return {};
  }
}
