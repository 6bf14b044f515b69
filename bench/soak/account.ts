// The account of one subscription: what it was given, held against what its channel's mode promises.
import { ChannelTally, oneChannel } from "tidewire/bench";
import { type Kind, kindOf } from "./channels.ts";

/** Counted over all subscriptions. */
export interface Counts {
  received: number;
  /** Faults: holes in a stream, and what came twice, too late, or under the number of another. */
  lost: number;
  repeated: number;
  reordered: number;
  misplaced: number;
  /** Of a signal channel, which may. */
  passedOver: number;
  /** Subscriptions that asked to go on where they were, and those of them that did. */
  returns: number;
  recovered: number;
  /** Subscriptions that the server ended since it could not go on. */
  gaps: number;
}

export const noCounts = (): Counts => ({
  received: 0,
  lost: 0,
  repeated: 0,
  reordered: 0,
  misplaced: 0,
  passedOver: 0,
  returns: 0,
  recovered: 0,
  gaps: 0,
});

export function sumCounts(all: readonly Counts[]): Counts {
  const sum = noCounts();
  for (const one of all) for (const name of Object.keys(sum) as (keyof Counts)[]) sum[name] += one[name];
  return sum;
}

/** How many faults there are. */
export function faultsOf({ lost, repeated, reordered, misplaced }: Counts): number {
  return lost + repeated + reordered + misplaced;
}

/** Where a subscription stands. */
export interface Place {
  readonly epoch: string;
  readonly offset: number;
}

export interface Established extends Place {
  /** Whether it asked to go on, and whether it does. */
  readonly isReturn: boolean;
  readonly recovered: boolean;
}

export interface Given {
  /** 0 where nothing is kept. */
  readonly offset: number;
  /** The number that the publisher gave it; `null` when it was none of the server's. */
  readonly n: number | null;
  readonly key: string | null;
}

const phase = 1;

export class Account {
  readonly channel: string;
  readonly kind: Kind;
  readonly #counts: Counts;
  readonly #tally = new ChannelTally(0);
  /** Of a `latest` channel: the newest number of each key. */
  readonly #newest = new Map<string, number>();
  #place: Place | null = null;
  #isBegun = false;

  /** @param counts Where it counts. */
  constructor(channel: string, counts: Counts) {
    this.channel = channel;
    this.kind = kindOf(channel);
    this.#counts = counts;
  }

  /** Where it would go on; `null` where nothing is kept, or nothing was given yet. */
  get place(): Place | null {
    return this.kind === "typing" || this.kind === "fire" ? null : this.#place;
  }

  established({ epoch, offset, isReturn, recovered }: Established): void {
    if (isReturn) this.#counts.returns += 1;
    const goesOn = isReturn && recovered;
    if (goesOn) {
      this.#counts.recovered += 1;
      // PROTOCOL 1.6: it begins where it was asked to.
      if (offset !== this.#place?.offset || epoch !== this.#place.epoch) this.#counts.misplaced += 1;
      return;
    }
    this.close();
    this.#newest.clear();
    this.#place = { epoch, offset };
    this.#isBegun = true;
    this.#tally.begin(phase, offset);
  }

  given({ offset, n, key }: Given): void {
    this.#counts.received += 1;
    if (this.kind === "typing" || this.kind === "fire") this.#ascends(n ?? 0);
    else if (this.kind === "market") this.#changed(offset, key ?? "", n ?? 0);
    else this.#next(offset, n);
  }

  /** Counts what is missing: what was passed over will not come any more. */
  close(): void {
    if (!this.#isBegun) return;
    const { lost, repeated, reordered } = this.#tally.result(0, oneChannel);
    this.#counts.lost += lost;
    this.#counts.repeated += repeated;
    this.#counts.reordered += reordered;
    this.#isBegun = false;
  }

  /** Of its channel's end: how much of it has not come. */
  lacks(top: number | ReadonlyMap<string, number>): number {
    if (typeof top === "number") return Math.max(0, top - (this.#place?.offset ?? 0));
    return [...top].filter(([key, n]) => this.#newest.get(key) !== n).length;
  }

  #next(offset: number, n: number | null): void {
    this.#tally.add({ phase, place: 0, n: offset, atUs: 0 });
    if (n !== null && n !== offset) this.#counts.misplaced += 1;
    this.#moved(offset);
  }

  #ascends(n: number): void {
    const before = this.#place?.offset ?? 0;
    if (n === before) this.#counts.repeated += 1;
    else if (n < before) this.#counts.reordered += 1;
    else if (before > 0) this.#counts.passedOver += n - before - 1;
    this.#moved(n);
  }

  /** PROTOCOL 1.12: versions ascend with holes, and so do the numbers of each key. */
  #changed(offset: number, key: string, n: number): void {
    const before = this.#place?.offset ?? 0;
    if (offset === before) this.#counts.repeated += 1;
    else if (offset < before) this.#counts.reordered += 1;
    if (n < (this.#newest.get(key) ?? 0)) this.#counts.misplaced += 1;
    this.#newest.set(key, n);
    this.#moved(offset);
  }

  #moved(offset: number): void {
    if (offset > (this.#place?.offset ?? 0)) this.#place = { epoch: this.#place?.epoch ?? "", offset };
  }
}
