// Commands of the Centrifuge protocol in JSON, as any client may send them.
import { decode } from "../../packages/server/src/dialects/centrifuge/decode.ts";
import { MalformedFrame } from "../../packages/server/src/dialects/dialect.ts";
import { defaultLimits } from "../../packages/server/src/options.ts";
import { isWellFormed, meaningOf, toJsonLine } from "../commands.ts";
import { holds, isSame, readOr } from "../oracle.ts";
import type { Target } from "../target.ts";

const decoder = new TextDecoder();

export const target: Target = {
  name: "centrifuge-json",
  shape: "json",
  files: [
    "server/src/dialects/centrifuge/decode.ts",
    "server/src/dialects/centrifuge/scan.ts",
    "server/src/dialects/centrifuge/schema.ts",
  ],
  seeds: [
    '{"id":1,"connect":{"token":"t","data":{"a":1},"tide":{"window":4194304},"subs":{"c":{"recover":true,"epoch":"e","offset":7,"tide":{"last":"x"}}}}}',
    '{"id":2,"subscribe":{"channel":"news","recover":true,"epoch":"e","offset":7,"join_leave":true,"flag":2,"tide":{"paused":true,"rate":2,"last":"x"}}}',
    '{"id":3,"publish":{"channel":"lobby","data":[1,{"b":"c"}]}}\n{}\n{"mark":4}',
    '{"id":4,"rpc":{"method":"tide.publish","data":{"channel":"c","key":"k","data":12345678901234567890}}}',
    String.raw`{"id":8,"publish":{"channel":"c","data":"a \"b\" c"}}`,
    '{"id":5,"history":{"channel":"c","limit":-1,"since":{"epoch":"e","offset":1},"reverse":true}}',
    '{"id":6,"rpc":{"method":"tide.rate","data":{"channel":"c","rate":0.5}}}\n{"id":7,"rpc":{"method":"m","data":1,"tide":{"timeout":5}}}',
  ],
  run(input) {
    const commands = readOr(MalformedFrame, () => decode(decoder.decode(input), defaultLimits));
    holds(
      commands === null || commands.length <= defaultLimits.commandsPerFrame,
      "more commands than a frame may have",
    );
    for (const command of commands ?? []) {
      isWellFormed(command);
      const line = toJsonLine(command);
      if (line === null) continue;
      // A payload as it was written may be deeper in another method's place.
      const [again] = readOr(MalformedFrame, () => decode(line, { ...defaultLimits, jsonDepth: 40 })) ?? [];
      holds(again !== undefined, `its own words were not read: ${line.slice(0, 200)}`);
      isSame(meaningOf(again), meaningOf(command), "the same command, written again");
    }
  },
};
