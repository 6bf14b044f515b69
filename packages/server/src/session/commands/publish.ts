// publish: access, limits and schema, then the hub. Synchronous up to the engine where the rules are, so that publishes
// of one connection reach it in the order received (P1).
import { fail, type Member } from "@tidewire/protocol";
import type { Ack, Body } from "../../engine/engine.ts";
import type { Known } from "../../hub/channel.ts";
import { validate } from "../../hub/registry.ts";
import type { CommandOf } from "../command.ts";
import { askToPublish } from "../channel-access.ts";
import type { Context } from "../context.ts";
import { memberAs } from "../member.ts";
import { toError } from "../rules.ts";
import { tooFast } from "./subscribe.ts";

const encoder = new TextEncoder();

type Publish = CommandOf<"publish">;

export function publish(context: Context, command: Publish): void | Promise<void> {
  const { node, rates } = context;
  const { channel, payload } = command;
  const known = node.hub.registry.resolve(channel);
  if (known.definition.publishers === "server" || node.hub.sources.has(known.definition)) {
    fail("denied", "clients do not publish to this channel");
  }
  if (!rates.mayPublish(payload.bytes.length)) tooFast(context, "publishes");
  const asked = askToPublish(context, channel, known);
  if (asked === undefined) return checked(context, command, known);
  return asked.then(() => checked(context, command, known));
}

function checked(context: Context, command: Publish, known: Known): void | Promise<void> {
  const { dataSchema } = known.definition;
  if (dataSchema === null) return accept(context, command, command.payload.bytes);
  if (command.payload.form === "bytes") fail("invalid_data", "expected JSON, got binary data");
  const json = validate(dataSchema, command.payload.value);
  if (typeof json === "string") return accept(context, command, encoder.encode(json));
  return json.then((text) => accept(context, command, encoder.encode(text)));
}

function memberIn({ id, identity, subscriptions }: Context, channel: string): Member {
  return memberAs(id, identity, subscriptions.get(channel)?.channelInfo);
}

/** Hands it to the engine; the reply follows when the engine has answered, and nobody behind it waits for that. */
function accept(context: Context, command: Publish, data: Uint8Array): void {
  if (!context.isOpen) return;
  const hasSchema = data !== command.payload.bytes;
  const body: Body = {
    data,
    form: hasSchema ? "json" : command.payload.form,
    author: memberIn(context, command.channel),
  };
  context.node.hub.publish(command.channel, body, command.idempotencyKey ?? undefined).then(
    (ack) => context.reply({ kind: "published", id: command.id, result: resultOf(command, ack) }),
    (thrown: unknown) => context.refuse(command.id, toError(context.node, thrown)),
  );
}

function resultOf(command: Publish, ack: Ack): { position: Ack["position"]; duplicate: boolean } | null {
  return command.wantsPosition ? { position: ack.position, duplicate: ack.duplicate } : null;
}
