// Batches of a topic, one after the other: which channels, how much at once, and who is told before of what is missing.
import { type Position, TidewireError } from "@tidewire/protocol";
import { reasonOf } from "@tidewire/protocol/ports";
import { Deadline } from "../deadline.ts";
import { within } from "../ports/clock.ts";
import { Trouble } from "../trouble.ts";
import type { Entry } from "./batch.ts";
import type { RelayTerms } from "./channel-relay-options.ts";
import type { ChannelGap } from "./continuation.ts";
import { type Gathered, Gathering } from "./gathering.ts";
import { recordsFaultOf } from "./kafka-errors.ts";
import type { Place } from "./place.ts";
import type { Unwritten } from "./tenure.ts";

const namesMs = 5_000;
const mostStepMs = 5_000;
const mostEntries = 1_000;
/** Kafka takes 1 MiB for each partition by default. */
const mostBytes = 524_288;

export class Batches {
  readonly counts = { written: 0, gaps: 0, failures: 0 };
  readonly #terms: RelayTerms;
  readonly #gathering: Gathering;
  readonly #trouble: Trouble;
  readonly #namesTrouble: Trouble;
  /** Reading may take so long, and telling. */
  readonly #stepMs: number;
  /** Names that were said to have nothing to read. */
  #unreadable = new Set<string>();
  #channels: readonly string[] = [];
  #askedMs = Number.NEGATIVE_INFINITY;
  /** As many records are written at once; fewer where Kafka has refused more. */
  #most = mostEntries;
  /** By channel, the publication that Kafka does not take, until the topic is told. */
  readonly #refused = new Map<string, Position>();

  constructor(terms: RelayTerms) {
    const { topic, histories, begin, log, takeoverMs } = terms;
    this.#terms = terms;
    // Both together are half of what a relay may be silent.
    this.#stepMs = Math.min(takeoverMs / 4, mostStepMs);
    this.#trouble = new Trouble(log, { begins: "channels cannot be read now", ends: "channels are read again" });
    this.#namesTrouble = new Trouble(log, {
      begins: "nobody says which channels to write",
      ends: "the channels to write are named again",
    });
    this.#gathering = new Gathering({
      topic,
      histories,
      begin,
      refused: this.#refused,
      unreadable: (channels) => this.#sayUnreadable(channels),
    });
  }

  /** Never throws, and takes no longer than half of `takeoverMs`, or ten seconds: what took longer could not be read now. */
  async next(places: ReadonlyMap<string, Place>): Promise<readonly Entry[]> {
    try {
      const { entries, failures, isComplete } = await this.#gathered(places);
      const [first] = failures;
      if (first !== undefined) this.#failed(first);
      else if (isComplete) this.#trouble.ends();
      return entries;
    } catch (thrown) {
      this.#failed(thrown);
      return [];
    }
  }

  async #gathered(places: ReadonlyMap<string, Place>): Promise<Gathered> {
    const deadline = this.#deadline();
    try {
      await this.#askNames(deadline);
      if (this.#channels.length === 0) return { entries: [], failures: [], isComplete: true };
      const limit = { entries: this.#most, bytes: mostBytes };
      const gathered = await this.#gathering.collect({ channels: this.#channels, places }, limit, deadline);
      return await this.#told(gathered);
    } finally {
      deadline.end();
    }
  }

  #deadline(): Deadline {
    return new Deadline(this.#stepMs, this.#terms.clock);
  }

  #failed(cause: unknown): void {
    this.counts.failures += 1;
    this.#trouble.begins(cause instanceof TidewireError ? `${cause.reason}: ${reasonOf(cause)}` : reasonOf(cause));
  }

  /** Where some are known, those are read meanwhile. */
  async #askNames(deadline: Deadline): Promise<void> {
    const { clock } = this.#terms;
    if (clock.now() - this.#askedMs < namesMs) return;
    this.#askedMs = clock.now();
    const answer = this.#names();
    // What keeps it waiting it says itself.
    if (this.#channels.length === 0) await deadline.meet(answer).catch(() => undefined);
  }

  async #names(): Promise<void> {
    const { channels, clock } = this.#terms;
    try {
      const answer = async (): Promise<readonly string[]> => (typeof channels === "function" ? channels() : channels);
      // Named twice, it would be written twice.
      this.#channels = [...new Set(await within(answer(), namesMs, clock))];
      this.#namesTrouble.ends();
    } catch (thrown) {
      this.counts.failures += 1;
      this.#namesTrouble.begins(reasonOf(thrown));
    }
  }

  /** Of a channel whose gap nobody takes, nothing is left. */
  async #told({ entries, failures, isComplete }: Gathered): Promise<Gathered> {
    const deadline = this.#deadline();
    const told: Entry[] = [];
    const failed = [...failures];
    const untold = new Set<string>();
    try {
      for (const entry of entries) {
        const { channel, gap } = entry;
        if (gap !== null && !untold.has(channel)) {
          const problem = deadline.isOver ? deadline.error : await this.#tell(gap, deadline);
          if (problem !== null) {
            untold.add(channel);
            failed.push(problem);
          }
        }
        if (!untold.has(channel)) told.push(entry);
      }
    } finally {
      deadline.end();
    }
    return { entries: told, failures: failed, isComplete };
  }

  async #tell(gap: ChannelGap, deadline: Deadline): Promise<Error | null> {
    const { gap: tell, log } = this.#terms;
    try {
      // What throws at once is one that rejects.
      await deadline.meet((async () => tell?.(gap))());
    } catch (thrown) {
      return new Error(`a gap could not be told: ${reasonOf(thrown)}`, { cause: thrown });
    }
    const { channel, reason, from, to } = gap;
    const [fromEpoch, fromOffset] = [from?.epoch, from?.offset];
    log.warn("publications are missing from the topic", { channel, reason, fromEpoch, fromOffset, ...to });
    return null;
  }

  wrote(entries: readonly Entry[]): void {
    this.#most = Math.min(mostEntries, this.#most * 2);
    const gaps = entries.filter(({ gap }) => gap !== null).length;
    for (const { channel, gap } of entries) if (gap?.reason === "refused") this.#refused.delete(channel);
    this.counts.gaps += gaps;
    this.counts.written += entries.filter(({ draft }) => draft !== null).length - gaps;
  }

  /** Half as many are written next; of one alone the topic is told that it is missing. Where it does not take that either, it takes nothing. */
  isSplitOrRefused({ entries, cause }: Unwritten): boolean {
    const fault = recordsFaultOf(cause);
    const [first] = entries;
    if (fault === null || first === undefined) return false;
    this.#most = Math.max(1, Math.floor(entries.length / 2));
    if (entries.length > 1) return true;
    if (first.gap !== null) return false;
    const { channel, place } = first;
    const { epoch, offset } = place;
    this.#refused.set(channel, { epoch, offset });
    this.#terms.log.error("Kafka refuses a publication for good", { channel, epoch, offset, problem: fault });
    return true;
  }

  #sayUnreadable(channels: readonly string[]): void {
    const said = this.#unreadable;
    this.#unreadable = new Set(channels);
    for (const channel of channels)
      if (!said.has(channel)) this.#terms.log.error("a channel is named that keeps no history", { channel });
  }
}
