// publish: access, limits and schema, then the hub. Synchronous up to the engine where the rules are, so that publishes
// of one connection reach it in the order received (P1).
import type { Member } from "@tidewire/protocol";
import type { PublishTerms } from "../../access.ts";
import type { Ack, Body } from "../../engine/engine.ts";
import type { Known } from "../../hub/channel.ts";
import { refuse } from "../../hub/refusal.ts";
import { prepare, type Prepared } from "../../hub/registry.ts";
import type { CommandOf } from "../command.ts";
import { askToPublish, type Change } from "../channel-access.ts";
import type { Context } from "../context.ts";
import { memberAs } from "../member.ts";
import type { Outcome } from "../reply.ts";
import { toError } from "../rules.ts";
import { checkChannelRate, checkUserRate } from "./shared-rates.ts";
import { tooFast } from "./subscribe.ts";

const encoder = new TextEncoder();

type Publish = CommandOf<"publish">;
type Given = Pick<Body, "data" | "key"> & Partial<Body>;

export function publish(context: Context, given: Publish): void | Promise<void> {
  const command = asCarried(context, given);
  const { channel, payload } = command;
  const data = payload.form === "bytes" ? payload.bytes : payload.value;
  const { known, asked } = admitToPublish(context, { channel, data, removedKey: null }, payload.bytes.length);
  if (asked instanceof Promise) return asked.then((terms) => checked(context, changed(command, terms), known));
  return checked(context, changed(command, asked), known);
}

/** Of a channel of bytes they are bytes, also where they could be read as JSON. */
function asCarried({ node, traits }: Context, command: Publish): Publish {
  const { channel, payload, wantsPosition } = command;
  // What `tide.publish` has as JSON is meant as that: bytes stand beside it (PROTOCOL 1.24).
  if (payload.form !== "json" || wantsPosition || traits.dialect !== "centrifuge-protobuf") return command;
  if (node.hub.registry.resolve(channel).definition.carries === "json") return command;
  return { ...command, payload: { bytes: payload.bytes, form: "bytes", value: undefined } };
}

interface Asked {
  readonly known: Known;
  /** The rule's terms; pending where it has to think. */
  readonly asked: PublishTerms | null | Promise<PublishTerms | null>;
}

/** Whether this client may publish there. @throws {TidewireError} */
export function admitToPublish(context: Context, change: Change, bytes: number): Asked {
  const { node, rates } = context;
  const { channel } = change;
  const known = node.hub.registry.resolve(channel);
  if (known.definition.publishers === "server" || node.hub.sources.has(known.definition)) {
    refuse("denied", "clients do not publish to this channel");
  }
  if (!rates.mayPublish(bytes)) tooFast(context, "publishes");
  if (rates.isOn) checkUserRate(context);
  return { known, asked: askToPublish(context, change, known) };
}

/** What is published on the rule's terms: what it puts in the place of what the client sent. */
function changed(command: Publish, terms: PublishTerms | null): Publish {
  if (terms === null) return command;
  const { data, tags, idempotencyKey } = terms;
  return {
    ...command,
    ...(data !== undefined && { payload: payloadOf(data) }),
    ...(tags !== undefined && { tags }),
    ...(idempotencyKey !== undefined && { idempotencyKey }),
  };
}

function payloadOf(value: unknown): Publish["payload"] {
  return { bytes: encoder.encode(JSON.stringify(value)), form: "json", value };
}

function checked(context: Context, command: Publish, known: Known): void | Promise<void> {
  const { carries, dataSchema, mode } = known.definition;
  const go = (given: Given): void => {
    checkChannelRate(context, command.channel, known);
    accept(context, command, given);
  };
  if (carries === "bytes") {
    if (command.payload.form === "bytes") return go({ data: command.payload.bytes });
    refuse("invalid_data", `expected bytes, which this channel carries, got ${command.payload.form}`);
  }
  // Clients that read JSON cannot be given it: on a stream they would miss a publication without a word (S3).
  if (mode === "stream" && command.payload.form === "bytes") {
    refuse(
      "invalid_data",
      "expected JSON or text, got binary data, which only signal channels and channels of bytes carry",
    );
  }
  if (dataSchema === null && mode !== "latest") return go({ data: command.payload.bytes });
  if (command.payload.form === "bytes") refuse("invalid_data", "expected JSON, got binary data");
  const prepared = prepare(known.definition, command.payload.value);
  const say = ({ json, key }: Prepared): void =>
    go({ data: encoder.encode(json), form: "json", ...(key !== undefined && { key }) });
  return prepared instanceof Promise ? prepared.then(say) : say(prepared);
}

/** Its author, as the channel shows it. */
export function memberIn({ id, identity, subscriptions }: Context, channel: string): Member {
  return memberAs(id, identity, subscriptions.get(channel)?.channelInfo);
}

/** Hands it to the engine; the reply follows when the engine has answered, and nobody behind it waits for that. */
function accept(context: Context, command: Publish, given: Given): void {
  if (!context.isOpen) return;
  const author = memberIn(context, command.channel);
  const { tags } = command;
  const body: Body = { form: command.payload.form, author, ...given, ...(tags !== undefined && { tags }) };
  const terms = { idempotencyKey: command.idempotencyKey ?? undefined };
  context.node.hub.publish(command.channel, body, terms).then(
    (ack) => context.reply({ kind: "published", id: command.id, result: resultOf(command, ack) }),
    (thrown: unknown) => context.refuse(command.id, toError(context.node, thrown)),
  );
}

function resultOf({ wantsPosition }: Publish, { position, duplicate, durability }: Ack): Outcome | null {
  return wantsPosition ? { position, duplicate, durability } : null;
}
