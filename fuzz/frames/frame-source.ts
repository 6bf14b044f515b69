// Where changed frames come from: the corpus of a target, changed by what a dialect's frames are made of.
import { Dice } from "../../simulation/world/dice.ts";
import { decode } from "../../packages/server/src/dialects/centrifuge/decode.ts";
import { decodeProtobuf } from "../../packages/server/src/dialects/centrifuge/decode-protobuf.ts";
import { MalformedFrame } from "../../packages/server/src/dialects/dialect.ts";
import { defaultLimits } from "../../packages/server/src/options.ts";
import { corpusOf } from "../files.ts";
import { Mutator } from "../mutate.ts";
import { load } from "../run-target.ts";
import type { Dialect } from "./dialects.ts";

/** Frames larger than this are rare anyway, and cost the driver more than the server. */
const maxBytes = 16_384;

const targets: Readonly<Record<Dialect, string>> = {
  json: "centrifuge-json",
  protobuf: "centrifuge-protobuf",
  raw: "raw-frames",
  "sse-post": "raw-posts",
};

const words = ["lobby", "news", "raw:a", "quotes", "witness", '{"id":"a"}'];

/** Frames that end a connection are let through this rarely: a new connection for every other frame would be most of the work. */
const lastsKept = 0.02;

export interface FrameSource {
  next(): Uint8Array;
}

export async function frameSource(dialect: Dialect, seed: number): Promise<FrameSource> {
  const target = await load(targets[dialect]);
  const mutator = new Mutator({ ...target, name: `frames ${dialect}`, words, maxBytes }, seed);
  const dice = new Dice(seed, "which frames end a connection");
  const corpus = corpusOf(target.name).map(({ input }) => input);
  const known = [...target.seeds.map((each) => new Uint8Array(Buffer.from(each))), ...corpus];
  const inputs = known.filter((input) => !isLast(dialect, input));
  const next = (): Uint8Array => {
    for (;;) {
      const frame = mutator.next(inputs);
      if (dice.chance(lastsKept) || !isLast(dialect, frame)) return frame;
    }
  };
  return { next };
}

/** Whether a server should end the connection for it, so that nothing behind it would be read. */
export function isLast(dialect: Dialect, frame: Uint8Array): boolean {
  if (dialect === "sse-post") return false;
  // Where history is kept, bytes are refused.
  if (dialect === "raw") return isBinary(dialect, frame);
  try {
    const text = dialect === "json" ? Buffer.from(frame).toString() : null;
    const read = text === null ? decodeProtobuf(frame, defaultLimits) : decode(text, defaultLimits);
    return read.some(({ kind }) => ending.has(kind));
  } catch (thrown) {
    if (thrown instanceof MalformedFrame) return true;
    throw thrown;
  }
}

/** Of a raw frame the first byte says its form. */
export function isBinary(dialect: Dialect, frame: Uint8Array): boolean {
  return dialect === "raw" ? ((frame[0] ?? 0) & 1) === 1 : dialect === "protobuf";
}

/** Commands that a connection which is connected ends for, where tokens are not verified. */
const ending: ReadonlySet<string> = new Set(["pong", "mark", "connect"]);
