// Scanning: limits exactly where they stand, and the payload as it was written.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MalformedFrame } from "../dialect.ts";
import { decode } from "./decode.ts";
import { scan } from "./scan.ts";

const limits = { jsonDepth: 8, jsonKeys: 5, commandsPerFrame: 3 };

const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);
const keys = (count: number): string => `{${Array.from({ length: count }, (_, at) => `"k${at}":${at}`).join(",")}}`;

function payloadOf(line: string): string | undefined {
  const [command] = decode(line, { ...limits, jsonDepth: 32, jsonKeys: 1_000 });
  return command?.kind === "publish" ? Buffer.from(command.payload.bytes).toString() : undefined;
}

describe("scan", () => {
  it.each([
    ["one below", 5, true],
    ["at the limit", 6, true],
    ["one above", 7, false],
  ])("depth %s", (_, depth, isTaken) => {
    const line = `{"id":2,"publish":{"channel":"c","data":${nested(depth)}}}`;
    if (isTaken) expect(scan(line, limits)).toBe(nested(depth));
    else expect(() => scan(line, limits)).toThrow("expected JSON at most 8 deep, got more");
  });

  it.each([
    ["one below", 4, true],
    ["at the limit", 5, true],
    ["one above", 6, false],
  ])("keys %s", (_, count, isTaken) => {
    const line = `{"id":2,"publish":{"channel":"c","data":${keys(count)}}}`;
    if (isTaken) expect(scan(line, limits)).toBe(keys(count));
    else expect(() => scan(line, limits)).toThrow("expected at most 5 keys in an object, got more");
  });

  it("holds its limits on the second command of a frame as on the first", () => {
    const good = '{"id":1,"unsubscribe":{"channel":"c"}}';
    for (const bad of [nested(7), keys(6)]) {
      const line = `{"id":2,"publish":{"channel":"c","data":${bad}}}`;
      expect(() => decode(line, limits)).toThrow(/^expected/);
      expect(() => decode(`${good}\n${line}`, limits)).toThrow(/^expected/);
    }
    expect(decode([good, good].join("\n"), limits)).toHaveLength(2);
    expect(decode([good, good, good].join("\n"), limits)).toHaveLength(3);
    expect(() => decode([good, good, good, good].join("\n"), limits)).toThrow("expected at most 3 commands in a frame");
  });

  it.each(['}}}{"a":1', '}{"publish":{"data":1}}', ']]]]{"a":{"b":{"c":1', "}".repeat(100_000)])(
    "leaves brackets that close nothing to JSON.parse (%#)",
    (line) => {
      expect(scan(line, limits)).toBeNull();
      expect(() => decode(line, limits)).toThrow(MalformedFrame);
    },
  );

  it("counts no keys, brackets or commas inside strings", () => {
    const text = JSON.stringify('{[,":\\"{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6}');
    expect(payloadOf(`{"id":2,"publish":{"channel":"c","data":${text}}}`)).toBe(text);
  });

  it.each(["__proto__", "constructor", "prototype"])(
    "refuses the key %s in a command, however it is written",
    (key) => {
      const spelt = `\\u${key.charCodeAt(0).toString(16).padStart(4, "0")}${key.slice(1)}`;
      for (const name of [key, spelt]) {
        expect(() => scan(`{"id":2,"${name}":{}}`, limits)).toThrow(`the key ${key} is not allowed`);
        expect(() => scan(`{"id":2,"publish":{"${name}":1}}`, limits)).toThrow(`the key ${key} is not allowed`);
      }
      // In a payload it is the application's, and passed on.
      expect(payloadOf(`{"id":2,"publish":{"channel":"c","data":{"${key}":1}}}`)).toBe(`{"${key}":1}`);
    },
  );

  it.each([
    ["a number of twenty digits", "12345678901234567890"],
    ["an exponent, a sign and zeros", "-1.50e+10"],
    ["unicode", '"héé 🌊 \u2028 \u2029"'],
    ["escapes", String.raw`"\u2028\ud83c\udf0a\"\\"`],
    ["escaped keys", String.raw`{"\u00e9":1,"a\"b":2,"d\u0061ta":3}`],
    ["nested data", '{"data":{"data":[{"data":1}]},"publish":{"data":2}}'],
    ["duplicate keys", '{"a":1,"a":2}'],
    ["spaces", '{ "a" : [ 1 , 2 ] }'],
    ["null", "null"],
    ["an empty text", '""'],
  ])("passes on %s as written", (_, data) => {
    expect(payloadOf(`{"id":2,"publish":{"channel":"c","data":${data}}}`)).toBe(data);
    expect(payloadOf(`{"id":2,"publish":{"data": ${data} ,"channel":"c"}}`)).toBe(data);
    expect(payloadOf(`{"id":2,"rpc":{"method":"tide.publish","data":{"channel":"c","data":${data}}}}`)).toBe(data);
  });

  it.each([
    ['{"id":2,"publish":{"channel":"c","data":1},"rpc":{"method":"x","data":{"data":2}}}', "1"],
    ['{"id":2,"rpc":{"method":"x","data":{"data":2}},"publish":{"channel":"c","data":1}}', "1"],
    ['{"id":2,"publish":{"data":1},"publish":{"channel":"c","data":2}}', "2"],
    ['{"id":2,"publish":{"channel":"c","data":1,"data":2}}', "2"],
    [String.raw`{"id":2,"publish":{"channel":"c","data":1,"d\u0061ta":2}}`, "2"],
    [
      '{"id":2,"publish":{"data":1},"publish":null,"rpc":{"method":"tide.publish","data":{"channel":"c","data":2}}}',
      "2",
    ],
    ['{"id":2,"rpc":{"method":"tide.publish","data":{"data":1},"data":{"channel":"c","data":2}}}', "2"],
  ])("takes the value that JSON.parse takes: %s", (line, data) => {
    expect(payloadOf(line)).toBe(data);
  });

  it("finds the payload of any value, however it is laid out", () => {
    const space = fc.constantFrom("", " ", "\t", "  ");
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), fc.string(), space, (data, channel, gap) => {
        const name = JSON.stringify(`c${channel}`);
        const line = `{${gap}"id":2,"publish"${gap}:${gap}{"channel":${name},"data":${gap}${data}${gap}}${gap}}`;
        expect(payloadOf(line)).toBe(data);
      }),
      { numRuns: 1_000 },
    );
  });
});
