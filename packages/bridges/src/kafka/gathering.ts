// What is to be written next: publications behind the places of channels, and the gaps before them.
import type { Position } from "@tidewire/protocol";
import { beginningOf, type ChannelGap, missingAfter } from "./continuation.ts";
import { gapDraft, publicationDraft, sizeOf } from "./drafts.ts";
import type { Histories, KeptPage, KeptPublication } from "./histories.ts";
import type { Place } from "./place.ts";
import type { KafkaDraft } from "./writers.ts";

/** One step of a channel. */
export interface Entry {
  readonly channel: string;
  /** Where the channel stands when this is written. */
  readonly place: Place;
  /** `null` where nothing but the place is written. */
  readonly draft: KafkaDraft | null;
  readonly gap: ChannelGap | null;
}

/** How much is gathered at once. One publication always is, however large. */
export interface BatchLimit {
  readonly entries: number;
  readonly bytes: number;
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
  /** Where the next round begins, so that nobody is always the last. */
  #turn = 0;

  constructor(terms: GatheringTerms) {
    this.#terms = terms;
  }

  /** @throws {TidewireError} what the server says, such as `engine_unavailable`. */
  async collect(
    channels: readonly string[],
    places: ReadonlyMap<string, Place>,
    limit: BatchLimit,
  ): Promise<readonly Entry[]> {
    const behind = await this.#behind(channels, places);
    const entries: Entry[] = [];
    let bytes = 0;
    for (let begin = 0; begin < behind.length; begin += wave) {
      const left = { entries: limit.entries - entries.length, bytes: limit.bytes - bytes };
      if (left.entries < 1 || left.bytes < 1) break;
      const some = behind.slice(begin, begin + Math.min(wave, left.entries));
      const share = { entries: Math.ceil(left.entries / some.length), bytes: Math.ceil(left.bytes / some.length) };
      const read = await Promise.all(some.map((known) => this.#read(known, share)));
      for (const entry of read.flat()) {
        entries.push(entry);
        bytes += entry.draft === null ? 0 : sizeOf(entry.draft);
      }
    }
    return entries;
  }

  async #behind(channels: readonly string[], places: ReadonlyMap<string, Place>): Promise<readonly Known[]> {
    const tops = await this.#terms.histories.tops(channels);
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
      if (missing === null) return this.#publications(channel, page);
      const { reason, to } = missing;
      const gap = { channel, reason, from: positionOf(place), to: positionOf(to) };
      return [this.#gap(gap, to), ...this.#publications(channel, page)];
    }
    const oldest = place === null ? page : await histories.read(channel, null, limit);
    const start = beginningOf(oldest);
    const publications = this.#publications(channel, oldest);
    if (place === null && start.offset === 0) return publications;
    const from = place === null ? null : positionOf(place);
    const gap = { channel, reason: place === null ? "truncated" : "epoch", from, to: positionOf(start) } as const;
    return [this.#gap(gap, start), ...publications];
  }

  #gap(gap: ChannelGap, place: Place): Entry {
    return { channel: gap.channel, place, draft: gapDraft(this.#terms.topic, gap), gap };
  }

  #publications(channel: string, { publications, top: { epoch } }: KeptPage): readonly Entry[] {
    const { topic } = this.#terms;
    return publications.map((publication) => {
      const place = { epoch, offset: publication.offset, id: publication.id };
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
