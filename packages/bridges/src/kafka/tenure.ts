// One turn of writing a topic, from the claim to whatever ends it.
//
// - Each batch is one transaction: the records, and the places of their channels. So the place is what is in the topic, whoever
//   is killed whenever.
// - Beginning it takes the transactional id from whoever had it: what that one still writes, Kafka refuses. Only then are the
//   places read, up to one's own claim, so that they are those of all that was ever written.
// - Whatever fails ends it. The next turn begins with a new producer, and with what Kafka has.
import { Pause } from "../pause.ts";
import { type Clock, within } from "../ports/clock.ts";
import type { Entry } from "./batch.ts";
import { type Claim, claimKey, type Place, writtenClaim, writtenPlace } from "./place.ts";
import { closed, type PlacesLog } from "./places-log.ts";
import type { KafkaDraft, KafkaProducer } from "./writers.ts";

export interface TenureTerms {
  readonly producer: KafkaProducer;
  readonly log: PlacesLog;
  /** The topic that keeps the places. */
  readonly topic: string;
  readonly claim: Claim;
  readonly clock: Clock;
  /** A sign of life is written where nothing else was for so long, as soon as the gathering or the pause ends. */
  readonly beatMs: number;
  readonly pollMs: number;
  /** What comes next, behind the places; never throws, and takes no longer than two beats. */
  readonly gather: (places: ReadonlyMap<string, Place>) => Promise<readonly Entry[]>;
  readonly began: () => void;
  readonly wrote: (entries: readonly Entry[]) => void;
}

const answerMs = 10_000;
/** The id's newest producer, whichever it was: the client would ask for its first one. */
const newest = { producerId: -1n, producerEpoch: -1 };

/** A batch that was not written. */
export class Unwritten extends Error {
  readonly entries: readonly Entry[];

  constructor(entries: readonly Entry[], cause: unknown) {
    super("a batch was not written", { cause });
    this.entries = entries;
  }
}

export class Tenure {
  readonly #terms: TenureTerms;
  readonly #pause: Pause;
  #places = new Map<string, Place>();
  #wroteMs = 0;
  #isStopped = false;

  constructor(terms: TenureTerms) {
    this.#terms = terms;
    this.#pause = new Pause(terms.clock);
    // Without a listener it would end the process.
    terms.producer.on("error", () => undefined);
  }

  /** Finishes the batch under way. */
  stop(): void {
    this.#isStopped = true;
    this.#pause.end();
  }

  /** Resolves when it was stopped, and has said so. @throws what has ended it; {@link Unwritten} for a batch. */
  async run(): Promise<void> {
    const { producer, log, claim, clock, began } = this.#terms;
    try {
      await this.#write([this.#claimed(claim)]);
      await this.#readPlaces();
      this.#places = new Map(log.places);
      began();
      await this.#work();
      await this.#write([this.#claimed({ ...claim, isHeld: false })]);
    } finally {
      await closed(producer, clock);
    }
  }

  /** What Kafka has committed is not always there to be read at once. */
  async #readPlaces(): Promise<void> {
    const { log, claim, clock } = this.#terms;
    let endedMs = clock.now();
    while (log.claim?.holder !== claim.holder || log.claim.turn !== claim.turn) {
      if (await log.readOn()) endedMs = clock.now();
      if (clock.now() - endedMs > answerMs) throw new Error("another relay has taken over");
    }
  }

  async #work(): Promise<void> {
    const { gather, beatMs, pollMs, wrote } = this.#terms;
    while (!this.#isStopped) {
      await this.#beat();
      const entries = await gather(this.#places);
      if (entries.length > 0) {
        await this.#writeEntries(entries);
        wrote(entries);
        continue;
      }
      await this.#beat();
      // A stop may have come meanwhile, when there was no pause to end.
      if (!this.#isStopped) await this.#pause.wait(Math.min(pollMs, beatMs));
    }
  }

  async #beat(): Promise<void> {
    const { clock, claim, beatMs } = this.#terms;
    if (clock.now() - this.#wroteMs >= beatMs) await this.#write([this.#claimed(claim)]);
  }

  async #writeEntries(entries: readonly Entry[]): Promise<void> {
    const { topic } = this.#terms;
    const places = new Map(entries.map(({ channel, place }) => [channel, place]));
    const drafts = entries.flatMap(({ draft }) => draft ?? []);
    const kept = Array.from(places, ([channel, place]) => ({
      topic,
      key: Buffer.from(channel),
      value: writtenPlace(place),
    }));
    try {
      await this.#write([...drafts, ...kept]);
    } catch (thrown) {
      throw new Unwritten(entries, thrown);
    }
    for (const [channel, place] of places) this.#places.set(channel, place);
  }

  async #write(messages: KafkaDraft[]): Promise<void> {
    const { producer, clock } = this.#terms;
    const transaction = await within(producer.beginTransaction(newest), answerMs, clock);
    await within(transaction.send({ messages }), answerMs, clock);
    await within(transaction.commit(), answerMs, clock);
    this.#wroteMs = clock.now();
  }

  #claimed(claim: Claim): KafkaDraft {
    return { topic: this.#terms.topic, key: Buffer.from(claimKey), value: writtenClaim(claim) };
  }
}
