// Every message of the Protobuf schema, those of the server included: what was read and written is read as the same again.
import { decodeMessage, encodeMessage, type Message } from "../../packages/server/src/dialects/centrifuge/protobuf.ts";
import { type MessageName, messages } from "../../packages/server/src/dialects/centrifuge/schema.ts";
import { hasOwnKeysOnly, isSame } from "../oracle.ts";
import type { Target } from "../target.ts";

const names = [...messages.keys()] as MessageName[];
const seed = (name: MessageName, message: Message): Uint8Array =>
  Buffer.concat([encodeMessage(name, message), Uint8Array.of(names.indexOf(name))]);
const info = { user: "u", client: "c", conn_info: Uint8Array.of(123, 125) };
const pub = { data: Uint8Array.of(49), info, offset: 7, tags: { a: "b" }, key: "k", removed: true, time: 9 };

export const target: Target = {
  name: "protobuf-messages",
  shape: "protobuf",
  files: ["server/src/dialects/centrifuge/protobuf.ts", "server/src/dialects/centrifuge/schema.ts"],
  seeds: [
    seed("Command", { id: 1, connect: { subs: { a: { channel: "a", offset: 3 } }, headers: { a: "b" } } }),
    seed("Reply", { id: 1, error: { code: 100, message: "m", temporary: true } }),
    seed("Reply", { push: { channel: "c", pub } }),
    seed("Reply", { id: 2, subscribe: { publications: [pub, pub], epoch: "e", recovered: true } }),
    seed("PresenceResult", { presence: { a: info, b: info } }),
  ],
  run(input) {
    const name = names[(input.at(-1) ?? 0) % names.length] ?? "Command";
    let message: Message;
    try {
      message = decodeMessage(name, input.subarray(0, -1));
    } catch (thrown) {
      // It promises no class of its own; but running out of stack would not be a refusal.
      if (thrown instanceof Error && !/call stack/.test(thrown.message)) return;
      throw thrown;
    }
    hasOwnKeysOnly(message);
    if (hasWideNumber(message)) return;
    const written = encodeMessage(name, message);
    isSame(encodeMessage(name, decodeMessage(name, written)), written, "the same message, written again");
  },
};

/** Beyond what a number holds, or below zero: the server writes none. */
function hasWideNumber(value: unknown): boolean {
  if (typeof value === "number") return !Number.isSafeInteger(value) || value < 0;
  if (value instanceof Uint8Array || typeof value !== "object" || value === null) return false;
  return Object.values(value).some(hasWideNumber);
}
