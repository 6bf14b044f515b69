// Values on their way into a channel: the channel's schema, its key, and the JSON that is kept.
import { defineChannel, TidewireError } from "@tidewire/protocol";
import { z } from "zod";
import { checkKey, prepare, Registry } from "../../packages/server/src/hub/registry.ts";
import { Metrics } from "../../packages/server/src/ports/metrics.ts";
import { hasOwnKeysOnly, holds, isSame, readOrLater } from "../oracle.ts";
import type { Target } from "../target.ts";

const quote = z.object({ symbol: z.string(), price: z.number(), note: z.string().max(10).optional() });
const registry = new Registry(
  [
    defineChannel("quotes", { mode: "latest", data: quote, key: ({ symbol }) => symbol }),
    defineChannel("free", { mode: "latest", key: (value) => (value as { id: string }).id }),
    defineChannel("dates", { data: z.object({ at: z.coerce.date() }) }),
    defineChannel("any:{name}", {}),
  ],
  new Metrics(),
);

/** The channel's name on the first line, the value's JSON behind it. */
export const target: Target = {
  name: "publishes",
  shape: "json",
  files: ["server/src/hub/registry.ts", "protocol/src/channel.ts", "protocol/src/standard-schema.ts"],
  seeds: [
    'quotes\n{"symbol":"TW","price":1.5,"note":"hi"}',
    'free\n{"id":"a","__proto__":{"b":1}}',
    'dates\n{"at":"2026-01-01"}',
    "any:thing\n12345678901234567890",
  ],
  words: ["quotes", "free", "dates", "any:a", "symbol", "price", "note", "at", "id"],
  async run(input) {
    const [name = "", ...rest] = Buffer.from(input).toString().split("\n");
    const text = rest.join("\n");
    const value = parsed(text);
    if (value === undefined) return;
    const prepared = await readOrLater(TidewireError, async () => {
      const { definition, params } = registry.resolve(name);
      hasOwnKeysOnly(params);
      return { definition, ...(await prepare(definition, value, text)) };
    });
    if (prepared === null) return;
    const { definition, json, key } = prepared;
    const kept = JSON.parse(json) as unknown;
    holds(
      (definition.key === null) === (key === undefined),
      "a key where there is no table, or none where there is one",
    );
    if (key !== undefined) isSame(checkKey(key, "bad_request"), key, "the key");
    if (definition.dataSchema === null) isSame(json, text, "what is kept without a schema");
    else holds(typeof kept === "object" && kept !== null, "its schema takes objects alone");
  },
};

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
