// What a relay of channels is given, and what it says of itself.
import { type Log, silentLog } from "@tidewire/protocol/ports";
import { type Clock, systemClock } from "../ports/clock.ts";
import type { ChannelGap } from "./continuation.ts";
import type { Histories } from "./histories.ts";
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
   * Names of the channels to be written, which keep a history; or a function that is asked for them every five seconds. Where it throws,
   * or says nothing within as long, those it named last are written. A place is kept for each that ever was named.
   */
  readonly channels: readonly string[] | (() => readonly string[] | Promise<readonly string[]>);
  /**
   * Relays of one name are one at a time. It is the transactional id, and the topic `{name}-places` keeps the places: it is made where
   * it is not there. Default: the topic's.
   */
  readonly name?: string;
  /** Where a channel begins that has no place yet. Default: `oldest`, with all that its history keeps. */
  readonly begin?: "oldest" | "newest";
  /**
   * Told before the topic is that publications are missing from it. When it throws, or takes longer than a quarter of `takeoverMs` or five
   * seconds, it is told again, and nothing more of the channel is written until then.
   */
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
  /** Times at which something could not be written, or read. */
  readonly failures: number;
  /** Whether it is the one that writes, as far as it knows. */
  readonly isWriting: boolean;
}

/** The same with what was left out. */
export interface RelayTerms extends ChannelRelayOptions {
  readonly name: string;
  readonly begin: "oldest" | "newest";
  readonly pollMs: number;
  readonly takeoverMs: number;
  readonly log: Log;
  readonly clock: Clock;
}

/** @throws {RangeError} as `relayChannelsToKafka`. */
export function termsOf(options: ChannelRelayOptions): RelayTerms {
  const { topic, name = topic, begin = "oldest", log = silentLog, clock = systemClock } = options;
  const { pollMs = 250, takeoverMs = 10_000 } = options;
  expectWithin("pollMs", pollMs, [10, 60_000]);
  expectWithin("takeoverMs", takeoverMs, [1_000, 600_000]);
  return { ...options, name, begin, pollMs, takeoverMs, log, clock };
}

function expectWithin(name: string, value: number, [least, most]: readonly [number, number]): void {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return;
  throw new RangeError(`expected ${name} to be an integer from ${least} to ${most}, got ${value}`);
}
