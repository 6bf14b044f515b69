// Who is where, over all nodes: what this node says of its own sessions, and what it knows of the others'.
//
// Entries belong to a node, which holds a lease; nobody refreshes an entry. A node whose lease is over is no more: each of
// the others drops its members by itself. One that comes back after all takes another name and says everything again.
import type { Member, SessionId } from "@tidewire/protocol";
import type { EngineMembers, OtherMember } from "../../engine/engine.ts";
import type { Random } from "../../ports/random.ts";
import { type Entry, entryIn, type MemberNews } from "../members/member-news.ts";
import { WatchedMembers } from "../members/watched-members.ts";
import { Rounds } from "../rounds.ts";
import { type Keys, laneOf } from "./keys.ts";
import type { Link } from "./link.ts";

export interface SharedMembersOptions {
  readonly keys: Keys;
  readonly random: Random;
  readonly asking: (operation: string) => string[];
  /** `null` while Redis cannot be reached. */
  readonly link: () => Link | null;
  /** As `Running` does: with its errors. */
  readonly ask: <Reply>(ask: (link: Link) => Promise<Reply>) => Promise<Reply>;
  readonly damaged: (channel: string) => void;
}

/** News with the lane's number, which says whether a list that was read is older. */
interface Numbered {
  readonly number: number;
  readonly news: MemberNews;
}

interface Watched {
  readonly others: WatchedMembers;
  /** What is announced while the list is read; `null` while none is. */
  meanwhile: Numbered[] | null;
  /** Something may be missing: the list is to be read again. */
  isStale: boolean;
}

/** A lease is three times as long, and more. */
const leaseTurns = 5;
const touchTurns = 60;

export class SharedMembers implements EngineMembers {
  readonly #options: SharedMembersOptions;
  readonly #own = new Map<string, Map<SessionId, Member>>();
  readonly #rounds = new Rounds(this.#own);
  readonly #watched = new Map<string, Watched>();
  /** What Redis refused to be told of; it is told again. */
  #unsaid = new Map<string, Set<SessionId>>();
  #node = "";
  #turn = 0;
  #isLeasing = false;
  /** The lease was over, or never was: what was said under it counts for nothing. */
  #mustBegin = false;

  constructor(options: SharedMembersOptions) {
    this.#options = options;
  }

  enter(channel: string, member: Member): void {
    const sessions = this.#own.get(channel) ?? new Map<SessionId, Member>();
    this.#own.set(channel, sessions.set(member.session, member));
    this.#say(channel, member.session);
  }

  leave(channel: string, session: SessionId): void {
    const sessions = this.#own.get(channel);
    if (sessions?.delete(session) !== true) return;
    if (sessions.size === 0) this.#own.delete(channel);
    this.#say(channel, session);
  }

  async watch(channel: string, told: (change: OtherMember) => void): Promise<void> {
    const isOwn = (session: SessionId): boolean => this.#own.get(channel)?.has(session) === true;
    const watched: Watched = { others: new WatchedMembers({ told, isOwn }), meanwhile: null, isStale: false };
    this.#watched.set(channel, watched);
    try {
      await this.#options.ask((link) => this.#read(link, channel, watched));
    } catch (thrown) {
      if (this.#watched.get(channel) === watched) this.#watched.delete(channel);
      throw thrown;
    }
  }

  unwatch(channel: string): void {
    this.#watched.delete(channel);
  }

  async list(channel: string): Promise<readonly Member[]> {
    const { entries } = await this.#options.ask((link) => this.#who(link, channel));
    return [...entries.values()].map(({ member }) => member);
  }

  heard(channel: string, numbered: Numbered): void {
    const watched = this.#watched.get(channel);
    if (watched === undefined) return;
    watched.meanwhile?.push(numbered);
    if (watched.meanwhile === null) this.#apply(watched, numbered.news);
  }

  /** Announcements of these channels may have been lost. */
  suspect(channels: Iterable<string>): void {
    for (const channel of channels) this.#stale(channel);
    const link = this.#options.link();
    if (link !== null) this.#readStale(link);
  }

  /** A link is there. Under a new name: what was said before may have been dropped, and nobody can know what. */
  async begin(link: Link): Promise<void> {
    this.#node = this.#options.random.token(96);
    try {
      await this.#lease(link);
      this.#mustBegin = false;
    } catch (thrown) {
      if (link.isOver) throw thrown;
      // A server that is full is still good for reading; it is asked again.
      this.#mustBegin = true;
    }
    this.#unsaid = new Map([...this.#own].map(([channel, sessions]) => [channel, new Set(sessions.keys())]));
    for (const channel of this.#watched.keys()) this.#stale(channel);
  }

  /** This node ends: the others need not wait until its lease is over. */
  end(link: Link): void {
    const { keys, asking } = this.#options;
    link.run([...keys.ofLane(0), keys.ofNodes()], [...asking("resign"), this.#node]).catch(() => {
      // Then they do.
    });
  }

  /** Once a second. */
  turn(link: Link): void {
    this.#turn += 1;
    const unsaid = this.#unsaid;
    this.#unsaid = new Map();
    for (const [channel, sessions] of unsaid) for (const session of sessions) this.#say(channel, session);
    this.#readStale(link);
    if (this.#turn % touchTurns === 0) this.#rounds.go((channel) => this.#tell(link, ["touch", channel, this.#node]));
    if (this.#turn % leaseTurns !== 0 || this.#isLeasing) return;
    this.#isLeasing = true;
    this.#renew(link)
      .catch(() => {
        // The link is over, or Redis takes no writes: the next turn tries again.
      })
      .finally(() => {
        this.#isLeasing = false;
      });
  }

  async #renew(link: Link): Promise<void> {
    // Whoever is heard of before the lease has one, if it is still there.
    const nodes = new Set([...this.#watched.values()].flatMap(({ others }) => [...others.nodes]));
    const alive = await this.#lease(link);
    for (const node of nodes) if (!alive.has(node)) this.#bury(link, node);
    if (this.#mustBegin && !link.isOver) await this.begin(link);
  }

  /** Says of a session what is so. */
  #say(channel: string, session: SessionId): void {
    const link = this.#options.link();
    // Everything is said again when a link is there.
    if (link === null || this.#node === "") return;
    const member = this.#own.get(channel)?.get(session);
    const said = member === undefined ? ["leave", session] : ["enter", session, JSON.stringify(member)];
    const [operation = "", ...args] = said;
    this.#run(link, channel, [...this.#options.asking(operation), channel, this.#node, ...args]).catch(() => {
      const sessions = this.#unsaid.get(channel) ?? new Set<SessionId>();
      this.#unsaid.set(channel, sessions.add(session));
    });
  }

  #bury(link: Link, node: string): void {
    for (const [channel, { others }] of this.#watched) {
      if (others.bury(node)) this.#tell(link, ["bury", channel, node]);
    }
  }

  #readStale(link: Link): void {
    for (const [channel, watched] of this.#watched) {
      if (!watched.isStale || watched.meanwhile !== null) continue;
      this.#read(link, channel, watched).catch(() => {
        watched.isStale = true;
      });
    }
  }

  #stale(channel: string): void {
    const watched = this.#watched.get(channel);
    if (watched !== undefined) watched.isStale = true;
  }

  async #read(link: Link, channel: string, watched: Watched): Promise<void> {
    const meanwhile: Numbered[] = [];
    watched.meanwhile = meanwhile;
    watched.isStale = false;
    try {
      const { number, entries } = await this.#who(link, channel);
      if (this.#watched.get(channel) !== watched) return;
      watched.others.settle(entries);
      for (const { number: at, news } of meanwhile) if (at > number) this.#apply(watched, news);
    } finally {
      watched.meanwhile = null;
    }
  }

  #apply({ others }: Watched, news: MemberNews): void {
    // What it says itself is told to nobody.
    if (news.kind === "leave" || news.node !== this.#node) others.apply(news);
  }

  /** Of other nodes that are there; asked in this order, since whoever has an entry had a lease before. */
  async #who(link: Link, channel: string): Promise<{ number: number; entries: Map<SessionId, Entry> }> {
    const reply = await this.#run(link, channel, [...this.#options.asking("who"), channel]);
    const alive = await this.#lease(link);
    const list = Array.isArray(reply) ? (reply as readonly unknown[]) : [];
    const entries = new Map<SessionId, Entry>();
    for (let index = 1; index + 1 < list.length; index += 2) {
      const value = list[index + 1];
      const entry = Buffer.isBuffer(value) ? entryIn(value) : null;
      if (entry === null || String(list[index]) !== entry.member.session) this.#options.damaged(channel);
      else if (entry.node !== this.#node && alive.has(entry.node)) entries.set(entry.member.session, entry);
    }
    return { number: Number(String(list[0])), entries };
  }

  /** Takes or renews it, and tells who has one. */
  async #lease(link: Link): Promise<ReadonlySet<string>> {
    const { keys, asking } = this.#options;
    const reply = await link.run([...keys.ofLane(0), keys.ofNodes()], [...asking("lease"), this.#node]);
    const [wasLost, ...alive] = (Array.isArray(reply) ? (reply as readonly unknown[]) : []).map(String);
    this.#mustBegin ||= wasLost === "1";
    return new Set(alive);
  }

  /** For what need not be known to have worked. */
  #tell(link: Link, [operation, channel, node]: readonly [operation: string, channel: string, node: string]): void {
    this.#run(link, channel, [...this.#options.asking(operation), channel, node]).catch(() => {
      // An entry that stays is of a node that is no more, which everybody knows.
    });
  }

  #run(link: Link, channel: string, args: readonly string[]): Promise<unknown> {
    const { keys } = this.#options;
    return link.run([...keys.ofLane(laneOf(channel)), keys.ofMembers(channel)], args);
  }
}
