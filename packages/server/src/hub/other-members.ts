// What an engine says of the members on other nodes, as far as it can be believed, and as it is shown.
import { fail, type Member } from "@tidewire/protocol";
import { isMember } from "../engine/answers.ts";
import type { EngineMembers, MembersNews } from "../engine/members.ts";
import type { MemberList } from "./members.ts";

/** `null` for what is no news. */
export function readNews(given: unknown): MembersNews | null {
  const news = Object(given) as { readonly [Name in "kind" | "member" | "members" | "session"]?: unknown };
  switch (news.kind) {
    case "join":
      return isMember(news.member) ? { kind: "join", member: news.member } : null;
    case "leave":
      return typeof news.session === "string" ? { kind: "leave", session: news.session } : null;
    case "all":
      return areMembers(news.members) ? { kind: "all", members: news.members } : null;
    default:
      return null;
  }
}

const nobody: MemberList = { counts: { clients: 0, users: 0 }, list: () => [] };

/**
 * Of a channel that nobody listens to on this node.
 * @param others `undefined`: there are no other nodes.
 * @throws {TidewireError} `engine_unavailable`, also when the answer could not be read.
 */
export async function membersElsewhere(
  others: EngineMembers | undefined,
  channel: string,
  shown: { readonly most: number; readonly met: () => void },
): Promise<MemberList> {
  if (others === undefined) return nobody;
  const { clients, users, members } = await others.list(channel, shown.most);
  const isRead = isCount(clients) && isCount(users) && (members === null || areMembers(members));
  if (!isRead) return fail("engine_unavailable", "the engine's answer could not be read");
  return {
    counts: { clients, users },
    list: () => {
      if (members !== null) return members;
      shown.met();
      return fail("limit_exceeded", `presence shows at most ${shown.most} members, here are ${clients}`);
    },
  };
}

function isCount(given: unknown): boolean {
  return Number.isSafeInteger(given) && Number(given) >= 0;
}

function areMembers(given: unknown): given is readonly Member[] {
  return Array.isArray(given) && given.every(isMember);
}
