// What a bare WebSocket sends: a publication, or the words pause and resume; and how it is shown to the others.
import { raw } from "../../packages/server/src/dialects/raw/raw.ts";
import { wordsOf } from "../../packages/server/src/dialects/raw/words.ts";
import { defaultLimits } from "../../packages/server/src/options.ts";
import { webSocketFraming } from "../../packages/server/src/transports/framing.ts";
import { hasOwnKeysOnly, holds, isSame } from "../oracle.ts";
import type { Target } from "../target.ts";

const speakerFor = (takesPublications: boolean): ReturnType<typeof raw> =>
  raw(webSocketFraming, {
    channel: "c",
    token: "",
    greeting: undefined,
    takesPublications,
    limits: defaultLimits,
    opened: () => undefined,
  });
const [writer, reader] = [speakerFor(true), speakerFor(false)];

/** The first byte says who speaks and in what form. */
export const target: Target = {
  name: "raw-frames",
  shape: "bytes",
  files: ["server/src/dialects/raw/raw.ts", "server/src/dialects/raw/words.ts"],
  seeds: ['0{"a":1}', '0"quoted"', "0hello", "2pause", "2 resume\n", "1\0\u00ff", "0\ufeff1"],
  run(input) {
    const bits = input[0] ?? 0;
    const form = (bits & 1) === 0 ? "text" : "bytes";
    const said = input.slice(1);
    const [command] = ((bits & 2) === 0 ? writer : reader).decode(said, form);
    holds(command !== undefined, "expected a command");
    hasOwnKeysOnly(command);
    if (command.kind !== "publish") {
      holds(["pause", "resume", "invalid"].includes(command.kind), `expected no ${command.kind}`);
      return;
    }
    const { bytes, form: taken, value } = command.payload;
    isSame(Buffer.from(bytes).toString("base64"), Buffer.from(said).toString("base64"), "the bytes of a payload");
    if (taken === "json")
      isSame(JSON.stringify(value), JSON.stringify(JSON.parse(Buffer.from(bytes).toString())), "the value");
    // What is published is written over its reader's buffer the next moment.
    said.fill(0);
    isSame(
      Buffer.from(wordsOf({ data: bytes, form: taken })).toString("base64"),
      Buffer.from(input.slice(1)).toString("base64"),
      "what others are shown",
    );
  },
};
