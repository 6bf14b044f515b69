// What is to be written next: publications behind the places of channels, and the gaps before them.
import type { Position } from "@tidewire/protocol";
import type { Deadline } from "../deadline.ts";
import { Batch, type BatchLimit, type Entry } from "./batch.ts";
import { beginningOf, type ChannelGap, missingAfter, placeBehind } from "./continuation.ts";
import { gapDraft, publicationDraft } from "./drafts.ts";
import type { Histories, KeptPage, KeptPublication } from "./histories.ts";
import type { Place } from "./place.ts";

export interface Gathered {
  readonly entries: readonly Entry[];
  /** Why channels could not be read. */
  readonly failures: readonly unknown[];
  /** Whether each channel that is behind was asked. */
  readonly isComplete: boolean;
}

export interface GatheringTerms {
  readonly topic: string;
  readonly histories: Histories;
  readonly begin: "oldest" | "newest";
  /** By channel, the publication that Kafka does not take. */
  readonly refused: ReadonlyMap<string, Position>;
  /** Told of names that nothing can be read for, each time. */
  readonly unreadable: (channels: readonly string[]) => void;
}

/** So many channels are read at once. */
const wave = 16;

export class Gathering {
  readonly #terms: GatheringTerms;
  /** Channels of which an answer is still to come that nobody waits for any more. */
  readonly #asked = new Set<string>();
  /** Where the next round begins, so that nobody is always the last. */
  #turn = 0;

  constructor(terms: GatheringTerms) {
    this.#terms = terms;
  }

  /**
   * What cannot be read by the deadline holds up nothing else.
   * @throws {TidewireError} when nothing is said of any channel, such as `engine_unavailable`.
   */
  async collect({ channels, places }: Standing, limit: BatchLimit, deadline: Deadline): Promise<Gathered> {
    const behind = await this.#behind(channels, places, deadline);
    const batch = new Batch(limit);
    const failures: unknown[] = [];
    let begin = 0;
    while (begin < behind.length && !batch.isFull && !deadline.isOver) {
      const { left } = batch;
      const some = behind.slice(begin, begin + Math.min(wave, left.entries));
      begin += some.length;
      const share = { entries: Math.ceil(left.entries / some.length), bytes: Math.ceil(left.bytes / some.length) };
      const answers = await Promise.allSettled(some.map((known) => this.#ask(known, share, deadline)));
      for (const answer of answers) {
        if (answer.status === "rejected") failures.push(answer.reason);
        else for (const entry of answer.value) batch.add(entry);
      }
    }
    return { entries: batch.entries, failures, isComplete: begin >= behind.length };
  }

  async #ask(known: Known, share: BatchLimit, deadline: Deadline): Promise<readonly Entry[]> {
    const { channel } = known;
    // Asked again each time, one that hangs would take all the places for reads that a server has.
    if (this.#asked.has(channel)) throw deadline.error;
    const answer = this.#read(known, share);
    this.#asked.add(channel);
    const forget = (): void => void this.#asked.delete(channel);
    answer.then(forget, forget);
    return await deadline.meet(answer);
  }

  async #behind(
    channels: readonly string[],
    places: ReadonlyMap<string, Place>,
    deadline: Deadline,
  ): Promise<readonly Known[]> {
    const tops = await deadline.meet(this.#terms.histories.tops(channels));
    this.#turn = (this.#turn + 1) % Math.max(1, channels.length);
    const unreadable: string[] = [];
    const behind: Known[] = [];
    for (let count = 0; count < channels.length; count += 1) {
      const index = (this.#turn + count) % channels.length;
      const [channel, top] = [channels[index], tops[index]];
      if (channel === undefined) continue;
      if (top === undefined || top === null) unreadable.push(channel);
      else {
        const place = places.get(channel) ?? null;
        if (isBehind(place, top)) behind.push({ channel, place, top });
      }
    }
    this.#terms.unreadable(unreadable);
    return behind;
  }

  async #read({ channel, place, top }: Known, share: BatchLimit): Promise<readonly Entry[]> {
    const { histories, begin } = this.#terms;
    const limit = { publications: share.entries, bytes: share.bytes };
    if (place === null && begin === "newest") return [{ channel, place: { ...top, id: null }, draft: null, gap: null }];
    const page = await histories.read(channel, place, limit);
    if (place !== null && page.top.epoch === place.epoch) {
      const missing = missingAfter(place, page);
      if (missing === null) return this.#publications(channel, page, place);
      const { reason, to } = missing;
      const gap = { channel, reason, from: positionOf(place), to: positionOf(to) };
      return [this.#gap(gap, to), ...this.#publications(channel, page, to)];
    }
    const oldest = place === null ? page : await histories.read(channel, null, limit);
    const start = beginningOf(oldest);
    const publications = this.#publications(channel, oldest, start);
    if (place === null && start.offset === 0) return publications;
    const from = place === null ? null : positionOf(place);
    const gap = { channel, reason: place === null ? "truncated" : "epoch", from, to: positionOf(start) } as const;
    return [this.#gap(gap, start), ...publications];
  }

  #gap(gap: ChannelGap, place: Place): Entry {
    return { channel: gap.channel, place, draft: gapDraft(this.#terms.topic, gap), gap };
  }

  #publications(channel: string, { publications, top: { epoch } }: KeptPage, before: Place): readonly Entry[] {
    const { topic } = this.#terms;
    return publications.map((publication) => {
      const place = placeBehind(publication, before);
      const refused = this.#refused(channel, epoch, publication);
      if (refused !== null) return this.#gap(refused, place);
      return { channel, place, draft: publicationDraft({ topic, channel }, epoch, publication), gap: null };
    });
  }

  #refused(channel: string, epoch: string, { offset, previous }: KeptPublication): ChannelGap | null {
    const refused = this.#terms.refused.get(channel);
    if (refused === undefined || refused.offset !== offset || refused.epoch !== epoch) return null;
    const from = { epoch, offset: previous?.offset ?? 0 };
    return { channel, reason: "refused", from, to: { epoch, offset } };
  }
}

/** Channels, and how far each was written. */
interface Standing {
  readonly channels: readonly string[];
  readonly places: ReadonlyMap<string, Place>;
}

interface Known {
  readonly channel: string;
  readonly place: Place | null;
  readonly top: Position;
}

/** Of a channel that nobody has written to yet there is nothing to keep. */
function isBehind(place: Place | null, top: Position): boolean {
  if (place === null) return top.offset > 0;
  return place.epoch !== top.epoch || place.offset !== top.offset;
}

function positionOf({ epoch, offset }: Position): Position {
  return { epoch, offset };
}
