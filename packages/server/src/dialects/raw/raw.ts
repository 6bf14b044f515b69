// The raw dialect: a bare WebSocket on one channel; what a client sends is published, what is published arrives as it is.
import type { CloseReasonName, RequestErrorName, TidewireError } from "@tidewire/protocol";
import { Disconnect } from "../../access.ts";
import type { Publication } from "../../engine/engine.ts";
import type { Encoder } from "../../hub/encoder.ts";
import { refusal } from "../../hub/refusal.ts";
import type { Closing } from "../../session/close-error.ts";
import type { Command, Payload } from "../../session/command.ts";
import type { LinkTraits } from "../../session/link.ts";
import type { Reply, SessionEvent } from "../../session/reply.ts";
import type { Framing } from "../connection.ts";
import type { Ending, Speaker } from "../dialect.ts";
import type { ScanLimits } from "../centrifuge/scan.ts";
import { perFraming } from "../per-framing.ts";
import { connecting, subscribing } from "./opening.ts";
import { textPayload, wordsOf } from "./words.ts";

export interface RawOptions {
  readonly channel: string;
  /** The bearer token of the request; "" when there is none. */
  readonly token: string;
  /** Said to whoever opens the channel. */
  readonly greeting: string | undefined;
  /** Where clients do not publish, the text frames `pause` and `resume` are commands. */
  readonly takesPublications: boolean;
  /** Of JSON that is published. */
  readonly limits: ScanLimits;
  /** Called once, when the channel is open. */
  readonly opened: () => void;
}

/** The session numbers commands; here nobody sees the numbers. */
const connectId = 1;
const subscribeId = 2;
const laterId = 3;

const decoder = new TextDecoder();
const encoder = new TextEncoder();

export function raw(framing: Framing, options: RawOptions): Speaker {
  return new RawSpeaker(framing, options);
}

const traitsOf = perFraming<Framing, LinkTraits>((framing) => ({
  dialect: "raw-websocket",
  encoder: rawEncoder(framing),
  onGap: "close",
  hasPongs: true,
  hasOneChannel: true,
}));

class RawSpeaker implements Speaker {
  readonly #framing: Framing;
  readonly #options: RawOptions;

  constructor(framing: Framing, options: RawOptions) {
    this.#framing = framing;
    this.#options = options;
  }

  get traits(): LinkTraits {
    return traitsOf(this.#framing);
  }

  opening(): readonly Command[] {
    const { token, channel } = this.#options;
    return [connecting(connectId, token), subscribing(subscribeId, channel, { seen: null, rate: null })];
  }

  decode(message: Uint8Array, form: "text" | "bytes"): readonly Command[] {
    const { channel, takesPublications, limits } = this.#options;
    if (!takesPublications) return [flow(channel, message, form)];
    const payload: Payload =
      form === "bytes" ? { bytes: message.slice(), form, value: undefined } : textPayload(message, limits);
    return [{ kind: "publish", id: laterId, channel, payload, idempotencyKey: null, wantsPosition: false }];
  }

  reply(reply: Reply): Uint8Array | Ending | null {
    if (reply.kind === "error") return endingOf(reply.error);
    if (reply.kind !== "subscribed") return null;
    const { opened, greeting } = this.#options;
    opened();
    return greeting === undefined ? null : this.#framing.wrap(encoder.encode(greeting), "text");
  }

  event(event: SessionEvent): Uint8Array | null {
    return event.kind === "ping" ? this.#framing.ping : null;
  }

  closing(reason: Closing, detail: string | undefined): Ending {
    if (reason instanceof Disconnect) return { code: reason.code, reason: reason.message };
    return { code: closeCodes[reason], reason: detail ?? reason };
  }
}

function flow(channel: string, message: Uint8Array, form: "text" | "bytes"): Command {
  const word = form === "text" ? decoder.decode(message).trim() : "";
  if (word === "pause" || word === "resume") return { kind: word, id: laterId, channel };
  const error = refusal("denied", 'this channel takes no publications; it understands "pause" and "resume"');
  return { kind: "invalid", id: laterId, error };
}

function rawEncoder(framing: Framing): Encoder {
  return {
    id: `raw/${framing.id}`,
    publication: (publication) => framing.wrap(said(publication), publication.form === "bytes" ? "bytes" : "text"),
    member: () => null,
  };
}

function said(publication: Publication): Uint8Array {
  // PROTOCOL 2.5: there is no envelope here that could say it.
  if (publication.removed === true) return encoder.encode(JSON.stringify({ "tide.removed": publication.key }));
  return wordsOf(publication);
}

/** RFC 6455 §7.4: 4000 and up are the application's. 1013: try again later. */
const errorCodes: Readonly<Record<RequestErrorName | "application", number>> = {
  internal: 1011,
  unauthorized: 4403,
  unknown_channel: 4400,
  denied: 4403,
  unknown_method: 4400,
  already_subscribed: 4400,
  limit_exceeded: 4429,
  bad_request: 4400,
  not_available: 4400,
  token_expired: 4403,
  expired: 4403,
  too_many_requests: 4429,
  unrecoverable_position: 4400,
  conflict: 4400,
  too_large: 4400,
  invalid_data: 4400,
  engine_unavailable: 1013,
  indeterminate: 1013,
  timed_out: 4408,
  canceled: 4400,
  overloaded: 1013,
  application: 4400,
};

const closeCodes: Readonly<Record<CloseReasonName, number>> = {
  normal: 1000,
  shutdown: 1001,
  server_error: 1011,
  connection_expired: 4403,
  subscription_expired: 4403,
  slow: 4429,
  insufficient_state: 4410,
  force_reconnect: 1012,
  no_pong: 4408,
  too_many_requests: 4429,
  invalid_token: 4403,
  bad_request: 4400,
  stale: 4408,
  force_disconnect: 4403,
  connection_limit: 4429,
  channel_limit: 4429,
  inappropriate_protocol: 4400,
  denied: 4403,
  not_available: 4400,
  too_many_errors: 4429,
};

function endingOf(error: TidewireError): Ending {
  return { code: errorCodes[error.reason], reason: error.message };
}
