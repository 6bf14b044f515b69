// Frames are found wherever the stream is cut, and the mark in each, wherever it stands.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fillingOf, MarkReader, markOf } from "../mark.ts";
import { clientFrame, FrameReader, opcodes } from "./frames.ts";

function serverFrame(payload: Buffer): Buffer {
  const { length } = payload;
  const long = Buffer.of(0x81, 127, 0, 0, 0, 0, 0, 0, 0, 0);
  if (length < 126) return Buffer.concat([Buffer.of(0x81, length), payload]);
  if (length < 65_536) return Buffer.concat([Buffer.of(0x81, 126, length >> 8, length & 0xff), payload]);
  long.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([long, payload]);
}

function read(stream: Buffer, cuts: readonly number[]): string[] {
  const found: string[] = [];
  const reader = new FrameReader(({ bytes, start, end }) => found.push(bytes.toString("latin1", start, end)));
  // As from a socket whose buffer is written over with each read.
  const shared = Buffer.alloc(stream.length);
  let from = 0;
  for (const to of [...cuts, stream.length].sort((one, other) => one - other)) {
    stream.copy(shared, 0, from, to);
    reader.read(shared.subarray(0, to - from));
    shared.fill(0);
    from = to;
  }
  return found;
}

describe("frames", () => {
  it("of every length, however the stream is cut", () => {
    const payloads = [
      "",
      "a",
      "b".repeat(125),
      "c".repeat(126),
      "d".repeat(300),
      "e".repeat(65_535),
      "f".repeat(70_000),
    ];
    const stream = Buffer.concat(payloads.map((payload) => serverFrame(Buffer.from(payload))));
    const cuts = fc.array(fc.integer({ min: 0, max: stream.length }), { maxLength: 8 });
    fc.assert(
      fc.property(cuts, (given) => {
        expect(read(stream, given)).toEqual(payloads);
      }),
    );
    const head = stream.subarray(0, 800);
    expect(read(head, [...head.keys()])).toEqual(payloads.slice(0, 5));
  });

  it("a client's are masked, with zeros", () => {
    expect(clientFrame(opcodes.text, Buffer.from("{}"))).toEqual(Buffer.of(0x81, 0x82, 0, 0, 0, 0, 0x7b, 0x7d));
    const long = clientFrame(opcodes.text, Buffer.alloc(300));
    expect([long.length, long.subarray(0, 8)]).toEqual([308, Buffer.of(0x81, 0xfe, 1, 44, 0, 0, 0, 0)]);
  });
});

describe("marks", () => {
  const payload = JSON.stringify({
    mark: markOf({ phase: 2, place: 99_999, n: 77, atUs: 5_400_000_123 }),
    text: fillingOf(100),
  });

  it("payloads have the size that was asked for", () => {
    expect(Buffer.byteLength(payload)).toBe(100);
    expect(() => fillingOf(40)).toThrow(RangeError);
  });

  it("are read wherever they stand, and not found in other words", () => {
    const marks = new MarkReader();
    for (const before of ["", '42["publication",', "####", '{"push":{"channel":"bench:0","pub":{"data":', ""]) {
      const bytes = Buffer.from(`..${before}${payload}}..`);
      expect(marks.read(bytes, 2, bytes.length - 2)).toBe(true);
      expect([marks.phase, marks.place, marks.n, marks.atUs]).toEqual([2, 99_999, 77, 5_400_000_123]);
    }
    for (const words of ["{}", '{"id":1,"connect":{}}', `#${"1".repeat(40)}`, ""]) {
      expect(marks.read(Buffer.from(words), 0, words.length)).toBe(false);
    }
  });
});
