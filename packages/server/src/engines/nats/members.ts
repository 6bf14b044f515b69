// Who is where, over all nodes: each node knows its own sessions for certain, and says so to whoever watches (decision 0056).
//
// Nothing is stored. What a node says is counted, and once a second it says how far it has counted: whoever has missed something
// asks it for the list. A node that has not been heard for its lease is no more, and its members have left.
import type { Member, SessionId } from "@tidewire/protocol";
import type { EngineMembers, OtherMember } from "../../engine/engine.ts";
import { WatchedMembers } from "../members/watched-members.ts";
import { MemberLane, type WatchedChannel } from "./member-lane.ts";
import {
  encodeList,
  encodeMemberWord,
  encodeWho,
  type LaneCounts,
  listIn,
  memberLaneOf,
  type MemberList,
  memberWordIn,
  whoIn,
} from "./member-words.ts";

export interface MembersOptions {
  /** This one's, as others call it. */
  readonly node: string;
  /** What all others answer, by node. @throws {TidewireError} */
  readonly askAll: (question: Uint8Array) => Promise<ReadonlyMap<string, Uint8Array>>;
  /** `null`: it could not. @throws {TidewireError} */
  readonly ask: (node: string, question: Uint8Array) => Promise<Uint8Array | null>;
  /** Says it to whoever listens to the lane; need not arrive. */
  readonly say: (lane: number, bytes: Uint8Array) => void;
  /** Begins or ends to listen to a lane. */
  readonly listen: (lane: number, heard: (bytes: Uint8Array) => void) => () => void;
  /** The other nodes that are there. */
  readonly others: () => ReadonlySet<string>;
  /** Something was said that is refused. */
  readonly refuse: () => void;
}

interface Listened {
  readonly lane: MemberLane;
  readonly end: () => void;
  /** Nodes that are being asked what was missed. */
  readonly asked: Set<string>;
}

/** What a node answered to whom is in these channels. */
interface ListedMembers {
  readonly asked: readonly (readonly [channel: string, watched: WatchedChannel])[];
  readonly answer: Uint8Array;
}

export class Members implements EngineMembers {
  readonly #options: MembersOptions;
  readonly #own = new Map<string, Map<SessionId, Member>>();
  readonly #counts = new Map<number, number>();
  readonly #lanes = new Map<number, Listened>();

  constructor(options: MembersOptions) {
    this.#options = options;
  }

  /** How often this node has said something, by lane. */
  get counts(): LaneCounts {
    return this.#counts;
  }

  enter(channel: string, member: Member): void {
    const sessions = this.#own.get(channel) ?? new Map<SessionId, Member>();
    this.#own.set(channel, sessions.set(member.session, member));
    const { node } = this.#options;
    this.#say(channel, { kind: "enter", node, member });
  }

  leave(channel: string, session: SessionId): void {
    const sessions = this.#own.get(channel);
    if (sessions?.delete(session) !== true) return;
    if (sessions.size === 0) this.#own.delete(channel);
    const { node } = this.#options;
    this.#say(channel, { kind: "leave", node, session });
  }

  async watch(channel: string, told: (change: OtherMember) => void): Promise<void> {
    const isOwn = (session: SessionId): boolean => this.#own.get(channel)?.has(session) === true;
    const watched: WatchedChannel = {
      others: new WatchedMembers({ told, isOwn }),
      readAt: new Map(),
      isTold: false,
    };
    const { lane } = this.#listened(channel);
    lane.channels.set(channel, watched);
    const done = lane.keep();
    try {
      const answers = await this.#options.askAll(encodeWho([channel]));
      // Those that could not answer are asked again as soon as they say anything.
      for (const node of this.#options.others()) {
        const answer = answers.get(node);
        const asked = [[channel, watched]] as const;
        if (answer === undefined || this.#listed(lane, node, { asked, answer }) === 0) lane.stale.add(node);
      }
      watched.isTold = true;
    } catch (thrown) {
      if (lane.channels.get(channel) === watched) this.unwatch(channel);
      throw thrown;
    } finally {
      done();
    }
  }

  unwatch(channel: string): void {
    const listened = this.#lanes.get(memberLaneOf(channel));
    if (listened?.lane.channels.delete(channel) !== true || listened.lane.channels.size > 0) return;
    listened.end();
    this.#lanes.delete(memberLaneOf(channel));
  }

  async list(channel: string): Promise<readonly Member[]> {
    const answers = await this.#options.askAll(encodeWho([channel]));
    const own = this.#own.get(channel);
    const others = new Map<SessionId, Member>();
    for (const answer of answers.values()) {
      for (const member of this.#read(answer, 1)?.members[0] ?? []) {
        if (own?.has(member.session) !== true) others.set(member.session, member);
      }
    }
    return [...others.values()];
  }

  /** What this node answers. `null` for what no node has asked. */
  answer(question: Uint8Array): Uint8Array | null {
    const [first, ...more] = whoIn(question) ?? [];
    if (first === undefined) return null;
    const count = this.#counts.get(memberLaneOf(first)) ?? 0;
    return encodeList(
      count,
      [first, ...more].map((channel) => this.#own.get(channel)?.values() ?? []),
    );
  }

  /** A node said how far it has counted. */
  stands(node: string, counts: LaneCounts): void {
    for (const [number, listened] of this.#lanes) {
      listened.lane.stands(node, counts.get(number) ?? 0);
      this.#askStale(listened);
    }
  }

  /** A node is no more. */
  bury(node: string): void {
    for (const { lane } of this.#lanes.values()) lane.bury(node);
  }

  /** A connection is there that nothing is listened to on yet. */
  relisten(): void {
    for (const [number, { lane, asked }] of this.#lanes) {
      const end = this.#listenTo(number, lane, asked);
      this.#lanes.set(number, { lane, asked, end });
    }
  }

  #say(channel: string, news: Parameters<typeof encodeMemberWord>[0]["news"]): void {
    const lane = memberLaneOf(channel);
    const count = (this.#counts.get(lane) ?? 0) + 1;
    this.#counts.set(lane, count);
    this.#options.say(lane, encodeMemberWord({ count, channel, news }));
  }

  #listened(channel: string): Listened {
    const number = memberLaneOf(channel);
    const known = this.#lanes.get(number);
    if (known !== undefined) return known;
    const [lane, asked] = [new MemberLane(), new Set<string>()];
    const listened = { lane, asked, end: this.#listenTo(number, lane, asked) };
    this.#lanes.set(number, listened);
    return listened;
  }

  #listenTo(number: number, lane: MemberLane, asked: Set<string>): () => void {
    const { listen, others, refuse, node } = this.#options;
    return listen(number, (bytes) => {
      const word = memberWordIn(bytes);
      if (word === null || memberLaneOf(word.channel) !== number) return refuse();
      // Whom nobody has met yet says how far it has counted when it is.
      if (word.news.node === node || !others().has(word.news.node)) return;
      lane.hear(word);
      this.#askStale({ lane, asked });
    });
  }

  /** Asks those again of whom something may have been missed, each once at a time. */
  #askStale({ lane, asked }: Pick<Listened, "lane" | "asked">): void {
    for (const node of lane.stale) {
      if (asked.has(node)) continue;
      lane.stale.delete(node);
      if (!this.#options.others().has(node)) continue;
      asked.add(node);
      const done = lane.keep();
      this.#ask(lane, node)
        .catch(() => lane.stale.add(node))
        .finally(() => {
          asked.delete(node);
          done();
        });
    }
  }

  /** @throws {Error} when it does not answer: the next word of anybody has it asked again. */
  async #ask(lane: MemberLane, node: string): Promise<void> {
    let channels = [...lane.channels].filter(([, { isTold }]) => isTold);
    while (channels.length > 0) {
      const question = encodeWho(channels.map(([channel]) => channel));
      const answer = await this.#options.ask(node, question);
      const count = answer === null ? 0 : this.#listed(lane, node, { asked: channels, answer });
      if (count === 0) throw new Error("a list of members was expected");
      channels = channels.slice(count);
    }
  }

  /** @returns of how many channels it said who is there. */
  #listed(lane: MemberLane, node: string, { asked, answer }: ListedMembers): number {
    const list = this.#read(answer, asked.length);
    if (list === null || !this.#options.others().has(node)) return 0;
    lane.listed(node, asked, list);
    return list.members.length;
  }

  #read(answer: Uint8Array, asked: number): MemberList | null {
    const list = listIn(answer, asked);
    if (list === null) this.#options.refuse();
    return list;
  }
}
