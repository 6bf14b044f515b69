// One lane of members that a node listens to: the channels of it that are watched, and how far each other node was heard.
import type { SessionId } from "@tidewire/protocol";
import type { Entry, MemberNews } from "../members/member-news.ts";
import type { WatchedMembers } from "../members/watched-members.ts";
import type { MemberList, MemberWord } from "./member-words.ts";

/** A channel that is watched. */
export interface WatchedChannel {
  readonly others: WatchedMembers;
  /** By node where its lane stood when it said who is there: what was said before that is older. */
  readonly readAt: Map<string, number>;
  /** Nothing is told before who is there is known. */
  isTold: boolean;
}

export class MemberLane {
  readonly channels: Map<string, WatchedChannel> = new Map();
  /** Of which nodes something may have been missed. */
  readonly stale: Set<string> = new Set();
  readonly #heard = new Map<string, number>();
  /** What was said while somebody asks who is there; nobody does when `#asking` is 0. */
  #recent: MemberWord[] = [];
  #asking = 0;

  /** A node said something. What was said before, or again, counts for nothing; a hole makes the node's list stale. */
  hear(word: MemberWord): void {
    const { count, channel, news } = word;
    const before = this.#heard.get(news.node) ?? 0;
    if (count <= before) return;
    if (count !== before + 1) this.stale.add(news.node);
    this.#heard.set(news.node, count);
    if (this.#asking > 0) this.#recent.push(word);
    const watched = this.channels.get(channel);
    if (watched?.isTold === true && count > (watched.readAt.get(news.node) ?? 0)) watched.others.apply(news);
  }

  /** A node said where its lane stands. */
  stands(node: string, count: number): void {
    if ((this.#heard.get(node) ?? 0) !== count) this.stale.add(node);
    this.#heard.set(node, count);
  }

  /** Somebody asks who is there: what is said meanwhile is kept until what is returned is called. */
  keep(): () => void {
    this.#asking += 1;
    return () => {
      this.#asking -= 1;
      if (this.#asking === 0) this.#recent = [];
    };
  }

  /** A node answered who is in these channels. */
  listed(
    node: string,
    asked: readonly (readonly [channel: string, watched: WatchedChannel])[],
    list: MemberList,
  ): void {
    const heard = this.#heard.get(node) ?? list.count;
    this.#heard.set(node, heard);
    const later = this.#recent.filter(({ count, news }) => news.node === node && count > list.count);
    // Something between the list and what was heard is in neither.
    if (later.length < heard - list.count) this.stale.add(node);
    list.members.forEach((members, index) => {
      const [channel, watched] = asked[index] ?? ["", null];
      if (watched === null || this.channels.get(channel) !== watched) return;
      const entries = new Map<SessionId, Entry>(members.map((member) => [member.session, { node, member }]));
      for (const word of later) if (word.channel === channel) fold(entries, word.news);
      watched.readAt.set(node, list.count);
      watched.isTold = true;
      watched.others.settle(entries, node);
    });
  }

  /** A node is no more. */
  bury(node: string): void {
    this.#heard.delete(node);
    this.stale.delete(node);
    for (const { others, readAt } of this.channels.values()) {
      readAt.delete(node);
      others.bury(node);
    }
  }
}

function fold(entries: Map<SessionId, Entry>, news: MemberNews): void {
  if (news.kind === "leave") entries.delete(news.session);
  else entries.set(news.member.session, { node: news.node, member: news.member });
}
