// The Centrifuge client protocol in JSON: one connection's speaker.
import type { Command } from "../../session/command.ts";
import type { LinkTraits } from "../../session/link.ts";
import type { Framing } from "../connection.ts";
import { MalformedFrame, type Speaker } from "../dialect.ts";
import { decode, type DecodeLimits } from "./decode.ts";
import { encodeClosing, encodeEvent, encodeReply, publicationEncoder } from "./encode.ts";

const decoder = new TextDecoder();

export function centrifuge(framing: Framing, limits: DecodeLimits): Speaker {
  const frame = (json: string): Uint8Array => framing.wrap(Buffer.from(json), "text");
  let traits: LinkTraits = { encoder: publicationEncoder(framing, false), onGap: "resubscribe" };
  const learn = (command: Command): void => {
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
