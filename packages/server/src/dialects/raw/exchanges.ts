// The raw dialect in requests and answers: a session that publishes once, and one that asks who is present.
import type { Member } from "@tidewire/protocol";
import type { IncomingHttpHeaders } from "node:http";
import type { Encoder } from "../../hub/encoder.ts";
import { refusal } from "../../hub/refusal.ts";
import type { Command } from "../../session/command.ts";
import type { LinkTraits } from "../../session/link.ts";
import type { Reply } from "../../session/reply.ts";
import type { Framing } from "../connection.ts";
import { type Ending, MalformedFrame, type Speaker } from "../dialect.ts";
import type { LimitName } from "../../ports/metrics.ts";
import { scanPayload, type ScanLimits } from "../centrifuge/scan.ts";
import { connecting } from "./opening.ts";
import { closingOf, endingOf } from "../statuses.ts";
import { parsed, textPayload } from "./words.ts";

/** Nothing is subscribed, so nothing is delivered. */
const nothing: Encoder = { id: "raw/http", publication: () => null, member: () => null };
const traits: LinkTraits = {
  dialect: "raw-request",
  encoder: nothing,
  onGap: "close",
  hasPongs: false,
  hasOneChannel: true,
};

const connectId = 1;
const commandId = 2;
const countId = 3;

export interface Posting {
  readonly channel: string;
  readonly token: string;
  readonly bytes: Uint8Array;
  readonly headers: IncomingHttpHeaders;
  /** Of JSON. */
  readonly limits: ScanLimits;
  /** Told of the limit that the body is above. */
  readonly met: (limit: LimitName) => void;
}

/** Publishes a body, and answers where it stands. */
export function posting(framing: Framing, given: Posting): Speaker {
  let isConnected = false;
  return {
    traits,
    opening: () => [connecting(connectId, given.token), publishing(given)],
    decode: () => [],
    reply: (reply) => {
      if (reply.kind === "error") return endingOf(reply.error);
      if (reply.kind === "connected") isConnected = true;
      return reply.kind === "published" ? json(framing, publishedBody(reply)) : null;
    },
    event: () => null,
    closing: (reason, detail) => {
      const ending = closingOf(reason, detail);
      // P3: whoever was let in may have been published by now, so "try again later" would be a promise.
      return isConnected && ending.code === 503 ? { ...ending, code: 504 } : ending;
    },
  };
}

/** Tells who is present; of more than are shown, how many. */
export function presence(framing: Framing, given: { readonly channel: string; readonly token: string }): Speaker {
  const { channel, token } = given;
  let members: readonly Member[] | null = null;
  let counts: { readonly clients: number; readonly users: number } | null = null;
  return {
    traits,
    opening: () => [
      connecting(connectId, token),
      { kind: "presence", id: commandId, channel },
      { kind: "presence_stats", id: countId, channel },
    ],
    decode: () => [],
    reply: (reply) => {
      if (reply.kind === "presence") members = reply.members;
      if (reply.kind === "presence_stats") {
        counts = { clients: reply.clients, users: reply.users };
        return json(framing, { ...counts, members });
      }
      if (reply.kind !== "error") return null;
      if (reply.error.reason !== "limit_exceeded" || reply.id === connectId) return endingOf(reply.error);
      // More than presence shows, or more than a reply holds: the counts still work.
      return counts === null ? null : json(framing, { ...counts, members: null });
    },
    event: () => null,
    closing: closingOf,
  };
}

/** Also where the body is above a limit: there is no frame to be malformed, and no connection to end. */
function publishing(given: Posting): Command {
  try {
    return read(given);
  } catch (thrown) {
    if (!(thrown instanceof MalformedFrame)) throw thrown;
    if (thrown.limit !== null) given.met(thrown.limit);
    return refused(thrown.message);
  }
}

function read({ channel, bytes, headers, limits }: Posting): Command {
  const key = headers["idempotency-key"] ?? null;
  if (key !== null && (typeof key !== "string" || key.length === 0 || key.length > 64)) {
    return refused("Idempotency-Key: expected 1 to 64 characters");
  }
  const type = (headers["content-type"] ?? "").split(";", 1)[0]?.trim().toLowerCase();
  const draft = { kind: "publish", id: commandId, channel, idempotencyKey: key, wantsPosition: true } as const;
  if (type === "application/octet-stream") return { ...draft, payload: { bytes, form: "bytes", value: undefined } };
  const text = textOf(bytes);
  if (text === null) return refused("expected a body in UTF-8, or application/octet-stream");
  if (type !== "application/json") return { ...draft, payload: textPayload(bytes, limits) };
  const value = parsed(text);
  if (value === undefined) return refused("expected JSON as body, since that is its content type");
  scanPayload(text, limits);
  return { ...draft, payload: { bytes, form: "json", value } };
}

function refused(problem: string): Command {
  return { kind: "invalid", id: commandId, error: refusal("bad_request", problem) };
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

function textOf(bytes: Uint8Array): string | null {
  try {
    return decoder.decode(bytes);
  } catch {
    return null;
  }
}

/** A position where there is one: a `signal` channel keeps nothing. */
function publishedBody({ result }: Extract<Reply, { kind: "published" }>): object {
  if (result === null) return {};
  const { position, duplicate, durability } = result;
  return { ...(position.offset > 0 && position), ...(duplicate && { duplicate }), durability };
}

function json(framing: Framing, body: object): Uint8Array | Ending {
  return framing.wrap(encoder.encode(JSON.stringify(body)), "text");
}
