// publish and broadcast: one value to one channel, or to several.
import { fail, TidewireError } from "@tidewire/protocol";
import type { Body } from "../../engine/engine.ts";
import { prepare } from "../../hub/registry.ts";
import type { ApiNode } from "./node.ts";
import { channelOf, checkTags, type JsonText, type Parameters, refuse, textsOf } from "./parameters.ts";

const encoder = new TextEncoder();
/** Channels of one broadcast. */
const mostChannels = 1_000;
const unsupported = ["b64data", "skip_history", "version", "version_epoch"];

export async function publish({ hub }: ApiNode, parameters: Parameters): Promise<JsonText> {
  const channel = channelOf(parameters);
  const { data, tags, idempotency_key: key } = parameters;
  refuse(parameters, unsupported);
  if (data === undefined) fail("bad_request", "data: expected a JSON value, got nothing");
  if (key !== undefined && (typeof key !== "string" || key.length === 0 || key.length > 64)) {
    fail("bad_request", "idempotency_key: expected a text of 1 to 64 characters");
  }
  const { definition } = hub.registry.resolve(channel);
  const { json, key: tableKey } = await prepare(definition, data);
  const body: Body = {
    data: encoder.encode(json),
    form: "json",
    ...(tableKey !== undefined && { key: tableKey }),
    ...(tags === undefined ? {} : { tags: checkTags(tags) }),
  };
  const { position, duplicate, durability } = await hub.publish(channel, body, {
    idempotencyKey: key as string | undefined,
  });
  return JSON.stringify({
    ...(position.offset > 0 && position),
    ...(duplicate && { duplicate }),
    durability,
  });
}

/** Each channel has an answer of its own, in their order: one that fails does not concern the others. */
export async function broadcast(node: ApiNode, parameters: Parameters): Promise<JsonText> {
  const channels = textsOf(parameters, "channels", mostChannels);
  if (channels.length === 0) fail("bad_request", "channels: expected at least one, got none");
  const responses = await Promise.all(channels.map((channel) => respond(publish(node, { ...parameters, channel }))));
  return `{"responses":[${responses.join(",")}]}`;
}

async function respond(publishing: Promise<JsonText>): Promise<JsonText> {
  try {
    return `{"result":${await publishing}}`;
  } catch (thrown) {
    if (!(thrown instanceof TidewireError)) throw thrown;
    return JSON.stringify({ error: { code: thrown.code, message: thrown.message } });
  }
}
