// The Centrifuge client protocol: one connection's speaker, in JSON or in Protobuf.
import type { Command, MarkAnswer } from "../../session/command.ts";
import type { LinkTraits } from "../../session/link.ts";
import type { ConnectionInfo, Framing } from "../connection.ts";
import { MalformedFrame, type Speaker } from "../dialect.ts";
import { decode, type DecodeLimits } from "./decode.ts";
import { decodeProtobuf } from "./decode-protobuf.ts";
import * as protobuf from "./encode-protobuf.ts";
import { encodeClosing, encodeEvent, encodeReply, publicationEncoder } from "./encode.ts";

const decoder = new TextDecoder();

/** By subprotocol, or by the query of the address; else JSON. */
function speaksProtobuf({ headers, url }: ConnectionInfo): boolean {
  const offered = (headers["sec-websocket-protocol"] ?? "").split(",").map((name) => name.trim());
  if (offered.includes("centrifuge-protobuf")) return true;
  const { searchParams } = new URL(url, "http://host");
  return searchParams.get("cf_protocol") === "protobuf" || searchParams.get("format") === "protobuf";
}

function centrifugeProtobuf(framing: Framing, limits: DecodeLimits): Speaker {
  const traits: LinkTraits = {
    encoder: protobuf.protobufEncoder(framing),
    onGap: "resubscribe",
    hasPongs: true,
    hasOneChannel: false,
  };
  return {
    traits,
    opening: [],
    decode: (message, form) => {
      if (form !== "bytes") throw new MalformedFrame("expected a binary message, got a text one");
      return decodeProtobuf(message, limits);
    },
    reply: (reply) => framing.wrap(protobuf.encodeReply(reply), "bytes"),
    event: (event) => {
      const bytes = protobuf.encodeEvent(event);
      return bytes === null ? null : framing.wrap(bytes, "bytes");
    },
    closing: encodeClosing,
  };
}

function centrifuge(framing: Framing, limits: DecodeLimits): Speaker {
  const frame = (json: string): Uint8Array => framing.wrap(Buffer.from(json), "text");
  let traits: LinkTraits = {
    encoder: publicationEncoder(framing, false),
    onGap: "resubscribe",
    hasPongs: true,
    hasOneChannel: false,
  };
  const learn = (command: Command | MarkAnswer): void => {
    if (command.kind === "connect" && command.speaksTide)
      traits = { ...traits, encoder: publicationEncoder(framing, true) };
  };
  return {
    get traits() {
      return traits;
    },
    opening: [],
    decode: (message, form) => {
      if (form !== "text") throw new MalformedFrame("expected a text message, got a binary one");
      const commands = decode(decoder.decode(message), limits);
      commands.forEach(learn);
      return commands;
    },
    reply: (reply) => frame(encodeReply(reply)),
    event: (event) => {
      const json = encodeEvent(event);
      return json === null ? null : frame(json);
    },
    closing: encodeClosing,
  };
}

/** The form that the client asked for when it opened the connection. */
export function centrifugeFor(
  connection: { readonly info: ConnectionInfo; readonly framing: Framing },
  limits: DecodeLimits,
): Speaker {
  return (speaksProtobuf(connection.info) ? centrifugeProtobuf : centrifuge)(connection.framing, limits);
}
