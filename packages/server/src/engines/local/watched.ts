// The channels of which a worker watches the members, and whom it was told of.
import type { Member, SessionId } from "@tidewire/protocol";
import type { OtherMember } from "../../engine/engine.ts";
import type { MembersNews } from "./messages.ts";

type Told = (change: OtherMember) => void;

export class Watched {
  readonly #channels = new Map<string, { readonly told: Told; readonly here: Map<SessionId, Member> }>();

  get channels(): readonly string[] {
    return [...this.#channels.keys()];
  }

  has(channel: string): boolean {
    return this.#channels.has(channel);
  }

  add(channel: string, told: Told): void {
    this.#channels.set(channel, { told, here: new Map() });
  }

  delete(channel: string): boolean {
    return this.#channels.delete(channel);
  }

  /** Tells what is new in it. */
  hear(channel: string, news: MembersNews): void {
    const watched = this.#channels.get(channel);
    if (watched === undefined) return;
    if (news.kind === "join") return come(watched, news.member);
    if (news.kind === "leave") return go(watched, news.session);
    const now = new Set(news.members.map(({ session }) => session));
    for (const session of watched.here.keys()) if (!now.has(session)) go(watched, session);
    for (const member of news.members) come(watched, member);
  }

  /** Nobody has been heard of for too long. */
  forget(): void {
    for (const watched of this.#channels.values()) for (const session of watched.here.keys()) go(watched, session);
  }
}

interface Channel {
  readonly told: Told;
  readonly here: Map<SessionId, Member>;
}

function come({ told, here }: Channel, member: Member): void {
  if (here.has(member.session)) return;
  here.set(member.session, member);
  told({ kind: "join", member });
}

function go({ told, here }: Channel, session: SessionId): void {
  const member = here.get(session);
  if (!here.delete(session) || member === undefined) return;
  told({ kind: "leave", member });
}
