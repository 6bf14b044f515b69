// The Centrifuge client protocol: one connection's speaker, in JSON or in Protobuf.
import type { Encoder } from "../../hub/encoder.ts";
import type { Closing } from "../../session/close-error.ts";
import type { Command, MarkAnswer } from "../../session/command.ts";
import type { LinkTraits, Manner } from "../../session/link.ts";
import type { Reply, SessionEvent } from "../../session/reply.ts";
import type { ConnectionInfo, Framing } from "../connection.ts";
import { type Ending, MalformedFrame, type Speaker } from "../dialect.ts";
import { perFraming } from "../per-framing.ts";
import { queryOf } from "../query.ts";
import { decode, type DecodeLimits } from "./decode.ts";
import { decodeProtobuf } from "./decode-protobuf.ts";
import * as protobuf from "./encode-protobuf.ts";
import {
  amongReplies,
  type EmulationPlace,
  encodeClosing,
  encodeDisconnect,
  encodeEvent,
  encodeReply,
  publicationEncoder,
} from "./encode.ts";

const decoder = new TextDecoder();
const nothing: readonly Command[] = [];

/** One of the protocol's two forms on one framing; the same object for all who speak it. */
export interface Form {
  readonly traits: LinkTraits;
  /** Of clients that know ids and times. */
  readonly tideTraits: LinkTraits;
  decode(message: Uint8Array, form: "text" | "bytes", limits: DecodeLimits): readonly (Command | MarkAnswer)[];
  reply(reply: Reply, place?: EmulationPlace): Uint8Array;
  event(event: SessionEvent): Uint8Array | null;
  disconnect(reason: Closing, detail: string | undefined): Uint8Array;
}

/** Each manner's encoder is one object, made when it is first asked for. */
function traitsOf(dialect: LinkTraits["dialect"], encode: (manner: Manner) => Encoder): LinkTraits {
  // JavaScript's SDK reads 64-bit numbers of Protobuf as objects, and does not find a channel by one.
  const hasNumbers = dialect === "centrifuge-json";
  const encoders = new Map<string, Encoder>();
  const encoderFor = (manner: Manner): Encoder => {
    const name = `${manner.isNumbered} ${manner.isPatched}`;
    const encoder = encoders.get(name) ?? encode(manner);
    encoders.set(name, encoder);
    return encoder;
  };
  const encoder = encoderFor({ isNumbered: false, isPatched: false });
  return { dialect, encoder, encoderFor, hasNumbers, onGap: "resubscribe", hasPongs: true, hasOneChannel: false };
}

function takingOver(traits: LinkTraits): LinkTraits {
  return { ...traits, takesOver: true };
}

function jsonForm(framing: Framing): Form {
  const frame = (json: string): Uint8Array => framing.wrap(Buffer.from(json), "text");
  return {
    traits: traitsOf("centrifuge-json", (manner) => publicationEncoder(framing, { ...manner, knowsIds: false })),
    tideTraits: takingOver(
      traitsOf("centrifuge-json", (manner) => publicationEncoder(framing, { ...manner, knowsIds: true })),
    ),
    decode: (message, form, limits) => {
      if (form !== "text") throw new MalformedFrame("expected a text message, got a binary one");
      return decode(decoder.decode(message), limits);
    },
    reply: (reply, place) => frame(encodeReply(reply, place)),
    event: (event) => {
      const json = encodeEvent(event);
      return json === null ? null : frame(json);
    },
    disconnect: (reason, detail) => frame(amongReplies.wrap(encodeDisconnect(reason, detail))),
  };
}

function protobufForm(framing: Framing): Form {
  const encoderFor =
    (knowsIds: boolean) =>
    (manner: Manner): Encoder =>
      protobuf.protobufEncoder(framing, { ...manner, knowsIds });
  return {
    traits: traitsOf("centrifuge-protobuf", encoderFor(false)),
    tideTraits: takingOver(traitsOf("centrifuge-protobuf", encoderFor(true))),
    decode: (message, form, limits) => {
      if (form !== "bytes") throw new MalformedFrame("expected a binary message, got a text one");
      return decodeProtobuf(message, limits);
    },
    reply: (reply, place) => framing.wrap(protobuf.encodeReply(reply, place), "bytes"),
    event: (event) => {
      const bytes = protobuf.encodeEvent(event);
      return bytes === null ? null : framing.wrap(bytes, "bytes");
    },
    disconnect: (reason, detail) => framing.wrap(protobuf.encodeDisconnect(reason, detail), "bytes"),
  };
}

/** A class, since closures for each of them would cost an idle connection a kilobyte. */
export class CentrifugeSpeaker implements Speaker {
  readonly #form: Form;
  readonly #limits: DecodeLimits;
  traits: LinkTraits;

  constructor(form: Form, limits: DecodeLimits) {
    this.#form = form;
    this.#limits = limits;
    this.traits = form.traits;
  }

  opening(): readonly Command[] {
    return nothing;
  }

  decode(message: Uint8Array, form: "text" | "bytes"): readonly (Command | MarkAnswer)[] {
    const commands = this.#form.decode(message, form, this.#limits);
    for (const command of commands) {
      if (command.kind === "connect" && command.speaksTide) this.traits = this.#form.tideTraits;
    }
    return commands;
  }

  reply(reply: Reply): Uint8Array {
    return this.#form.reply(reply);
  }

  event(event: SessionEvent): Uint8Array | null {
    // A push that names no channel is nothing that an SDK expects.
    if (event.kind === "return" && this.traits !== this.#form.tideTraits) return null;
    return this.#form.event(event);
  }

  closing(reason: Closing, detail: string | undefined): Ending {
    return encodeClosing(reason, detail);
  }
}

interface Forms {
  readonly json: Form;
  readonly protobuf: Form;
}

export const formsOf: (framing: Framing) => Forms = perFraming((framing): Forms => ({
  json: jsonForm(framing),
  protobuf: protobufForm(framing),
}));

/** By subprotocol, or by the query of the address; else JSON. */
function speaksProtobuf({ headers, url }: ConnectionInfo): boolean {
  const offered = headers["sec-websocket-protocol"];
  if (offered !== undefined && offered.split(",").some((name) => name.trim() === "centrifuge-protobuf")) return true;
  if (!url.includes("?")) return false;
  const query = queryOf(url);
  return query.get("cf_protocol") === "protobuf" || query.get("format") === "protobuf";
}

/** The form that the client asked for when it opened the connection. */
export function centrifugeFor(
  connection: { readonly info: ConnectionInfo; readonly framing: Framing },
  limits: DecodeLimits,
): Speaker {
  const forms = formsOf(connection.framing);
  return new CentrifugeSpeaker(speaksProtobuf(connection.info) ? forms.protobuf : forms.json, limits);
}
