// Encoding replies, events and publications as Protobuf of the Centrifuge protocol.
import type { Closing } from "../../session/close-error.ts";
import { type Member, unsubscribeReasons } from "@tidewire/protocol";
import type { Publication } from "../../engine/engine.ts";
import type { Encoder } from "../../hub/encoder.ts";
import type { Manner } from "../../session/link.ts";
import type { Reply, SessionEvent, Subscribed } from "../../session/reply.ts";
import type { Framing } from "../connection.ts";
import { type EmulationPlace, encodeClosing, tagsOf, told } from "./encode.ts";
import { patchOf } from "./fossil.ts";
import { encodeMessage, type Message } from "./protobuf.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** A message with its length before it, as the protocol sends them. */
export function delimited(message: Uint8Array): Uint8Array {
  const head: number[] = [];
  let { length } = message;
  for (; length > 0x7f; length >>>= 7) head.push((length & 0x7f) | 0x80);
  head.push(length);
  const bytes = new Uint8Array(head.length + message.length);
  bytes.set(head);
  bytes.set(message, head.length);
  return bytes;
}

export function encodeReply(reply: Reply, place?: EmulationPlace): Uint8Array {
  return delimited(encodeMessage("Reply", { id: reply.id, ...body(reply, place) }));
}

function body(reply: Reply, place: EmulationPlace | undefined): Message {
  switch (reply.kind) {
    case "error": {
      const { code, message, temporary } = reply.error;
      return { error: { code, message, temporary } };
    }
    case "connected": {
      const ping = Math.max(1, Math.round(reply.pingIntervalMs / 1_000));
      const data = reply.data === undefined ? undefined : json(reply.data);
      const subs = Object.fromEntries(reply.subscriptions.map((each) => [each.channel, subscribed(each)]));
      const { session: client, ttl } = reply;
      return { connect: { client, version: "tidewire", data, ping, pong: true, ...expiry(ttl), subs, ...place } };
    }
    case "subscribed":
      return { subscribe: subscribed(reply) };
    case "refreshed":
      return { refresh: { client: reply.session, version: "tidewire", ...expiry(reply.ttl) } };
    case "subscription_refreshed":
      return { sub_refresh: expiry(reply.ttl) };
    case "unsubscribed":
      return { unsubscribe: {} };
    case "published":
      if (reply.result === null) return { publish: {} };
      return { rpc: { data: json(told(reply.result)) } };
    case "presence": {
      const presence = Object.fromEntries(reply.members.map((member) => [member.session, clientInfo(member)]));
      return { presence: { presence } };
    }
    case "presence_stats":
      return { presence_stats: { num_clients: reply.clients, num_users: reply.users } };
    case "history":
      return { history: { publications: reply.publications.map(publicationOf), ...reply.top } };
    case "result":
      return { rpc: { data: encoder.encode(reply.json) } };
    case "flow":
      return { rpc: { data: json({ skipped: reply.skipped }) } };
  }
}

function subscribed({ position, wasRecovering, recovered, ttl, number, isPatched, data: given }: Subscribed): Message {
  const data = given === undefined ? {} : { data: json(given) };
  const terms = { ...data, ...expiry(ttl), id: number ?? undefined, delta: isPatched };
  if (position === null) return terms;
  const { epoch, offset } = position;
  const place = { recoverable: true, epoch, recovered, offset, positioned: true, was_recovering: wasRecovering };
  return { ...terms, ...place };
}

function expiry(ttl: number | null): Message {
  return ttl === null ? {} : { expires: true, ttl };
}

/** `null`: the protocol has no word for it. */
export function encodeEvent(event: SessionEvent): Uint8Array | null {
  switch (event.kind) {
    case "ping":
      return Uint8Array.of(0);
    case "mark":
      return null;
    case "subscribed": {
      const { channel, position, data: given } = event;
      const data = given === undefined ? {} : { data: json(given) };
      const subscribe = position === null ? data : { recoverable: true, positioned: true, ...position, ...data };
      return push({ channel, subscribe });
    }
    case "unsubscribed": {
      const { code, reason } = unsubscribeReasons[event.reason];
      return push({ channel: event.channel, unsubscribe: { code, reason } });
    }
    case "skipped":
      return push({ channel: event.channel, skipped: { count: event.count } });
    case "return":
      return push({ return: { after: event.afterMs } });
    case "gap":
      return null;
  }
}

/** How a stream says its end, having no close frame. */
export function encodeDisconnect(reason: Closing, detail: string | undefined): Uint8Array {
  return push({ disconnect: encodeClosing(reason, detail) });
}

export interface ProtobufManner extends Manner {
  /** Whether its client asked for ids, times and counts (PROTOCOL 1.2). */
  readonly knowsIds: boolean;
}

export function protobufEncoder(framing: Framing, { isPatched, knowsIds }: ProtobufManner): Encoder {
  const whole = encoderOf(framing, { said: "whole", knowsIds });
  return isPatched ? { ...encoderOf(framing, { said: "patch", knowsIds }), whole } : whole;
}

interface Words {
  readonly said: "whole" | "patch";
  readonly knowsIds: boolean;
}

function encoderOf(framing: Framing, { said, knowsIds }: Words): Encoder {
  return {
    id: `centrifuge-protobuf${knowsIds ? "+tide" : ""}${said === "patch" ? "+patch" : ""}/${framing.id}`,
    publication: (publication, channel, { before }) => {
      const { id, atMs: time } = publication;
      const plain = publicationOf(publication);
      const whole = knowsIds ? { ...plain, id, time } : plain;
      const pub = said === "patch" && before !== null ? changed(whole, bytesOf(before)) : whole;
      return framing.wrap(push({ channel: channel.name, pub }), "bytes");
    },
    member: (change, channel) => {
      const { name } = channel;
      if (change.kind !== "counts") {
        return framing.wrap(push({ channel: name, [change.kind]: { info: clientInfo(change.member) } }), "bytes");
      }
      const { clients, users } = change;
      return knowsIds ? framing.wrap(push({ channel: name, members: { clients, users } }), "bytes") : null;
    },
  };
}

/** What has changed since the one before, where that is shorter. */
function changed(whole: PublicationFields, base: Uint8Array): PublicationFields {
  const data = patchOf(base, whole.data);
  return data === null ? whole : { ...whole, data, delta: true };
}

function push(message: Message): Uint8Array {
  return delimited(encodeMessage("Reply", { push: message }));
}

/** JSON and binary data alike are the bytes they are; text that is not JSON becomes a JSON string, as in JSON. */
function bytesOf({ data, form }: Publication): Uint8Array {
  return form === "text" ? json(decoder.decode(data)) : data;
}

type PublicationFields = Message & { readonly data: Uint8Array };

function publicationOf(publication: Publication): PublicationFields {
  const { offset, author, form, key, removed } = publication;
  return {
    data: bytesOf(publication),
    info: author === undefined ? undefined : clientInfo(author),
    offset,
    tags: tagsOf(publication),
    key,
    removed,
    is_bytes: form === "bytes",
  };
}

function clientInfo({ user, session, info, channelInfo }: Member): Message {
  const said = (value: unknown): Uint8Array | undefined => (value === undefined ? undefined : json(value));
  return { user, client: session, conn_info: said(info), chan_info: said(channelInfo) };
}

function json(value: unknown): Uint8Array {
  return encoder.encode(JSON.stringify(value));
}
