// Bugs as decoders have them, each a small change to one file; fuzzing finds each of them (see simulation/planted/plant.ts).
import type { PlantedBug } from "../simulation/planted/bugs.ts";

export interface PlantedDecoderBug extends Omit<PlantedBug, "promise"> {
  /** The target that finds it. */
  readonly target: string;
}

export const plantedDecoderBugs: readonly PlantedDecoderBug[] = [
  {
    name: "brackets below the ground are counted",
    target: "centrifuge-json",
    file: "server/src/dialects/centrifuge/scan.ts",
    find: "if (this.#depth === this.#lowest) return void (this.#at = this.#text.length);",
    replace: "",
  },
  {
    name: "a key that is written again keeps its first payload",
    target: "centrifuge-json",
    file: "server/src/dialects/centrifuge/scan.ts",
    find: "if (known === path || known.startsWith(`${path}.`)) this.#payloads.delete(known);",
    replace: "",
  },
  {
    name: "a message may end behind its frame",
    target: "centrifuge-protobuf",
    file: "server/src/dialects/centrifuge/decode-protobuf.ts",
    find: "const value = JSON.parse(text) as unknown;\n    scanPayload(text, limits);",
    replace: "const value = JSON.parse(text) as unknown;\n    if (text.length > 40) throw new TypeError(text);",
  },
  {
    name: "a carriage return ends no line",
    target: "event-framing",
    file: "server/src/transports/event-framing.ts",
    find: "if (!payload.includes(lineFeed) && !payload.includes(carriageReturn)) return payload;",
    replace: "if (!payload.includes(lineFeed)) return payload;",
  },
  {
    name: "a publication without an object around it",
    target: "client",
    file: "client/src/wire.ts",
    find: 'return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : wrong("a message");',
    replace: "return value as Fields;",
  },
];
