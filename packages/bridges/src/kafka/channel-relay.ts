// The relay into Kafka: it waits until nobody else writes the topic, and writes it until somebody else does.
import { systemRandom } from "@tidewire/protocol/ports";
import { Pause } from "../pause.ts";
import { Trouble } from "../trouble.ts";
import { Batches } from "./batches.ts";
import { type ChannelRelayOptions, type ChannelRelayStats, type RelayTerms, termsOf } from "./channel-relay-options.ts";
import { kafkaReasonOf } from "./kafka-errors.ts";
import { PlacesLog } from "./places-log.ts";
import { Tenure, Unwritten } from "./tenure.ts";

/** Writes channels into a topic, until it is stopped. */
export interface ChannelRelay {
  stats(): ChannelRelayStats;
  /** Resolves when nothing more is being written, and another relay may go on at once, if Kafka answers. It waits for no answer for good. */
  stop(): Promise<void>;
}

/**
 * Writes what channels keep into a topic of Kafka, each channel's publications in their order. Records and places are one transaction:
 * nothing is lost as long as history reaches back to the place, nothing is there twice for who reads committed
 * records alone, and what is missing is told in the topic. Any number of processes may do so, one of them at a time.
 * @throws {RangeError} when `pollMs` is not an integer from 10 to 60,000, or `takeoverMs` one from 1,000 to 600,000.
 */
export function relayChannelsToKafka(options: ChannelRelayOptions): ChannelRelay {
  const relay = new Relay(termsOf(options));
  return { stats: () => relay.stats(), stop: () => relay.stop() };
}

const retryMs = 1_000;
const producerSettings = { idempotent: true, retries: 250, retryDelay: 20, timeout: 15_000 } as const;

class Relay {
  readonly #terms: RelayTerms;
  readonly #id = systemRandom.token(132);
  readonly #batches: Batches;
  readonly #pause: Pause;
  readonly #trouble: Trouble;
  readonly #running: Promise<void>;
  #log: PlacesLog | null = null;
  #tenure: Tenure | null = null;
  #turn = 0;
  #failures = 0;
  #isWriting = false;
  #isStopped = false;

  constructor(terms: RelayTerms) {
    const { log, clock } = terms;
    this.#terms = terms;
    this.#pause = new Pause(clock);
    this.#trouble = new Trouble(log, { begins: "Kafka cannot be written now", ends: "Kafka is written again" });
    this.#batches = new Batches(terms);
    this.#running = this.#run();
  }

  stats(): ChannelRelayStats {
    const { written, gaps, failures } = this.#batches.counts;
    return { written, gaps, failures: failures + this.#failures, isWriting: this.#isWriting };
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#tenure?.stop();
    this.#pause.end();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      try {
        await this.#standBy();
        if (!this.#isStopped) await this.#write();
      } catch (thrown) {
        await this.#failed(thrown);
      }
    }
    await this.#log?.close();
  }

  /** Resolves when nobody else writes. */
  async #standBy(): Promise<void> {
    const { kafka, topic, name, clock, takeoverMs, log } = this.#terms;
    const places = `${name}-places`;
    const known = (this.#log ??= await PlacesLog.open({ kafka, topic, places, clock }));
    let signMs = clock.now();
    let said = "";
    while (!this.#isStopped) {
      if (await known.readOn()) signMs = clock.now();
      const { claim } = known;
      if (!known.isAtEnd) continue;
      if (claim === null || !claim.isHeld || claim.holder === this.#id) return;
      if (clock.now() - signMs >= takeoverMs) return;
      this.#trouble.ends();
      if (said !== claim.holder) log.info("another relay writes the topic", { topic, name });
      said = claim.holder;
    }
  }

  async #write(): Promise<void> {
    const { kafka, name, clock, pollMs, takeoverMs } = this.#terms;
    const log = this.#log;
    if (log === null) return;
    this.#turn += 1;
    this.#tenure = new Tenure({
      producer: kafka.producer({ transactionalId: name, ...producerSettings }),
      log,
      topic: `${name}-places`,
      claim: { holder: this.#id, turn: this.#turn, isHeld: true },
      clock,
      beatMs: takeoverMs / 4,
      pollMs,
      gather: (places) => this.#batches.next(places),
      began: () => {
        this.#isWriting = true;
        this.#trouble.ends();
      },
      wrote: (entries) => this.#batches.wrote(entries),
    });
    try {
      await this.#tenure.run();
    } finally {
      this.#tenure = null;
      this.#isWriting = false;
    }
  }

  async #failed(thrown: unknown): Promise<void> {
    const cause = thrown instanceof Unwritten ? thrown.cause : thrown;
    if (thrown instanceof Unwritten && this.#batches.isSplitOrRefused(thrown)) return;
    this.#failures += 1;
    this.#trouble.begins(kafkaReasonOf(cause));
    // Read anew: its leader may be another one, and it may be another topic of that name.
    const log = this.#log;
    this.#log = null;
    await log?.close();
    if (!this.#isStopped) await this.#pause.wait(retryMs);
  }
}
