// The members that a worker told the owner of, so that they can be told again to the next one.
import type { Member, SessionId } from "@tidewire/protocol";

export class OwnMembers {
  readonly #channels = new Map<string, Map<SessionId, Member>>();

  add(channel: string, member: Member): void {
    const members = this.#channels.get(channel) ?? new Map<SessionId, Member>();
    members.set(member.session, member);
    this.#channels.set(channel, members);
  }

  remove(channel: string, session: SessionId): void {
    const members = this.#channels.get(channel);
    members?.delete(session);
    if (members?.size === 0) this.#channels.delete(channel);
  }

  *each(): Iterable<readonly [channel: string, member: Member]> {
    for (const [channel, members] of this.#channels) for (const member of members.values()) yield [channel, member];
  }
}
