// What is heard of the lanes: which channels are followed there, and whether an announcement was missed.
import type { EngineSink } from "../../engine/engine.ts";
import type { Keys } from "./keys.ts";
import { laneOf } from "./keys.ts";
import { type Link, LinkLost } from "./link.ts";
import type { MemberNews } from "../members/member-news.ts";
import { type Count, type News, newsIn } from "./news.ts";

interface Lane {
  readonly number: number;
  readonly channels: Set<string>;
  /** Where the counter stood when the lane was heard of last; `null` before the first time on this link. */
  count: Count | null;
  /** Turns since something was heard. */
  silent: number;
  /** Turns since a beacon was sent that should be heard; `null` when none is awaited. */
  awaited: number | null;
  /** Resolves when the lane was heard of on this link. */
  opened: Promise<void> | null;
  settle: { readonly heard: () => void; readonly lost: (thrown: Error) => void };
}

export interface LanesOptions {
  readonly keys: Keys;
  readonly sink: EngineSink;
  readonly beacon: (link: Link, lane: number) => Promise<unknown>;
  readonly member: (channel: string, news: MemberNews, number: number) => void;
  /** Announcements of these may have been lost. */
  readonly missed: (channels: readonly string[]) => void;
  /** Told of what nobody can have announced. */
  readonly damaged: (lane: number) => void;
}

/** A lane that was silent for so many turns is asked to say something. */
const silentTurns = 5;
/** That long it may take until it is heard. */
const awaitedTurns = 2;

export class Lanes {
  readonly #options: LanesOptions;
  readonly #lanes = new Map<number, Lane>();

  constructor(options: LanesOptions) {
    this.#options = options;
  }

  isFollowed(channel: string): boolean {
    return this.#lanes.get(laneOf(channel))?.channels.has(channel) === true;
  }

  /** Resolves when what is announced is heard. The caller unfollows when it throws. */
  async follow(channel: string, link: Link): Promise<void> {
    const number = laneOf(channel);
    let lane = this.#lanes.get(number);
    if (lane === undefined) {
      lane = { number, channels: new Set(), count: null, silent: 0, awaited: null, opened: null, settle: nobody };
      this.#lanes.set(number, lane);
    }
    lane.channels.add(channel);
    await (lane.opened ?? this.#open(lane, link));
  }

  unfollow(channel: string): void {
    this.#lanes.get(laneOf(channel))?.channels.delete(channel);
  }

  /** Nothing is heard any more. */
  lost(): void {
    for (const lane of this.#lanes.values()) {
      Object.assign(lane, { count: null, opened: null, awaited: null });
      lane.settle.lost(new LinkLost());
    }
  }

  /** Listens again to every lane with a followed channel. */
  async reopen(link: Link): Promise<void> {
    for (const [number, lane] of this.#lanes) if (lane.channels.size === 0) this.#lanes.delete(number);
    await Promise.all([...this.#lanes.values()].map((lane) => this.#open(lane, link)));
  }

  /** Once a second. A lane that is not heard although it was asked has no announcements to give: the link is deaf. */
  turn(link: Link): void {
    for (const lane of this.#lanes.values()) {
      if (lane.opened === null) continue;
      lane.silent += 1;
      if (lane.awaited !== null) lane.awaited += 1;
      if (lane.awaited !== null && lane.awaited > awaitedTurns) return link.fail("announcements do not arrive");
      if (lane.awaited === null && lane.silent >= silentTurns) this.#ask(lane, link);
    }
  }

  #open(lane: Lane, link: Link): Promise<void> {
    const heard = new Promise<void>((resolve, reject) => {
      lane.settle = { heard: resolve, lost: reject };
    });
    heard.catch(() => undefined);
    const opened = this.#listen(lane, link).then(() => heard);
    lane.opened = opened;
    opened.catch(() => {
      if (lane.opened === opened) lane.opened = null;
    });
    return opened;
  }

  async #listen(lane: Lane, link: Link): Promise<void> {
    const [, , name] = this.#options.keys.ofLane(lane.number);
    // Another server of the cluster is another process: the epochs may have ended with the one before (S8).
    const moved = (): void => this.#suspect(lane);
    await link.subscribe(name, (message) => this.#hear(lane, message), moved);
    // Where the counter stands is learned by the way on which announcements come, so that none can lie between.
    lane.awaited = 0;
    await this.#options.beacon(link, lane.number);
  }

  #ask(lane: Lane, link: Link): void {
    lane.awaited = 0;
    this.#options.beacon(link, lane.number).catch(() => {
      // Refused, as while its slot is on the way from one server to another: there is nothing to be heard. It is asked again.
      lane.awaited = null;
    });
  }

  #hear(lane: Lane, message: Buffer): void {
    const news = newsIn(message);
    if (news === null) {
      this.#options.damaged(lane.number);
      return this.#suspect(lane);
    }
    lane.silent = 0;
    lane.awaited = null;
    this.#count(lane, news);
    this.#tell(lane, news);
    lane.settle.heard();
  }

  #count(lane: Lane, { count }: News): void {
    const before = lane.count;
    lane.count = count;
    if (before === null) return;
    const isNext = count.number - before.number === (count.isOwn ? 1 : 0);
    if (!isNext || count.generation !== before.generation) this.#suspect(lane);
  }

  #tell(lane: Lane, news: News): void {
    if (news.kind === "beacon" || !lane.channels.has(news.channel)) return;
    if (news.kind === "member") return this.#tellMember(lane, news);
    if (news.kind === "ended") return this.#options.sink.suspect([news.channel]);
    const publication = news.publication();
    if (publication !== null) return this.#options.sink.announced(news.channel, news.epoch, publication);
    this.#options.damaged(lane.number);
    this.#options.sink.suspect([news.channel]);
  }

  #tellMember(lane: Lane, { channel, count, news }: Extract<News, { kind: "member" }>): void {
    const known = news();
    if (known === null) this.#options.damaged(lane.number);
    else this.#options.member(channel, known, count.number);
  }

  #suspect(lane: Lane): void {
    if (lane.channels.size === 0) return;
    const channels = [...lane.channels];
    this.#options.missed(channels);
    this.#options.sink.suspect(channels);
  }
}

const nobody: Lane["settle"] = { heard: () => undefined, lost: () => undefined };
