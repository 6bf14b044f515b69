// Encoding replies, events and publications as JSON of the Centrifuge protocol.
import { closeReasons, type Member, unsubscribeReasons } from "@tidewire/protocol";
import { Disconnect } from "../../access.ts";
import type { Publication } from "../../engine/engine.ts";
import type { ChannelRef, Encoder, MemberChange } from "../../hub/encoder.ts";
import type { Closing } from "../../session/close-error.ts";
import type { Outcome, Reply, SessionEvent, Subscribed } from "../../session/reply.ts";
import type { Manner } from "../../session/link.ts";
import type { Framing } from "../connection.ts";
import { patchOf } from "./fossil.ts";

/** Where a client that only hears sends what it has to say. */
export interface EmulationPlace {
  readonly session: string;
  readonly node: string;
}

/** The protocol's name for what the session answered, and its result as JSON. */
export function encodeReply(reply: Reply, place?: EmulationPlace): string {
  return `{"id":${reply.id},${body(reply, place)}}`;
}

/** The result of a connect, for clients that do not answer pings. */
export function welcome(reply: Extract<Reply, { kind: "connected" }>): object {
  const { session, data, pingIntervalMs, subscriptions } = reply;
  const ping = Math.max(1, Math.round(pingIntervalMs / 1_000));
  const named = subscriptions.map((each) => [each.channel, subscribed(each)] as const);
  const subs = named.length === 0 ? {} : { subs: Object.fromEntries(named) };
  return { client: session, version: "tidewire", ping, data, ...expiry(reply.ttl), ...subs };
}

function body(reply: Reply, place: EmulationPlace | undefined): string {
  switch (reply.kind) {
    case "error": {
      const { code, message, temporary } = reply.error;
      return `"error":${JSON.stringify({ code, message, ...(temporary ? { temporary } : {}) })}`;
    }
    case "connected":
      return `"connect":${JSON.stringify({ ...welcome(reply), pong: true, ...place })}`;
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
      const publications = reply.publications.flatMap((publication) => {
        const written = writtenOf(publication);
        return written === null ? [] : pub(publication, written, false);
      });
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

function subscribed({ position, wasRecovering, recovered, ttl, number, isPatched, data }: Subscribed): object {
  const manner = { ...(number !== null && { id: number }), ...(isPatched && { delta: true }) };
  if (position === null) return { data, ...expiry(ttl), ...manner };
  const recovery = wasRecovering ? { was_recovering: true, ...(recovered ? { recovered } : {}) } : {};
  return { recoverable: true, positioned: true, ...position, ...recovery, data, ...expiry(ttl), ...manner };
}

function expiry(ttl: number | null): object {
  return ttl === null ? {} : { expires: true, ttl };
}

/** `null`: the protocol has no word for it. */
export function encodeEvent(event: SessionEvent): string | null {
  if (event.kind === "ping") return "{}";
  if (event.kind === "mark") return `{"mark":${event.at}}`;
  const said = encodePush(event);
  return said === null ? null : amongReplies.wrap(said);
}

/** A push by itself. `null`: the protocol has no word for it. */
export function encodePush(event: Exclude<SessionEvent, { kind: "ping" | "mark" }>): string | null {
  switch (event.kind) {
    case "subscribed": {
      const { position, data } = event;
      const result = position === null ? { data } : { recoverable: true, positioned: true, ...position, data };
      return push(JSON.stringify(event.channel), `"subscribe":${JSON.stringify(result)}`);
    }
    case "unsubscribed": {
      const { code, reason } = unsubscribeReasons[event.reason];
      return push(JSON.stringify(event.channel), `"unsubscribe":${JSON.stringify({ code, reason })}`);
    }
    case "skipped":
      return push(JSON.stringify(event.channel), `"skipped":{"count":${event.count}}`);
    case "return":
      return `{"return":{"after":${event.afterMs}}}`;
    case "gap":
      return null;
  }
}

/** How a stream says its end, having no close frame. */
export function encodeDisconnect(reason: Closing, detail: string | undefined): string {
  return `{"disconnect":${JSON.stringify(encodeClosing(reason, detail))}}`;
}

/** The protocol's close code and reason. */
export function encodeClosing(reason: Closing, detail: string | undefined): { code: number; reason: string } {
  if (reason instanceof Disconnect) return { code: reason.code, reason: reason.message };
  const closing = closeReasons[reason];
  return { code: closing.code, reason: detail === undefined ? closing.reason : `${closing.reason}: ${detail}` };
}

/** How a push reaches a client: among replies, or as the only thing there is. */
export interface Envelope {
  readonly id: string;
  wrap(push: string): string;
}

export const amongReplies: Envelope = { id: "centrifuge-json", wrap: (said) => `{"push":${said}}` };
export const pushesAlone: Envelope = { id: "centrifuge-push", wrap: (said) => said };

export interface JsonManner extends Manner {
  /** Whether the client is Tidewire's own, which is told ids and times too. */
  readonly knowsIds: boolean;
  /** Default: among replies. */
  readonly envelope?: Envelope;
}

export function publicationEncoder(framing: Framing, manner: JsonManner): Encoder {
  if (!manner.isPatched) return encoderOf(framing, manner, "value");
  return { ...encoderOf(framing, manner, "patch"), whole: encoderOf(framing, manner, "text") };
}

/** How data is said: as JSON in JSON, as the text of that JSON, or as what has changed in that text. */
type Said = "value" | "text" | "patch";

function encoderOf(framing: Framing, manner: JsonManner, said: Said): Encoder {
  const { knowsIds, isNumbered, envelope = amongReplies } = manner;
  const frame = (channel: ChannelRef, what: string): Uint8Array => {
    const named = isNumbered ? `"id":${channel.number}` : `"channel":${channel.json}`;
    return framing.wrap(Buffer.from(envelope.wrap(`{${named},${what}}`)), "text");
  };
  const words = `${knowsIds ? "+tide" : ""}${isNumbered ? "+id" : ""}${said === "value" ? "" : `+${said}`}`;
  return {
    id: `${envelope.id}${words}/${framing.id}`,
    publication: (publication, channel, { before }) => {
      const written = writtenOf(publication);
      if (written === null) return null;
      const data = said === "value" ? written : changed(written, said === "patch" ? before : null);
      return frame(channel, `"pub":${pub(publication, data, knowsIds)}`);
    },
    member: (change: MemberChange, channel) => {
      if (change.kind !== "counts") {
        return frame(channel, `"${change.kind}":${JSON.stringify({ info: clientInfo(change.member) })}`);
      }
      const { clients, users, areListed } = change;
      const counts = { clients, users, ...(areListed && { listed: true }) };
      return knowsIds ? frame(channel, `"members":${JSON.stringify(counts)}`) : null;
    },
  };
}

function push(channelJson: string, what: string): string {
  return `{"channel":${channelJson},${what}}`;
}

// A byte order mark is a character like any other: JSON may not begin with one (RFC 8259 §8.1), a text may.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Its data as JSON; `null` for binary data, which JSON cannot carry. */
function writtenOf({ form, data }: Publication): string | null {
  if (form === "bytes") return null;
  const written = decoder.decode(data);
  // The protocol separates messages by line feeds; in JSON they can only be white space.
  return form === "text" ? JSON.stringify(written) : written.replaceAll(/[\n\r]/g, " ");
}

/** The text itself, or the patch that makes it of the one before, where that is shorter; and which of them it is. */
function changed(written: string, before: Publication | null): string {
  const base = before === null ? null : writtenOf(before);
  const patch = base === null ? null : patchOf(Buffer.from(base), Buffer.from(written));
  return patch === null ? JSON.stringify(written) : `${JSON.stringify(decoder.decode(patch))},"delta":true`;
}

/** A publication with its data, as it was written or otherwise. */
function pub(publication: Publication, data: string, knowsIds: boolean): string {
  const { offset, author, key, removed } = publication;
  const tags = knowsIds ? publication.tags : tagsOf(publication);
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
