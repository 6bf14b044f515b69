// Commands of the Centrifuge protocol in Protobuf; what they mean is the same in JSON.
import { decode } from "../../packages/server/src/dialects/centrifuge/decode.ts";
import { decodeProtobuf } from "../../packages/server/src/dialects/centrifuge/decode-protobuf.ts";
import { delimited } from "../../packages/server/src/dialects/centrifuge/encode-protobuf.ts";
import { encodeMessage, type Message } from "../../packages/server/src/dialects/centrifuge/protobuf.ts";
import { MalformedFrame } from "../../packages/server/src/dialects/dialect.ts";
import { defaultLimits } from "../../packages/server/src/options.ts";
import { isWellFormed, meaningOf, toJsonLine, toProtobuf } from "../commands.ts";
import { holds, isSame, readOr } from "../oracle.ts";
import type { Target } from "../target.ts";

const json = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));
const seed = (...commands: readonly Message[]): Uint8Array =>
  Buffer.concat(commands.map((command) => delimited(encodeMessage("Command", command))));

export const target: Target = {
  name: "centrifuge-protobuf",
  shape: "protobuf",
  files: [
    "server/src/dialects/centrifuge/decode.ts",
    "server/src/dialects/centrifuge/decode-protobuf.ts",
    "server/src/dialects/centrifuge/protobuf.ts",
  ],
  words: ["tide.publish", "tide.pause", "tide.rate", '{"channel":"c","rate":2}', '{"channel":"c","data":1,"key":"k"}'],
  seeds: [
    seed({ id: 1, connect: { token: "t", data: json({ a: 1 }), name: "n", headers: { a: "b" } } }),
    seed({ id: 1, connect: { subs: { news: { recover: true, epoch: "e", offset: 7 } } } }),
    seed({ id: 2, subscribe: { channel: "news", recover: true, epoch: "e", offset: 7, join_leave: true, flag: 2 } }),
    seed({ id: 2, subscribe: { channel: "news", flag: 1, delta: "fossil", tf: { key: "a", cmp: "eq", val: "b" } } }),
    seed({ id: 2, subscribe: { channel: "news", tf: { op: "or", nodes: [{ key: "a", cmp: "ex" }, {}] } } }),
    seed(
      { id: 3, publish: { channel: "lobby", data: json([1]) } },
      { id: 4, publish: { channel: "c", data: Uint8Array.of(0, 255) } },
    ),
    seed({ id: 5, history: { channel: "c", limit: 9, since: { epoch: "e", offset: 1 }, reverse: true } }),
    seed({ id: 6, rpc: { method: "tide.pause", data: json({ channel: "c" }) } }, { send: { data: json(1) } }, {}),
    seed(
      { id: 7, refresh: { token: "t" } },
      { id: 8, sub_refresh: { channel: "c", token: "t" } },
      { id: 9, presence: { channel: "c" } },
    ),
  ],
  run(input) {
    const commands = readOr(MalformedFrame, () => decodeProtobuf(input, defaultLimits));
    holds(
      commands === null || commands.length <= defaultLimits.commandsPerFrame,
      "more commands than a frame may have",
    );
    for (const command of commands ?? []) {
      isWellFormed(command);
      const written = toProtobuf(command);
      if (written === null) continue;
      const [again] = decodeProtobuf(delimited(written), defaultLimits);
      holds(again !== undefined, "its own words were not read");
      isSame(meaningOf(again), meaningOf(command), "the same command, written again");
      const line = toJsonLine(command);
      if (line === null) continue;
      const [inJson] = decode(line, { ...defaultLimits, jsonDepth: 40, jsonKeys: 65_536 });
      holds(inJson !== undefined, "its own words were not read in JSON");
      isSame(meaningOf(inJson), meaningOf(command), "the same command, written in JSON");
    }
  },
};
