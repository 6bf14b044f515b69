// What one subscription was given, counted against the numbers that were published to it: 1, 2, 3 and so on.
import { type Counted, countAt, type Spread } from "../talk.ts";
import type { Mark } from "../mark.ts";

/** A number further ahead than this is no loss but a broken frame. */
const farthest = 10_000_000;

/** Counts what a connection is given, against what was published. */
export interface Tally {
  readonly received: number;
  /** @param after The number of the last publication before the first that is due. */
  begin(phase: number, after: number): void;
  /** False when it belongs to another phase, or to no channel of this connection. */
  add(mark: Mark): boolean;
  /** Whether all has come that is due when `published` were, over `spread`. */
  isComplete(published: number, spread: Spread): boolean;
  result(published: number, spread: Spread): Counted;
}

/** Of one channel, from which nothing may be missing. */
export class ChannelTally implements Tally {
  readonly #place: number;
  #phase = 0;
  #after = 0;
  #highest = 0;
  #received = 0;
  #repeated = 0;
  #reordered = 0;
  #strays = 0;
  /** Numbers that were passed over and have not come since. */
  #missing: Set<number> | null = null;

  constructor(place: number) {
    this.#place = place;
  }

  get received(): number {
    return this.#received;
  }

  begin(phase: number, after: number): void {
    this.#phase = phase;
    this.#after = after;
    this.#highest = after;
    this.#received = 0;
    this.#repeated = 0;
    this.#reordered = 0;
    this.#strays = 0;
    this.#missing = null;
  }

  add({ phase, place, n }: Mark): boolean {
    if (phase !== this.#phase || place !== this.#place) {
      this.#strays += 1;
      return false;
    }
    this.#received += 1;
    if (n === this.#highest + 1) this.#highest = n;
    else if (n > this.#highest) this.#passOver(n);
    else if (this.#missing?.delete(n) === true) this.#reordered += 1;
    else this.#repeated += 1;
    return true;
  }

  isComplete(published: number, spread: Spread): boolean {
    return this.#highest >= countAt(published, spread, this.#place) && (this.#missing?.size ?? 0) === 0;
  }

  result(published: number, spread: Spread): Counted {
    const due = countAt(published, spread, this.#place);
    return {
      expected: Math.max(0, due - this.#after),
      received: this.#received,
      lost: Math.max(0, due - this.#highest) + (this.#missing?.size ?? 0),
      repeated: this.#repeated,
      reordered: this.#reordered,
      strays: this.#strays,
    };
  }

  #passOver(n: number): void {
    if (n > this.#highest + farthest) throw new RangeError(`number ${n} came after ${this.#highest}`);
    this.#missing ??= new Set();
    for (let missing = this.#highest + 1; missing < n; missing += 1) this.#missing.add(missing);
    this.#highest = n;
  }
}

/** Of several channels with numbers that follow each other. */
export class ChannelsTally implements Tally {
  readonly #first: number;
  readonly #channels: readonly ChannelTally[];
  #strays = 0;

  constructor(first: number, count: number) {
    this.#first = first;
    this.#channels = Array.from({ length: count }, (_, index) => new ChannelTally(first + index));
  }

  get received(): number {
    return this.#channels.reduce((sum, channel) => sum + channel.received, 0);
  }

  begin(phase: number, after: number): void {
    this.#strays = 0;
    for (const channel of this.#channels) channel.begin(phase, after);
  }

  add(mark: Mark): boolean {
    const channel = this.#channels[mark.place - this.#first];
    if (channel !== undefined) return channel.add(mark);
    this.#strays += 1;
    return false;
  }

  isComplete(published: number, spread: Spread): boolean {
    return this.#channels.every((channel) => channel.isComplete(published, spread));
  }

  result(published: number, spread: Spread): Counted {
    const all = sumCounted(this.#channels.map((channel) => channel.result(published, spread)));
    return { ...all, strays: all.strays + this.#strays };
  }
}

/** Of one `latest` channel: values may be passed over, but none goes back, and each key's last one comes. */
export class KeysTally implements Tally {
  readonly #newest = new Map<number, number>();
  #phase = 0;
  #received = 0;
  #repeated = 0;
  #reordered = 0;
  #strays = 0;

  get received(): number {
    return this.#received;
  }

  begin(phase: number): void {
    this.#phase = phase;
    this.#newest.clear();
    this.#received = 0;
    this.#repeated = 0;
    this.#reordered = 0;
    this.#strays = 0;
  }

  add({ phase, place, n }: Mark): boolean {
    if (phase !== this.#phase) {
      this.#strays += 1;
      return false;
    }
    const newest = this.#newest.get(place) ?? 0;
    this.#received += 1;
    if (n > newest) this.#newest.set(place, n);
    else if (n === newest) this.#repeated += 1;
    else this.#reordered += 1;
    return true;
  }

  isComplete(published: number, spread: Spread): boolean {
    return this.#lost(published, spread) === 0;
  }

  result(published: number, spread: Spread): Counted {
    const lost = this.#lost(published, spread);
    return {
      expected: this.#received - this.#repeated + lost,
      received: this.#received,
      lost,
      repeated: this.#repeated,
      reordered: this.#reordered,
      strays: this.#strays,
    };
  }

  /** Keys whose last value has not come. */
  #lost(published: number, spread: Spread): number {
    let lost = 0;
    for (let key = spread.first; key < spread.first + spread.count; key += 1) {
      if ((this.#newest.get(key) ?? 0) !== countAt(published, spread, key)) lost += 1;
    }
    return lost;
  }
}

export function sumCounted(all: readonly Counted[]): Counted {
  const sum = { expected: 0, received: 0, lost: 0, repeated: 0, reordered: 0, strays: 0 };
  for (const one of all) {
    sum.expected += one.expected;
    sum.received += one.received;
    sum.lost += one.lost;
    sum.repeated += one.repeated;
    sum.reordered += one.reordered;
    sum.strays += one.strays;
  }
  return sum;
}
