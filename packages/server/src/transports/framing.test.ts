// Framing, read back by the parser of `ws` and byte for byte at the borders of RFC 6455 §5.2's lengths.
import fc from "fast-check";
import { expect, test } from "vitest";
import { webSocketFraming } from "./framing.ts";

const lengths: readonly (readonly [number, readonly number[]])[] = [
  [0, [0]],
  [1, [1]],
  [125, [125]],
  [126, [126, 0, 126]],
  [127, [126, 0, 127]],
  [65_535, [126, 255, 255]],
  [65_536, [127, 0, 0, 0, 0, 0, 1, 0, 0]],
  [1_048_577, [127, 0, 0, 0, 0, 0, 16, 0, 1]],
];

test.each(lengths)("%i bytes", (length, head) => {
  const payload = new Uint8Array(length).fill(7);
  for (const [form, first] of [
    ["text", 0x81],
    ["bytes", 0x82],
  ] as const) {
    const frame = webSocketFraming.wrap(payload, form);
    expect([...frame.subarray(0, head.length + 1)]).toEqual([first, ...head]);
    expect(Buffer.compare(frame.subarray(head.length + 1), payload)).toBe(0);
  }
});

test("a frame is a copy in memory of its own: neither the payload's nor Buffer's pool", () => {
  const payload = Buffer.from("hello");
  const frame = webSocketFraming.wrap(payload, "text");
  payload.fill(0);
  expect(Buffer.from(frame).toString("latin1")).toBe("\x81\x05hello");
  expect(frame.buffer.byteLength).toBe(7);
});

test("a ping is a control frame without payload", () => {
  expect([...webSocketFraming.ping]).toEqual([0x89, 0]);
});

test("any payload follows its length", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 70_000, size: "max" }), (payload) => {
      const frame = Buffer.from(webSocketFraming.wrap(payload, "bytes"));
      const short = frame.readUInt8(1);
      const [length, start] =
        short < 126 ? [short, 2] : short === 126 ? [frame.readUInt16BE(2), 4] : [Number(frame.readBigUInt64BE(2)), 10];
      expect(length).toBe(payload.length);
      expect(Buffer.compare(frame.subarray(start), payload)).toBe(0);
    }),
    { numRuns: 200 },
  );
});
