// The relay into Kafka: it waits until nobody else writes the topic, and writes it until somebody else does.
import { type Position, TidewireError } from "@tidewire/protocol";
import { type Log, reasonOf, silentLog, systemRandom } from "@tidewire/protocol/ports";
import { Pause } from "../pause.ts";
import { type Clock, systemClock } from "../ports/clock.ts";
import { Trouble } from "../trouble.ts";
import type { ChannelGap } from "./continuation.ts";
import { type Entry, Gathering } from "./gathering.ts";
import type { Histories } from "./histories.ts";
import { kafkaReasonOf, recordsFaultOf } from "./kafka-errors.ts";
import type { Place } from "./place.ts";
import { PlacesLog } from "./places-log.ts";
import { Tenure, Unwritten } from "./tenure.ts";
import type { KafkaWriters } from "./writers.ts";

/** What `relayChannelsToKafka` is given. */
export interface ChannelRelayOptions {
  /** Makes clients of Kafka. */
  readonly kafka: KafkaWriters;
  /** What is written to; it has to be there. */
  readonly topic: string;
  /** `histories` of a server. */
  readonly histories: Histories;
  /**
   * Names of the channels to be written, which keep a history; or a function that is asked for them every five seconds. A place is
   * kept for each that ever was named.
   */
  readonly channels: readonly string[] | (() => readonly string[] | Promise<readonly string[]>);
  /**
   * Relays of one name are one at a time. It is the transactional id, and the topic `{name}-places` keeps the places: it is made where
   * it is not there. Default: the topic's.
   */
  readonly name?: string;
  /** Where a channel begins that has no place yet. Default: `oldest`, with all that its history keeps. */
  readonly begin?: "oldest" | "newest";
  /** Told before the topic is that publications are missing from it; asked again when it throws, and then nothing is written. */
  readonly gap?: (gap: ChannelGap) => void | Promise<void>;
  /** How often channels are looked at, in milliseconds. Default: 250. */
  readonly pollMs?: number;
  /** Another relay takes over from one that has shown no sign of life for so many milliseconds. Default: 10,000. */
  readonly takeoverMs?: number;
  /** Default: says nothing. */
  readonly log?: Log;
  /** Default: the machine's. */
  readonly clock?: Clock;
}

/** What a relay has done since its start. */
export interface ChannelRelayStats {
  /** Publications. */
  readonly written: number;
  /** Gaps that the topic was told of, publications among them that Kafka refused. */
  readonly gaps: number;
  /** Times at which nothing could be written, or read. */
  readonly failures: number;
  /** Whether it is the one that writes, as far as it knows. */
  readonly isWriting: boolean;
}

/** Writes channels into a topic, until it is stopped. */
export interface ChannelRelay {
  stats(): ChannelRelayStats;
  /** Resolves when nothing more is being written, and another relay may go on at once, if Kafka answers. */
  stop(): Promise<void>;
}

/**
 * Writes what channels keep into a topic of Kafka, each channel's publications in their order. Records and places are one transaction:
 * nothing is lost as long as history reaches back to the place, nothing is there twice for who reads committed
 * records alone, and what is missing is told in the topic. Any number of processes may do so, one of them at a time.
 * @throws {RangeError} when `pollMs` is not an integer from 10 to 60,000, or `takeoverMs` one from 1,000 to 600,000.
 */
export function relayChannelsToKafka(options: ChannelRelayOptions): ChannelRelay {
  const { pollMs = 250, takeoverMs = 10_000 } = options;
  expectWithin("pollMs", pollMs, [10, 60_000]);
  expectWithin("takeoverMs", takeoverMs, [1_000, 600_000]);
  const relay = new Relay({ log: silentLog, clock: systemClock, ...options, pollMs, takeoverMs });
  return { stats: () => relay.stats(), stop: () => relay.stop() };
}

function expectWithin(name: string, value: number, [least, most]: readonly [number, number]): void {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return;
  throw new RangeError(`expected ${name} to be an integer from ${least} to ${most}, got ${value}`);
}

const retryMs = 1_000;
const namesMs = 5_000;
const mostEntries = 1_000;
/** Kafka takes 1 MiB for each partition by default. */
const mostBytes = 524_288;
const producerSettings = { idempotent: true, retries: 250, retryDelay: 20, timeout: 15_000 } as const;

interface ResolvedOptions extends ChannelRelayOptions {
  readonly log: Log;
  readonly clock: Clock;
  readonly pollMs: number;
  readonly takeoverMs: number;
}

class Relay {
  readonly #options: ResolvedOptions;
  readonly #id = systemRandom.token(132);
  readonly #name: string;
  readonly #gathering: Gathering;
  readonly #pause: Pause;
  readonly #kafkaTrouble: Trouble;
  readonly #serverTrouble: Trouble;
  readonly #running: Promise<void>;
  readonly #counts = { written: 0, gaps: 0, failures: 0 };
  /** Names that were said to have nothing to read. */
  #unreadable = new Set<string>();
  #channels: readonly string[] = [];
  #askedMs = Number.NEGATIVE_INFINITY;
  #log: PlacesLog | null = null;
  #tenure: Tenure | null = null;
  #turn = 0;
  #isWriting = false;
  #isStopped = false;
  /** As many records are written at once; fewer where Kafka has refused more. */
  #most = mostEntries;
  /** By channel, the publication that Kafka does not take, until the topic is told. */
  readonly #refused = new Map<string, Position>();

  constructor(options: ResolvedOptions) {
    const { topic, histories, name = topic, begin = "oldest", log, clock } = options;
    this.#options = options;
    this.#name = name;
    this.#pause = new Pause(clock);
    this.#kafkaTrouble = new Trouble(log, { begins: "Kafka cannot be written now", ends: "Kafka is written again" });
    this.#serverTrouble = new Trouble(log, { begins: "channels cannot be read now", ends: "channels are read again" });
    this.#gathering = new Gathering({
      topic,
      histories,
      begin,
      refused: this.#refused,
      unreadable: (channels) => this.#sayUnreadable(channels),
    });
    this.#running = this.#run();
  }

  stats(): ChannelRelayStats {
    return { ...this.#counts, isWriting: this.#isWriting };
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
    const { kafka, topic, clock, takeoverMs, log } = this.#options;
    const places = `${this.#name}-places`;
    const known = (this.#log ??= await PlacesLog.open({ kafka, topic, places, clock }));
    let signMs = clock.now();
    let said = "";
    while (!this.#isStopped) {
      if (await known.readOn()) signMs = clock.now();
      const { claim } = known;
      if (!known.isAtEnd) continue;
      if (claim === null || !claim.isHeld || claim.holder === this.#id) return;
      if (clock.now() - signMs >= takeoverMs) return;
      this.#kafkaTrouble.ends();
      if (said !== claim.holder) log.info("another relay writes the topic", { topic, name: this.#name });
      said = claim.holder;
    }
  }

  async #write(): Promise<void> {
    const { kafka, clock, pollMs, takeoverMs } = this.#options;
    const log = this.#log;
    if (log === null) return;
    this.#turn += 1;
    this.#tenure = new Tenure({
      producer: kafka.producer({ transactionalId: this.#name, ...producerSettings }),
      log,
      topic: `${this.#name}-places`,
      claim: { holder: this.#id, turn: this.#turn, isHeld: true },
      clock,
      beatMs: takeoverMs / 4,
      pollMs,
      gather: (places) => this.#gather(places),
      began: () => {
        this.#isWriting = true;
        this.#kafkaTrouble.ends();
      },
      wrote: (entries) => this.#wrote(entries),
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
    if (thrown instanceof Unwritten && this.#isSplitOrRefused(thrown)) return;
    this.#counts.failures += 1;
    this.#kafkaTrouble.begins(kafkaReasonOf(cause));
    // Read anew: its leader may be another one, and it may be another topic of that name.
    const log = this.#log;
    this.#log = null;
    await log?.close();
    if (!this.#isStopped) await this.#pause.wait(retryMs);
  }

  /** Half as many are written next; of one alone the topic is told that it is missing. Where it does not take that either, it takes nothing. */
  #isSplitOrRefused({ entries, cause }: Unwritten): boolean {
    const fault = recordsFaultOf(cause);
    const [first] = entries;
    if (fault === null || first === undefined) return false;
    this.#most = Math.max(1, Math.floor(entries.length / 2));
    if (entries.length > 1) return true;
    if (first.gap !== null) return false;
    const { channel, place } = first;
    const { epoch, offset } = place;
    this.#refused.set(channel, { epoch, offset });
    this.#options.log.error("Kafka refuses a publication for good", { channel, epoch, offset, problem: fault });
    return true;
  }

  async #gather(places: ReadonlyMap<string, Place>): Promise<readonly Entry[]> {
    try {
      await this.#askNames();
      const gathered = await this.#gathering.collect(this.#channels, places, { entries: this.#most, bytes: mostBytes });
      const entries = gathered.slice(0, this.#most);
      for (const { gap } of entries) if (gap !== null) await this.#tell(gap);
      this.#serverTrouble.ends();
      return entries;
    } catch (thrown) {
      this.#counts.failures += 1;
      const reason = thrown instanceof TidewireError ? `${thrown.reason}: ${reasonOf(thrown)}` : reasonOf(thrown);
      this.#serverTrouble.begins(reason);
      return [];
    }
  }

  async #askNames(): Promise<void> {
    const { channels, clock } = this.#options;
    if (clock.now() - this.#askedMs < namesMs) return;
    // Named twice, it would be written twice.
    this.#channels = [...new Set(typeof channels === "function" ? await channels() : channels)];
    this.#askedMs = clock.now();
  }

  async #tell(gap: ChannelGap): Promise<void> {
    const { gap: told, log } = this.#options;
    try {
      await told?.(gap);
    } catch (thrown) {
      throw new Error(`a gap could not be told: ${reasonOf(thrown)}`, { cause: thrown });
    }
    const { channel, reason, from, to } = gap;
    const [fromEpoch, fromOffset] = [from?.epoch, from?.offset];
    log.warn("publications are missing from the topic", { channel, reason, fromEpoch, fromOffset, ...to });
  }

  #wrote(entries: readonly Entry[]): void {
    this.#most = Math.min(mostEntries, this.#most * 2);
    const gaps = entries.filter(({ gap }) => gap !== null).length;
    for (const { channel, gap } of entries) if (gap?.reason === "refused") this.#refused.delete(channel);
    this.#counts.gaps += gaps;
    this.#counts.written += entries.filter(({ draft }) => draft !== null).length - gaps;
  }

  #sayUnreadable(channels: readonly string[]): void {
    const said = this.#unreadable;
    this.#unreadable = new Set(channels);
    for (const channel of channels)
      if (!said.has(channel)) this.#options.log.error("a channel is named that keeps no history", { channel });
  }
}
