// Messages that clients compress, in as many fragments as they like; and our own frames, which have to inflate again.
import { defaultLimits } from "../../packages/server/src/options.ts";
import { systemClock } from "../../packages/server/src/ports/clock.ts";
import { Metrics } from "../../packages/server/src/ports/metrics.ts";
import { Turns } from "../../packages/server/src/session/turns.ts";
import { splitFrames } from "../../packages/server/src/testing/frames.ts";
import { deflateFraming } from "../../packages/server/src/transports/deflate-framing.ts";
import { inflation } from "../../packages/server/src/transports/inflation.ts";
import { deflateRawSync } from "node:zlib";
import { holds } from "../oracle.ts";
import type { Target } from "../target.ts";

const maxBytes = defaultLimits.messageBytes;
const clock = { ...systemClock, defer: (act: () => void) => act() };
const turns = new Turns(clock);
const metrics = new Metrics();
const framings = ([9, 15] as const).map((windowBits) => deflateFraming({ fromBytes: 1, windowBits, metrics }));
const bomb = deflateRawSync(Buffer.alloc(1_000_000));

/** Inflates in so many fragments; the close code where it failed. */
function inflate(bytes: Buffer, fragments: number): Buffer | 1007 | 1009 {
  let [code, message, answers]: [1007 | 1009 | null, Buffer | null, number] = [null, null, 0];
  const inflating = inflation({ clock, turns, maxBytes, fail: (failed) => (code = failed) });
  const size = Math.ceil(bytes.length / fragments);
  for (let part = 0; part < fragments; part += 1) {
    const isLast = part === fragments - 1;
    inflating.decompress(bytes.subarray(part * size, (part + 1) * size), isLast, (error, whole) => {
      answers += 1;
      holds((error === null) === (code === null), "the connection and the parser were told differently");
      if (isLast && error === null) message = whole ?? null;
    });
  }
  holds(answers === fragments, `expected ${fragments} answers, got ${answers}`);
  const result: Buffer | 1007 | 1009 | null = code ?? message;
  holds(result !== null, "neither a message nor a failure");
  return result;
}

/** The first byte says how many fragments there are. */
export const target: Target = {
  name: "deflate",
  shape: "bytes",
  files: ["server/src/transports/inflation.ts", "server/src/transports/deflate-framing.ts"],
  seeds: [
    Buffer.concat([Buffer.of(1), deflateRawSync(Buffer.from("hello, hello, hello"))]),
    Buffer.concat([Buffer.of(3), bomb]),
    Buffer.concat([Buffer.of(2), deflateRawSync(Buffer.from("a stored block"), { level: 0 })]),
    Buffer.of(1, 0xff, 0xff),
  ],
  run(input) {
    const inflated = inflate(Buffer.from(input.subarray(1)), 1 + ((input[0] ?? 0) % 5));
    if (typeof inflated !== "number")
      holds(inflated.length <= maxBytes, `expected ${maxBytes} bytes, got ${inflated.length}`);
    for (const framing of framings) {
      const written = Buffer.from(framing.wrap(input, "bytes"));
      // RFC 7692 §6: the first reserved bit says so.
      const isDeflated = ((written[0] ?? 0) & 0x40) > 0;
      written[0] = (written[0] ?? 0) & ~0x40;
      const [frame] = splitFrames(written).messages;
      holds(frame !== undefined, "a frame that is none");
      const again = isDeflated ? inflate(frame.payload, 1) : frame.payload;
      holds(input.length > maxBytes || (typeof again !== "number" && again.equals(input)), "it does not inflate again");
    }
  },
};
