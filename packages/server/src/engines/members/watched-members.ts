// Whom this node was told of in one channel that it watches, and at which other node each of them is.
import type { Member, SessionId } from "@tidewire/protocol";
import type { OtherMember } from "../../engine/engine.ts";
import type { Entry, MemberNews } from "./member-news.ts";

export interface WatchedMembersOptions {
  readonly told: (change: OtherMember) => void;
  /** Nobody is told of a node's own sessions, whoever names them. */
  readonly isOwn: (session: SessionId) => boolean;
}

export class WatchedMembers {
  readonly #options: WatchedMembersOptions;
  readonly #others = new Map<SessionId, Entry>();

  constructor(options: WatchedMembersOptions) {
    this.#options = options;
  }

  /** Where somebody is. */
  get nodes(): Iterable<string> {
    return new Set([...this.#others.values()].map(({ node }) => node));
  }

  /** A session that is at another node by now has not left with the word of the one before. */
  apply(news: MemberNews): void {
    const { told, isOwn } = this.#options;
    if (news.kind === "enter") {
      const { node, member } = news;
      if (isOwn(member.session)) return;
      const isNew = !this.#others.has(member.session);
      this.#others.set(member.session, { node, member });
      if (isNew) told({ kind: "join", member });
      return;
    }
    const known = this.#others.get(news.session);
    if (known?.node === news.node) this.#leave(known.member);
  }

  /** These are there, and of whoever was there nobody else. @param of Says so of one node alone. */
  settle(entries: ReadonlyMap<SessionId, Entry>, of?: string): void {
    for (const { node, member } of this.#others.values()) {
      if (!entries.has(member.session) && (of === undefined || of === node)) this.#leave(member);
    }
    for (const entry of entries.values()) this.apply({ kind: "enter", ...entry });
  }

  /** The node is no more. @returns whether somebody was there. */
  bury(node: string): boolean {
    const gone = [...this.#others.values()].filter((entry) => entry.node === node);
    for (const { member } of gone) this.#leave(member);
    return gone.length > 0;
  }

  #leave(member: Member): void {
    this.#others.delete(member.session);
    this.#options.told({ kind: "leave", member });
  }
}
