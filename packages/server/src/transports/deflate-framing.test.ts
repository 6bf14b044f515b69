// Framing with compression: each frame inflates by itself, in the window that was agreed on.
import { createHash } from "node:crypto";
import { constants, inflateRawSync } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Metrics } from "../ports/metrics.ts";
import { deflateFraming } from "./deflate-framing.ts";
import { webSocketFraming } from "./framing.ts";

const tail = Buffer.from([0, 0, 0xff, 0xff]);

/** Bytes that do not compress, the same in every run. */
function noiseOf(bytes: number): Buffer {
  const hashes = Array.from({ length: Math.ceil(bytes / 32) }, (_, at) =>
    createHash("sha256").update(`${at}`).digest(),
  );
  return Buffer.concat(hashes).subarray(0, bytes);
}

function payloadOf(frame: Uint8Array, windowBits: number): Buffer {
  const bytes = Buffer.from(frame);
  const short = bytes.readUInt8(1);
  const deflated = bytes.subarray(short < 126 ? 2 : short === 126 ? 4 : 10);
  // zlib also reaches back into what it has just put out: only small chunks hold it to a small window.
  const options = { windowBits, chunkSize: 2 ** windowBits, finishFlush: constants.Z_SYNC_FLUSH };
  return inflateRawSync(Buffer.concat([deflated, tail]), options);
}

test.each([9, 15] as const)("what it frames inflates in a window of 2^%i bytes", (windowBits) => {
  const framing = deflateFraming({ fromBytes: 1, windowBits, metrics: new Metrics() });
  fc.assert(
    fc.property(fc.string({ maxLength: 40 }), fc.integer({ min: 20, max: 4_000 }), (piece, times) => {
      const payload = Buffer.from(`${piece}, and the rest, ${times}; `.repeat(times));
      const frame = framing.wrap(payload, "text");
      expect(frame[0]).toBe(0xc1);
      expect(payloadOf(frame, windowBits).equals(payload)).toBe(true);
    }),
    { numRuns: 50 },
  );
});

test("the small window is kept to: what it makes does not fit what the large one makes", () => {
  const noise = noiseOf(300);
  const payload = Buffer.concat([noise, Buffer.alloc(3_000, "abc"), noise]);
  const small = deflateFraming({ fromBytes: 1, windowBits: 9, metrics: new Metrics() }).wrap(payload, "bytes");
  expect(small[0]).toBe(0xc2);
  expect(payloadOf(small, 9).equals(payload)).toBe(true);
  const large = deflateFraming({ fromBytes: 1, windowBits: 15, metrics: new Metrics() }).wrap(payload, "bytes");
  expect(() => payloadOf(large, 9)).toThrow("invalid distance too far back");
});

test("small messages, and those that would not become smaller, go as they are", () => {
  const framing = deflateFraming({ fromBytes: 1_024, windowBits: 15, metrics: new Metrics() });
  const small = Buffer.alloc(1_023, "a");
  for (const payload of [small, noiseOf(5_000)]) {
    expect(framing.wrap(payload, "bytes")).toEqual(webSocketFraming.wrap(payload, "bytes"));
  }
  expect(framing.wrap(Buffer.alloc(1_024, "a"), "bytes")[0]).toBe(0xc2);
});

test("it counts what it compressed, and what that gained", () => {
  const metrics = new Metrics();
  const framing = deflateFraming({ fromBytes: 100, windowBits: 15, metrics });
  const frames = [framing.wrap(Buffer.alloc(99), "text"), framing.wrap(Buffer.alloc(5_000, "ab"), "text")];
  expect(metrics.get("messages_deflated")).toBe(1);
  expect(metrics.get("deflate_bytes_before")).toBe(5_000);
  expect(metrics.get("deflate_bytes_after")).toBe((frames[1]?.length ?? 0) - 2);
});
