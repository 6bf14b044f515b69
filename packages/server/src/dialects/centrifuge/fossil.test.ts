// Fossil patches: whoever applies them has the target, byte for byte, and a patch of texts is a text.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { applyPatch } from "../../testing/fossil.ts";
import { patchOf } from "./fossil.ts";

const bytes = (text: string): Buffer => Buffer.from(text);

describe("a Fossil patch", () => {
  it("is as the format's description has it", () => {
    const base = bytes('{"symbol":"ACME","bid":100.25,"ask":100.30,"time":1700000000}');
    const target = bytes('{"symbol":"ACME","bid":100.25,"ask":100.31,"time":1700000001}');
    const patch = patchOf(base, target);
    expect(patch).not.toBeNull();
    expect(applyPatch(base, patch ?? bytes(""))).toEqual(target);
    expect(patch?.length).toBeLessThan(40);
  });

  it("finds what has moved", () => {
    const part = (from: number): string => Array.from({ length: 40 }, (_, n) => `item ${from + n};`).join("");
    const base = bytes(part(0) + part(100) + part(200));
    const target = bytes(`${part(200)}new${part(0)}${part(100)}`);
    const patch = patchOf(base, target) ?? bytes("");
    expect(applyPatch(base, patch)).toEqual(target);
    expect(patch.length).toBeLessThan(80);
  });

  it("is none where it would not be shorter", () => {
    expect(patchOf(bytes("1"), bytes("2"))).toBeNull();
    expect(patchOf(bytes(""), bytes("something else"))).toBeNull();
    expect(patchOf(bytes("same"), bytes("same"))).toBeNull();
  });

  const word = fc.constantFrom(
    '{"text":"',
    "é",
    "😀",
    "😁",
    "👩‍👩‍👧",
    "ß",
    "a",
    "0123456789abcdef",
    "漢字かな交じり文",
    '","n":',
    "日本",
  );
  const text = fc.array(word, { maxLength: 60 }).map((words) => words.join(""));

  it("of texts is a text, and makes the target", () => {
    const strict = new TextDecoder("utf-8", { fatal: true });
    fc.assert(
      fc.property(fc.tuple(text, text, text, text), ([before, one, other, after]) => {
        const [base, target] = [bytes(before + one + after), bytes(before + other + after + one)];
        const patch = patchOf(base, target);
        if (patch === null) return;
        expect(patch.length).toBeLessThan(target.length);
        expect(applyPatch(base, patch)).toEqual(target);
        expect(() => strict.decode(patch)).not.toThrow();
      }),
      { numRuns: 1_000 },
    );
  });

  it("of any bytes makes the target", () => {
    const any = fc.uint8Array({ maxLength: 300 });
    fc.assert(
      fc.property(any, any, any, (one, other, third) => {
        const [base, target] = [Buffer.concat([one, other, third]), Buffer.concat([other, one, third])];
        const patch = patchOf(base, target);
        if (patch !== null) expect(applyPatch(base, patch)).toEqual(target);
      }),
      { numRuns: 1_000 },
    );
  });

  it("is found in steps that grow with the length alone, whatever the bytes are", () => {
    const [high, other] = [Buffer.alloc(200_000, 0x80), Buffer.alloc(200_000, 0xc3)];
    const base = Buffer.concat([bytes("a"), high, other]);
    const target = Buffer.concat([other, bytes("b"), high]);
    const patch = patchOf(base, target) ?? bytes("");
    expect(applyPatch(base, patch)).toEqual(target);
  });
});
