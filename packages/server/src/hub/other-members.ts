// What an engine says of the members on other nodes, as far as it can be believed, and as it is shown.
import { fail, type Member } from "@tidewire/protocol";
import { isMember } from "../engine/answers.ts";
import type { MembersNews } from "../engine/members.ts";
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

/**
 * Of a channel that nobody listens to on this node.
 * @throws {TidewireError} `engine_unavailable` when the answer could not be read.
 */
export function listOf(
  given: readonly Member[],
  shown: { readonly most: number; readonly met: () => void },
): MemberList {
  if (!areMembers(given)) return fail("engine_unavailable", "the engine's answer could not be read");
  const members = given;
  return {
    counts: { clients: members.length, users: new Set(members.map(({ user }) => user)).size },
    list: () => {
      if (members.length <= shown.most) return members;
      shown.met();
      return fail("limit_exceeded", `presence shows at most ${shown.most} members, here are ${members.length}`);
    },
  };
}

function areMembers(given: unknown): given is readonly Member[] {
  return Array.isArray(given) && given.every(isMember);
}
