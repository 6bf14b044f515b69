// A publish by HTTP: content type, idempotency key and body; and the presence that is asked for in the same way.
import { defaultLimits } from "../../packages/server/src/options.ts";
import { posting } from "../../packages/server/src/dialects/raw/exchanges.ts";
import type { Framing } from "../../packages/server/src/dialects/connection.ts";
import { hasOwnKeysOnly, holds, isSame } from "../oracle.ts";
import type { Target } from "../target.ts";

const framing: Framing = { id: "http", wrap: (payload) => payload, ping: new Uint8Array() };

/** Two lines of headers, and the body. */
export const target: Target = {
  name: "raw-posts",
  shape: "text",
  files: ["server/src/dialects/raw/exchanges.ts", "server/src/dialects/raw/words.ts"],
  seeds: [
    'application/json; charset=utf-8\nk1\n{"a":[1,2]}',
    "text/plain\n\nhello",
    "application/octet-stream\n\n\u0000\u00ff",
    "application/json\nk\nno JSON",
  ],
  run(input) {
    const [first, second] = [input.indexOf(10), input.indexOf(10, input.indexOf(10) + 1)];
    const text = Buffer.from(input).toString("latin1");
    const type = text.slice(0, Math.max(0, first));
    const key = text.slice(first + 1, Math.max(first + 1, second));
    const bytes = input.slice(second + 1);
    const headers = { ...(type !== "" && { "content-type": type }), ...(key !== "" && { "idempotency-key": key }) };
    const [, command] = posting(framing, {
      channel: "c",
      token: "",
      bytes,
      headers,
      limits: defaultLimits,
      met: () => undefined,
    }).opening();
    holds(command?.kind === "publish" || command?.kind === "invalid", "expected a publish or a refusal");
    hasOwnKeysOnly(command);
    if (command.kind === "invalid") return;
    const { form, value, bytes: taken } = command.payload;
    isSame(Buffer.from(taken).equals(bytes), true, "the bytes of a payload");
    if (form === "json")
      isSame(JSON.stringify(value), JSON.stringify(JSON.parse(Buffer.from(bytes).toString())), "the value");
    holds(command.idempotencyKey === null || command.idempotencyKey.length <= 64, "a key is too long");
  },
};
