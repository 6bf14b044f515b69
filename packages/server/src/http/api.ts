// The server API: what a backend may ask, under the method names that Centrifugo's users know.
import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { fail } from "@tidewire/protocol";
import type { Body } from "../engine/engine.ts";
import type { Hub } from "../hub/hub.ts";
import { prepare } from "../hub/registry.ts";
import type { Json } from "./body.ts";

export type Api = Readonly<Record<string, (body: Json) => Promise<unknown>>>;

/** Whether the request carries the key, compared in constant time. Without a key nobody may. */
export function mayUseApi(request: IncomingMessage, apiKey: string | undefined): boolean {
  const given = request.headers["x-api-key"];
  if (apiKey === undefined || typeof given !== "string") return false;
  return timingSafeEqual(digest(given), digest(apiKey));
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

const encoder = new TextEncoder();

export function createApi(hub: Hub): Api {
  return { publish: (body) => publish(hub, body) };
}

async function publish(hub: Hub, { value }: Json): Promise<unknown> {
  const { channel, data, tags, idempotency_key: key } = value;
  if (typeof channel !== "string") fail("bad_request", `channel: expected a text, got ${typeof channel}`);
  if (data === undefined) fail("bad_request", "data: expected a JSON value, got nothing");
  if (key !== undefined && (typeof key !== "string" || key.length === 0 || key.length > 64)) {
    fail("bad_request", "idempotency_key: expected a text of 1 to 64 characters");
  }
  const { definition } = hub.registry.resolve(channel as string);
  const { json, key: tableKey } = await prepare(definition, data);
  const body: Body = {
    data: encoder.encode(json),
    form: "json",
    ...(tableKey !== undefined && { key: tableKey }),
    ...(tags === undefined ? {} : { tags: checkTags(tags) }),
  };
  const ack = await hub.publish(channel as string, body, key as string | undefined);
  const position = ack.position.offset === 0 ? {} : ack.position;
  return { ...position, ...(ack.duplicate ? { duplicate: true } : {}), durability: ack.durability };
}

/** @throws {TidewireError} `bad_request` when it is not a flat map of at most 32 texts. */
export function checkTags(tags: unknown): Readonly<Record<string, string>> {
  const isMap = typeof tags === "object" && tags !== null && !Array.isArray(tags);
  const entries = isMap ? Object.entries(tags) : [];
  if (!isMap || entries.length > 32 || entries.some(([key, value]) => typeof value !== "string" || key.length > 64)) {
    fail("bad_request", "tags: expected at most 32 texts by name");
  }
  return Object.assign(Object.create(null) as Record<string, string>, tags);
}
