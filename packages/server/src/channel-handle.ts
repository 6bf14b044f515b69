// A channel as the application holds it, to publish and to look at.
import { type ChannelDefinition, fail, type Member } from "@tidewire/protocol";
import type { Ack, Form } from "./engine/engine.ts";
import { checkTags } from "./http/api/parameters.ts";
import type { Hub } from "./hub/hub.ts";
import { checkKey, prepare } from "./hub/registry.ts";
import type { ChannelHandle, Published, PublishOptions } from "./tidewire.ts";

const encoder = new TextEncoder();
// A byte order mark is a character like any other: JSON may not begin with one (RFC 8259 §8.1), a text may.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Publishes a value after its channel's schema has seen it. */
export async function publishValue(
  hub: Hub,
  name: string,
  given: { value: unknown; options?: PublishOptions; fence?: number | undefined },
): Promise<Ack> {
  const { definition } = hub.registry.resolve(name, fail);
  const { value } = given;
  const isBytes = definition.carries === "bytes" && value instanceof Uint8Array;
  const { json, key } = isBytes ? { json: "" } : await prepare(definition, value);
  const tags = given.options?.tags;
  const body = {
    // Its owner may write on in it.
    ...(isBytes
      ? { data: value.slice(), form: "bytes" as const }
      : { data: encoder.encode(json), form: "json" as const }),
    ...(key !== undefined && { key }),
    ...(tags === undefined ? {} : { tags: checkTags(tags) }),
  };
  return hub.publish(name, body, { idempotencyKey: given.options?.idempotencyKey, fence: given.fence });
}

function valueOf(data: Uint8Array, form: Form): unknown {
  if (form === "bytes") return new Uint8Array(data);
  return form === "json" ? (JSON.parse(decoder.decode(data)) as unknown) : decoder.decode(data);
}

function publishedOf({ position, publication, duplicate, durability }: Ack): Published {
  return { position, id: publication?.id ?? "", duplicate, durability };
}

export function channelHandle(
  hub: Hub,
  definition: ChannelDefinition,
  params: Readonly<Record<string, string>>,
): ChannelHandle<unknown> {
  const name = definition.name(params);
  return {
    name,
    publish: async (value, options): Promise<Published> => {
      const ack = await publishValue(hub, name, options === undefined ? { value } : { value, options });
      return publishedOf(ack);
    },
    remove: async (key) => publishedOf(await hub.remove(name, checkKey(key, "bad_request"))),
    history: async (limit) => {
      const { publications, top } = await hub.history(name, { limit, since: null, reverse: true });
      const values = publications.filter(({ removed }) => removed !== true);
      return values.toReversed().map(({ data, form, offset, atMs }) => ({
        data: valueOf(data, form),
        position: { epoch: top.epoch, offset },
        atMs,
      }));
    },
    members: (): readonly Member[] => hub.channel(name)?.members.list() ?? [],
  };
}
