// A witness: what one subscriber was told of a channel, in that order, and what is wrong with it. Its memory does not grow with it.
import type { Position } from "@tidewire/protocol";

export const kinds = ["tidewire", "centrifuge-js"] as const;
export type Kind = (typeof kinds)[number];

/** What can be wrong, counted. `falselyRecovered` are holes and other epochs after `recovered: true`. */
export interface Faults {
  lost: number;
  repeated: number;
  reordered: number;
  misplaced: number;
  falselyRecovered: number;
}

export const noFaults = (): Faults => ({ lost: 0, repeated: 0, reordered: 0, misplaced: 0, falselyRecovered: 0 });

export function sumOf(all: readonly Faults[]): Faults {
  const sum = noFaults();
  for (const faults of all) for (const name of Object.keys(sum) as (keyof Faults)[]) sum[name] += faults[name];
  return sum;
}

export const isNone = (faults: Faults): boolean => Object.values(faults).every((count: number) => count === 0);

export interface Establishment {
  readonly recovered: boolean;
  /** Where it goes on; `null` where nobody said. */
  readonly position: Position | null;
}

/** Offsets that were heard, both ends included. */
type Range = [from: number, to: number];

export class Witness {
  readonly kind: Kind;
  readonly channel: string;
  readonly faults: Faults = noFaults();
  /** Whether each return was recovered; the first establishment is none. */
  readonly returns: boolean[] = [];
  deliveries = 0;
  isLive = false;
  /** Everything up to here was handed over, or it was told that it was not. */
  at: Position | null = null;
  readonly #heard = new Map<string, Range[]>();
  #isPromised = false;
  #wasLive = false;

  constructor(kind: Kind, channel: string) {
    this.kind = kind;
    this.channel = channel;
  }

  established({ recovered, position }: Establishment): void {
    this.isLive = true;
    const isFirst = !this.#wasLive;
    this.#wasLive = true;
    if (isFirst) return void (this.at = position);
    this.returns.push(recovered);
    this.#isPromised = recovered;
    if (!recovered) this.at = position;
    else if (position !== null && position.epoch !== this.at?.epoch) this.faults.falselyRecovered += 1;
  }

  /** It was told that something may be missing, and where it goes on. */
  gap(to: Position | null): void {
    this.at = to;
    this.#isPromised = false;
  }

  heard({ epoch, offset }: Position): void {
    this.deliveries += 1;
    const { at, faults } = this;
    const ranges = this.#heard.get(epoch) ?? [];
    this.#heard.set(epoch, ranges);
    const isPromised = this.#isPromised;
    this.#isPromised = false;
    // Another epoch begins with a word, so what came without one stands behind a hole.
    const isOther = at !== null && at.epoch !== epoch;
    const before = at?.offset ?? offset - 1;
    if (ranges.some(([from, to]) => from <= offset && offset <= to)) {
      faults.repeated += 1;
      return;
    }
    if (!isOther && offset <= before) faults.reordered += 1;
    else if (isOther || offset > before + 1) {
      faults.lost += isOther ? 1 : offset - before - 1;
      if (isPromised) faults.falselyRecovered += 1;
    }
    const last = ranges.at(-1);
    if (last?.[1] === offset - 1) last[1] = offset;
    else ranges.push([offset, offset]);
    if (isOther || offset > before) this.at = { epoch, offset };
  }

  /** Nothing is under way any more. @param top The channel's newest publication. */
  settled(top: Position): void {
    const { at } = this;
    if (at?.epoch !== top.epoch) this.faults.lost += 1;
    else this.faults.lost += Math.max(0, top.offset - at.offset);
  }
}
