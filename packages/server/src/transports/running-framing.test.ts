// Lines of JSON: one each, and in ASCII for those who would cut characters in two.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { asciiFraming, lineFraming } from "./running-framing.ts";

const json = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));

describe("a stream of messages", () => {
  it.each([lineFraming, asciiFraming])("$id: a JSON text is a line, and means what it meant", (framing) => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string({ unit: "binary" }), (value, text) => {
        const line = Buffer.from(framing.wrap(json([value, text]), "text")).toString();
        expect(line.endsWith("\n")).toBe(true);
        expect(line.indexOf("\n")).toBe(line.length - 1);
        expect(JSON.parse(line)).toEqual(JSON.parse(JSON.stringify([value, text])));
      }),
    );
  });

  it("in ASCII, decoding it piece by piece cuts no character", () => {
    const said = ["é😀漢字", "\u2028", "\ud83d"];
    const line = asciiFraming.wrap(json(said), "text");
    for (let at = 1; at < line.length; at += 1) {
      const pieces = [line.subarray(0, at), line.subarray(at)].map((piece) => new TextDecoder().decode(piece));
      expect(JSON.parse(pieces.join(""))).toEqual(said);
    }
  });

  it("leaves what is ASCII, and bytes, as they are", () => {
    const bytes = Uint8Array.of(3, 0xc3, 0x28, 0xff);
    expect(asciiFraming.wrap(bytes, "bytes")).toBe(bytes);
    expect(Buffer.from(asciiFraming.wrap(json("plain"), "text")).toString()).toBe('"plain"\n');
  });
});
