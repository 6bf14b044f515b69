// The connections of one load process: opened, counted, and asked what they have.
import { nowUs } from "../mark.ts";
import { MarkReader } from "../mark.ts";
import type { Counted, Dial, GroupSpec, Returned, Spread } from "../talk.ts";
import { countLatency, type Latencies, noLatencies } from "./latency.ts";
import type { Position } from "./replies.ts";
import { type Journal, Returning } from "./returning.ts";
import { speechOf } from "./speech.ts";
import { type Shared, Subscriber } from "./subscriber.ts";
import { ChannelsTally, ChannelTally, KeysTally, sumCounted, type Tally } from "./tally.ts";

/** Connections being opened at a time. */
const atATime = 100;
/** The system looks through an address's ports one by one for a free one: ten thousand of them take it minutes. */
const perAddress = 1_000;

export class Connections {
  latencies: Latencies = noLatencies();
  deliveries = 0;
  deliveredUs = 0;
  failed = 0;
  readonly #spec: GroupSpec;
  readonly #readers: { readonly subscriber: Subscriber; readonly tally: Tally }[] = [];
  readonly #stalled: Subscriber[] = [];
  readonly #marks = new MarkReader();
  readonly #buffer = Buffer.alloc(65_536);
  readonly #returned = { away: 0, back: 0, recovered: 0, refused: 0, awayTimes: noLatencies() };
  readonly #journal: Journal;
  #phase = 0;
  #readUs = 0;
  #epoch = "";

  constructor(spec: GroupSpec) {
    this.#spec = spec;
    const returned = this.#returned;
    this.#journal = {
      lost: () => (returned.away += 1),
      refused: () => (returned.refused += 1),
      back: ({ isRecovered, awayUs }) => {
        returned.away -= 1;
        returned.back += 1;
        if (isRecovered) returned.recovered += 1;
        countLatency(returned.awayTimes, awayUs);
      },
    };
  }

  get returned(): Returned {
    return this.#returned;
  }

  /** The epoch of the subscription that was opened last. */
  get epoch(): string {
    return this.#epoch;
  }

  async open(dial: Dial): Promise<void> {
    const shared = this.#shared(dial);
    let next = 0;
    const line = async (): Promise<void> => {
      while (next < dial.count) {
        const index = next;
        next += 1;
        await this.#openOne(index, { dial, shared });
      }
    };
    await Promise.all(Array.from({ length: Math.min(atATime, dial.count) }, line));
  }

  begin({ phase, after, isAnew }: { phase: number; after: number; isAnew: boolean }): void {
    this.#phase = phase;
    if (isAnew) for (const { tally } of this.#readers) tally.begin(phase, after);
    this.latencies = noLatencies();
    this.deliveries = 0;
    this.deliveredUs = nowUs();
  }

  resume(): void {
    for (const { subscriber } of this.#readers) subscriber.resume();
  }

  isComplete(published: number, spread: Spread): boolean {
    return this.#readers.every(({ tally }) => tally.isComplete(published, spread));
  }

  result(published: number, spread: Spread): Counted {
    return sumCounted(this.#readers.map(({ tally }) => tally.result(published, spread)));
  }

  async #openOne(index: number, { dial, shared }: { dial: Dial; shared: Shared }): Promise<void> {
    const { own, first } = this.#spec;
    const place = own === 0 ? first : first + (dial.first + index) * own;
    const tally = this.#tallyAt(place);
    const { places, network } = dial;
    const from = network === null ? null : `${network}.${1 + (Math.floor((dial.first + index) / perAddress) % 250)}`;
    const offset = places === null ? 0 : Math.floor(((index % places.count) * places.behind) / places.count);
    tally.begin(this.#phase, offset);
    const make = (recover: Position | null, ended: (problem: string) => void): Subscriber => {
      const channels = Array.from({ length: Math.max(1, own) }, (_, at) => this.#nameOf(place + at));
      const wanted = recover === null ? null : { ...recover, isPaused: places !== null };
      const speech = speechOf(this.#spec.wire, { channels, recover: wanted, rate: this.#spec.rate });
      return new Subscriber({ from, speech, tally, ended }, shared);
    };
    const subscriber = this.#spec.returns
      ? await new Returning(make, this.#journal).open()
      : make(places === null ? null : { epoch: places.epoch, offset }, (problem) => this.#ended(problem));
    const { position, isRecovered } = await subscriber.opened;
    if (places !== null && !isRecovered) throw new Error(`expected to recover from ${offset}, and was not`);
    this.#epoch = position?.epoch ?? "";
    if (index < dial.stalled) subscriber.stall();
    if (index < dial.stalled) this.#stalled.push(subscriber);
    else this.#readers.push({ subscriber, tally });
  }

  #nameOf(place: number): string {
    return this.#spec.channel.replace("{n}", String(place));
  }

  #tallyAt(place: number): Tally {
    const { isLatest, own } = this.#spec;
    if (isLatest) return new KeysTally();
    return own > 1 ? new ChannelsTally(place, own) : new ChannelTally(place);
  }

  #ended(problem: string): void {
    this.failed += 1;
    if (this.failed === 1) process.stderr.write(`${this.#spec.wire}: ${problem}\n`);
  }

  #shared({ host, port }: Dial): Shared {
    return {
      host,
      port,
      path: this.#spec.path,
      marks: this.#marks,
      buffer: this.#buffer,
      reads: () => {
        this.#readUs = nowUs();
      },
      delivered: (atUs) => {
        this.deliveries += 1;
        this.deliveredUs = this.#readUs;
        countLatency(this.latencies, this.#readUs - atUs);
      },
    };
  }
}
