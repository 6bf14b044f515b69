// Bugs as decoders have them, each a small change to one file; fuzzing finds each of them (see simulation/planted/plant.ts).
import type { PlantedBug } from "../simulation/planted/bugs.ts";

export interface PlantedDecoderBug extends PlantedBug {
  /** The target that finds it. */
  readonly target: string;
}

export const plantedDecoderBugs: readonly PlantedDecoderBug[] = [
  {
    name: "brackets that close nothing are counted",
    promise: "a typed error",
    target: "centrifuge-json",
    file: "server/src/dialects/centrifuge/scan.ts",
    find: "if (this.#depth === this.#lowest) return void (this.#at = this.#text.length);",
    replace: "",
  },
  {
    name: "an escaped quote ends a text",
    promise: "equal meaning",
    target: "centrifuge-json",
    file: "server/src/dialects/centrifuge/scan.ts",
    find: "if (character === backslash) end += 1;",
    replace: "",
  },
  {
    name: "an offset need not be whole",
    promise: "equal meaning",
    target: "centrifuge-json",
    file: "server/src/dialects/centrifuge/decode.ts",
    find: 'const isPosition = typeof epoch === "string" && Number.isSafeInteger(offset) && (offset as number) >= 0;',
    replace: 'const isPosition = typeof epoch === "string" && typeof offset === "number";',
  },
  {
    name: "a map has a prototype",
    promise: "own keys only",
    target: "protobuf-messages",
    file: "server/src/dialects/centrifuge/protobuf.ts",
    find: "const map = (message[name] ??= Object.create(null) as Record<string, unknown>) as Record<string, unknown>;",
    replace: "const map = (message[name] ??= {}) as Record<string, unknown>;",
  },
  {
    name: "a carriage return ends no line",
    promise: "equal meaning",
    target: "event-framing",
    file: "server/src/transports/event-framing.ts",
    find: "if (!payload.includes(lineFeed) && !payload.includes(carriageReturn)) return payload;",
    replace: "if (!payload.includes(lineFeed)) return payload;",
  },
  {
    name: "what a balancer forwards is believed to be an address",
    promise: "equal meaning",
    target: "addresses",
    file: "server/src/transports/address.ts",
    find: "if (isIP(before) === 0) return address;",
    replace: 'if (before === "") return address;',
  },
  {
    name: "a pattern's own characters mean something",
    promise: "a typed error",
    target: "channel-names",
    file: "protocol/src/channel-name.ts",
    find: "return literal.replaceAll(/[.*+?^${}()|[\\]\\\\]/g, String.raw`\\$&`);",
    replace: "return literal;",
  },
  {
    name: "whatever a server says counts as an object",
    promise: "a typed error",
    target: "client",
    file: "client/src/wire.ts",
    find: 'return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : wrong("a message");',
    replace: "return value as Fields;",
  },
];
