// A witness: one subscriber's account of a channel, in the order in which it was told, and what is wrong with it.

export type Kind = "tidewire" | "centrifuge-js";

/** What can be wrong, counted. `falselyRecovered` are holes after `recovered: true`. */
export interface Faults {
  lost: number;
  repeated: number;
  reordered: number;
  misplaced: number;
  falselyRecovered: number;
}

export const noFaults = (): Faults => ({ lost: 0, repeated: 0, reordered: 0, misplaced: 0, falselyRecovered: 0 });

export interface Told {
  readonly offset: number;
  readonly value: number;
}

export class Witness {
  readonly kind: Kind;
  readonly channel: string;
  /** Whether each return was recovered; the first establishment is none. */
  readonly returns: boolean[] = [];
  isLive = false;
  readonly #told: Told[] = [];
  /** Where `#told` stood at each return that was recovered. */
  readonly #seams = new Set<number>();
  #wasLive = false;

  constructor(kind: Kind, channel: string) {
    this.kind = kind;
    this.channel = channel;
  }

  get newest(): number {
    return this.#told.at(-1)?.offset ?? 0;
  }

  established(recovered: boolean): void {
    this.isLive = true;
    if (this.#wasLive) this.returns.push(recovered);
    if (this.#wasLive && recovered) this.#seams.add(this.#told.length);
    this.#wasLive = true;
  }

  heard(told: Told): void {
    this.#told.push(told);
  }

  /** @param acked Offset by value, of all that was acked on this channel. */
  judge(acked: ReadonlyMap<number, number>): Faults {
    const faults = noFaults();
    const [values, offsets] = [new Set<number>(), new Set<number>()];
    let before = 0;
    for (const [index, { offset, value }] of this.#told.entries()) {
      if (values.has(value) || offsets.has(offset)) faults.repeated += 1;
      else if (offset < before) faults.reordered += 1;
      else if (offset > before + 1) {
        faults.lost += offset - before - 1;
        if (this.#seams.has(index)) faults.falselyRecovered += 1;
      }
      if (acked.has(value) && acked.get(value) !== offset) faults.misplaced += 1;
      values.add(value);
      offsets.add(offset);
      before = Math.max(before, offset);
    }
    for (const value of acked.keys()) if (!values.has(value)) faults.lost += 1;
    return faults;
  }
}
