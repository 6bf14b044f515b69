// The relay from Kafka: members of a group, one after the other, and what becomes of each record.
import { TidewireError } from "@tidewire/protocol";
import { type Log, reasonOf, silentLog } from "@tidewire/protocol/ports";
import { Pause } from "../pause.ts";
import { type Clock, systemClock, within } from "../ports/clock.ts";
import { isOwnFault, type Publisher } from "../publisher.ts";
import { Trouble } from "../trouble.ts";
import type { KafkaConsumer, KafkaMessage, KafkaRecord } from "./consumer.ts";
import { Membership } from "./membership.ts";
import { recordKey } from "./record-key.ts";

/** What is published for a record. */
export interface KafkaRoute {
  /** Its name. */
  readonly channel: string;
  readonly data: unknown;
  readonly tags?: Readonly<Record<string, string>>;
}

/** What `relayKafkaTopics` is given. */
export interface KafkaRelayOptions {
  /** Makes a consumer that was not used yet, each time anew; its group is what keeps the place. */
  readonly consumer: () => KafkaConsumer;
  readonly topics: readonly string[];
  /** What is published for a record; `null`: nothing. The same for the same record. */
  readonly route: (record: KafkaRecord) => KafkaRoute | null | Promise<KafkaRoute | null>;
  readonly publisher: Publisher;
  /**
   * Told of a record for which `route` has thrown, or whose publication is refused for good, before the record is committed;
   * asked again when it throws. Default: it is logged with its place, and passed over.
   */
  readonly refused?: (record: KafkaRecord, problem: string) => void | Promise<void>;
  /** Where a group begins that has no place yet. Default: `earliest`. */
  readonly begin?: "earliest" | "latest";
  /**
   * For how long a record is published after it was read, in milliseconds, before it is read anew: less than the five
   * minutes for which its key is remembered. Default: 60,000.
   */
  readonly holdMs?: number;
  /** Default: says nothing. */
  readonly log?: Log;
  /** Default: the machine's. */
  readonly clock?: Clock;
}

/** What a relay has done since its start. */
export interface KafkaRelayStats {
  readonly published: number;
  /** Records for which `route` had nothing. */
  readonly skipped: number;
  readonly refused: number;
  /** Times at which a record could not be published yet. */
  readonly failures: number;
  /** Whether it is a member of its group, as far as it knows. */
  readonly isConnected: boolean;
}

/** Publishes what is in topics, until it is stopped. */
export interface KafkaRelay {
  stats(): KafkaRelayStats;
  /** Resolves when nothing more is being published, and what was published is committed, if Kafka answers. */
  stop(): Promise<void>;
}

const retryMs = 1_000;
const publishMs = 15_000;

/**
 * Publishes the records of topics: each partition's in their order, and commits what was accepted. What is read again after a death or
 * a rebalance has its record's key, and is published once (P4). Any number of processes may do so in one group.
 * @throws {RangeError} when `holdMs` is not an integer from 1 to 240,000.
 */
export function relayKafkaTopics(options: KafkaRelayOptions): KafkaRelay {
  const relay = new Relay(options);
  return { stats: () => relay.stats(), stop: () => relay.stop() };
}

const longestHoldMs = 240_000;

class Relay {
  readonly #options: KafkaRelayOptions & { readonly log: Log; readonly clock: Clock; readonly holdMs: number };
  readonly #running: Promise<void>;
  readonly #pause: Pause;
  readonly #trouble: Trouble;
  readonly #counts = { published: 0, skipped: 0, refused: 0, failures: 0 };
  #member: Membership | null = null;
  #isConnected = false;
  #isStopped = false;

  constructor(options: KafkaRelayOptions) {
    const given = { log: silentLog, clock: systemClock, holdMs: 60_000, ...options };
    if (!Number.isSafeInteger(given.holdMs) || given.holdMs < 1 || given.holdMs > longestHoldMs)
      throw new RangeError(`expected holdMs to be an integer from 1 to ${longestHoldMs}, got ${given.holdMs}`);
    this.#options = given;
    this.#pause = new Pause(given.clock);
    this.#trouble = new Trouble(given.log, { begins: "Kafka cannot be read now", ends: "Kafka is read again" });
    this.#running = this.#run();
  }

  stats(): KafkaRelayStats {
    return { ...this.#counts, isConnected: this.#isConnected };
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#member?.leave();
    this.#pause.end();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      try {
        await this.#join();
      } catch (thrown) {
        this.#trouble.begins(reasonOf(thrown));
        if (!this.#isStopped) await this.#pause.wait(retryMs);
      }
    }
  }

  async #join(): Promise<void> {
    const { consumer, topics, begin = "earliest", clock, holdMs } = this.#options;
    const give = (message: KafkaMessage): Promise<boolean> => this.#give(message);
    const joined = (): void => {
      this.#isConnected = true;
      this.#trouble.ends();
    };
    this.#member = new Membership(consumer(), { topics, begin, clock, holdMs, give, joined });
    try {
      await this.#member.run();
    } finally {
      this.#isConnected = false;
      this.#member = null;
    }
  }

  /** @returns Whether the record is done with. */
  async #give(record: KafkaRecord): Promise<boolean> {
    let route: KafkaRoute | null;
    try {
      route = await this.#options.route(record);
    } catch (thrown) {
      return this.#refuse(record, reasonOf(thrown));
    }
    if (route === null) {
      this.#counts.skipped += 1;
      return true;
    }
    try {
      await this.#publish(record, route);
    } catch (thrown) {
      return isOwnFault(thrown)
        ? this.#refuse(record, `${thrown.reason}: ${reasonOf(thrown)}`)
        : this.#notYet(record, thrown);
    }
    this.#counts.published += 1;
    return true;
  }

  async #publish(record: KafkaRecord, { channel, data, tags }: KafkaRoute): Promise<void> {
    const { publisher, clock } = this.#options;
    const options = { idempotencyKey: recordKey(record), ...(tags !== undefined && { tags }) };
    try {
      await within(publisher.publish(channel, data, options), publishMs, clock);
    } catch (thrown) {
      // A record never changes, so what was published for it was another `route`'s word, before an update.
      if (!(thrown instanceof TidewireError && thrown.reason === "conflict")) throw thrown;
    }
  }

  async #refuse(record: KafkaRecord, problem: string): Promise<boolean> {
    const { refused, log } = this.#options;
    try {
      await refused?.(record, problem);
    } catch (thrown) {
      return this.#notYet(record, thrown);
    }
    this.#counts.refused += 1;
    log.error("a record of Kafka's was refused", { ...placeOf(record), problem });
    return true;
  }

  #notYet(record: KafkaRecord, thrown: unknown): boolean {
    this.#counts.failures += 1;
    this.#options.log.warn("a record of Kafka's cannot be published yet", {
      ...placeOf(record),
      reason: reasonOf(thrown),
    });
    return false;
  }
}

function placeOf({ topic, partition, offset }: KafkaRecord): LogPlace {
  return { topic, partition, offset: String(offset) };
}

type LogPlace = Readonly<Record<"topic" | "offset", string> & { partition: number }>;
