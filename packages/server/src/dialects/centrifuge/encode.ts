// Encoding replies, events and publications as JSON of the Centrifuge protocol.
import { closeReasons, type Member, unsubscribeReasons } from "@tidewire/protocol";
import type { Publication } from "../../engine/engine.ts";
import type { ChannelRef, Encoder, MemberChange } from "../../hub/encoder.ts";
import type { Outcome, Reply, SessionEvent, Subscribed } from "../../session/reply.ts";
import type { Framing } from "../connection.ts";

/** The protocol's name for what the session answered, and its result as JSON. */
export function encodeReply(reply: Reply): string {
  return `{"id":${reply.id},${body(reply)}}`;
}

function body(reply: Reply): string {
  switch (reply.kind) {
    case "error": {
      const { code, message, temporary } = reply.error;
      return `"error":${JSON.stringify({ code, message, ...(temporary ? { temporary } : {}) })}`;
    }
    case "connected": {
      const { session, data, pingIntervalMs, subscriptions } = reply;
      const ping = Math.max(1, Math.round(pingIntervalMs / 1_000));
      const named = subscriptions.map((each) => [each.channel, subscribed(each)] as const);
      const subs = named.length === 0 ? {} : { subs: Object.fromEntries(named) };
      const result = { client: session, version: "tidewire", ping, pong: true, data, ...expiry(reply.ttl), ...subs };
      return `"connect":${JSON.stringify(result)}`;
    }
    case "subscribed":
      return `"subscribe":${JSON.stringify(subscribed(reply))}`;
    case "refreshed":
      return `"refresh":${JSON.stringify({ client: reply.session, version: "tidewire", ...expiry(reply.ttl) })}`;
    case "subscription_refreshed":
      return `"sub_refresh":${JSON.stringify(expiry(reply.ttl))}`;
    case "unsubscribed":
      return '"unsubscribe":{}';
    case "published":
      if (reply.result === null) return '"publish":{}';
      return `"rpc":${JSON.stringify({ data: told(reply.result) })}`;
    case "presence": {
      const members = reply.members.map((member) => [member.session, clientInfo(member)] as const);
      return `"presence":${JSON.stringify({ presence: Object.fromEntries(members) })}`;
    }
    case "presence_stats":
      return `"presence_stats":${JSON.stringify({ num_clients: reply.clients, num_users: reply.users })}`;
    case "history": {
      const publications = reply.publications.flatMap((publication) => pub(publication, false) ?? []);
      const { epoch, offset } = reply.top;
      return `"history":{"publications":[${publications.join(",")}],"epoch":${JSON.stringify(epoch)},"offset":${offset}}`;
    }
    case "result":
      return `"rpc":{"data":${reply.json}}`;
    case "flow":
      return `"rpc":{"data":{"skipped":${reply.skipped}}}`;
  }
}

/** The result of `tide.publish` and `tide.remove` (PROTOCOL 1.1). */
export function told({ position, duplicate, durability }: Outcome): object {
  return { ...position, duplicate, durability };
}

function subscribed({ position, wasRecovering, recovered, ttl }: Subscribed): object {
  if (position === null) return expiry(ttl);
  const recovery = wasRecovering ? { was_recovering: true, ...(recovered ? { recovered } : {}) } : {};
  return { recoverable: true, positioned: true, ...position, ...recovery, ...expiry(ttl) };
}

function expiry(ttl: number | null): object {
  return ttl === null ? {} : { expires: true, ttl };
}

/** `null`: the protocol has no word for it. */
export function encodeEvent(event: SessionEvent): string | null {
  switch (event.kind) {
    case "ping":
      return "{}";
    case "mark":
      return `{"mark":${event.at}}`;
    case "subscribed": {
      const { position } = event;
      const result = position === null ? {} : { recoverable: true, positioned: true, ...position };
      return push(JSON.stringify(event.channel), `"subscribe":${JSON.stringify(result)}`);
    }
    case "unsubscribed": {
      const { code, reason } = unsubscribeReasons[event.reason];
      return push(JSON.stringify(event.channel), `"unsubscribe":${JSON.stringify({ code, reason })}`);
    }
    case "skipped":
      return push(JSON.stringify(event.channel), `"skipped":{"count":${event.count}}`);
    case "gap":
      return null;
  }
}

/** The protocol's close code and reason. */
export function encodeClosing(
  reason: keyof typeof closeReasons,
  detail: string | undefined,
): { code: number; reason: string } {
  const closing = closeReasons[reason];
  return { code: closing.code, reason: detail === undefined ? closing.reason : `${closing.reason}: ${detail}` };
}

/** @param knowsIds Whether the client is Tidewire's own, which is told ids and times too. */
export function publicationEncoder(framing: Framing, knowsIds: boolean): Encoder {
  const frame = (json: string): Uint8Array => framing.wrap(Buffer.from(json), "text");
  return {
    id: `centrifuge-json${knowsIds ? "+tide" : ""}/${framing.id}`,
    publication: (publication: Publication, channel: ChannelRef) => {
      const said = pub(publication, knowsIds);
      return said === null ? null : frame(push(channel.json, `"pub":${said}`));
    },
    member: (change: MemberChange, channel: ChannelRef) => {
      if (change.kind !== "counts") {
        return frame(push(channel.json, `"${change.kind}":${JSON.stringify({ info: clientInfo(change.member) })}`));
      }
      const { clients, users } = change;
      return knowsIds ? frame(push(channel.json, `"members":${JSON.stringify({ clients, users })}`)) : null;
    },
  };
}

function push(channelJson: string, what: string): string {
  return `{"push":{"channel":${channelJson},${what}}}`;
}

const decoder = new TextDecoder();

/** A publication; `null` for binary data, which JSON cannot carry. */
function pub(publication: Publication, knowsIds: boolean): string | null {
  const { form, offset, author, key, removed } = publication;
  const tags = knowsIds ? publication.tags : tagsOf(publication);
  if (form === "bytes") return null;
  const written = decoder.decode(publication.data);
  // The protocol separates messages by line feeds; in JSON they can only be white space.
  const data = form === "text" ? JSON.stringify(written) : written.replaceAll(/[\n\r]/g, " ");
  let fields = `"data":${data}`;
  if (offset > 0) fields += `,"offset":${offset}`;
  if (author !== undefined) fields += `,"info":${JSON.stringify(clientInfo(author))}`;
  if (tags !== undefined) fields += `,"tags":${JSON.stringify(tags)}`;
  if (key !== undefined) fields += `,"key":${JSON.stringify(key)}`;
  if (removed === true) fields += ',"removed":true';
  if (knowsIds) fields += `,"id":${JSON.stringify(publication.id)},"time":${publication.atMs}`;
  return `{${fields}}`;
}

/** Key and removal also stand in the tags, for SDKs that hide fields they do not know (PROTOCOL 1.12). */
export function tagsOf({ tags, key, removed }: Publication): Readonly<Record<string, string>> | undefined {
  if (key === undefined) return tags;
  return { ...tags, "tide.key": key, ...(removed === true && { "tide.removed": "1" }) };
}

/** What is undefined is left out of the JSON. */
function clientInfo({ user, session, info, channelInfo }: Member): object {
  return { user, client: session, conn_info: info, chan_info: channelInfo };
}
