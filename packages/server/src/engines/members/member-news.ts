// Members as nodes announce them through a store: the node that says it, and the member in JSON.
import type { Member, SessionId } from "@tidewire/protocol";

export interface Entry {
  readonly node: string;
  readonly member: Member;
}

export type MemberNews =
  | ({ readonly kind: "enter" } & Entry)
  | { readonly kind: "leave"; readonly node: string; readonly session: SessionId };

/** What a session id may be in a store; ours are shorter. */
const longestSession = 255;
const control = /[\p{Cc}\p{Cs}]/u;
const parts = /^([\w-]{1,64}) ([^]*)$/;

function isSession(text: unknown): text is SessionId {
  return typeof text === "string" && text !== "" && text.length <= longestSession && !control.test(text);
}

export function encodeMemberNews(news: MemberNews): string {
  return news.kind === "enter" ? `+${news.node} ${JSON.stringify(news.member)}` : `-${news.node} ${news.session}`;
}

/** `null` for what no node has said. */
export function entryIn(bytes: Buffer): Entry | null {
  const [, node, json] = parts.exec(bytes.toString()) ?? [];
  if (node === undefined || json === undefined) return null;
  const member = memberIn(json);
  return member === null ? null : { node, member };
}

/** What is announced, behind the channel's name; `null` as above. */
export function memberNewsIn(bytes: Buffer): MemberNews | null {
  const sign = bytes.toString("latin1", 0, 1);
  if (sign === "+") {
    const entry = entryIn(bytes.subarray(1));
    return entry === null ? null : { kind: "enter", ...entry };
  }
  const [, node, session] = parts.exec(bytes.toString("utf8", 1)) ?? [];
  return sign === "-" && node !== undefined && isSession(session) ? { kind: "leave", node, session } : null;
}

function memberIn(json: string): Member | null {
  try {
    return memberOf(JSON.parse(json));
  } catch {
    return null;
  }
}

/** `null` for what no node has said. */
export function memberOf(value: unknown): Member | null {
  const { session, user, ...more } = Object(value) as Readonly<Record<string, unknown>>;
  if (!isSession(session) || typeof user !== "string") return null;
  const { info, channelInfo } = more;
  return {
    session,
    user,
    ...(info !== undefined && { info }),
    ...(channelInfo !== undefined && { channelInfo }),
  };
}
