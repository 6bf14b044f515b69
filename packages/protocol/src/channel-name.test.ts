// Channel names and patterns: what is refused, and that a name leads back to the parameters it was made of.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { channelNameProblem, compilePattern, maxChannelNameBytes } from "./channel-name.ts";

describe("a name", () => {
  test.each([
    "a",
    "public:general",
    "chat:größe",
    "price €",
    "😀",
    "$private",
    "#42",
    "x".repeat(255),
    "é".repeat(127),
  ])("may be %j", (name) => {
    expect(channelNameProblem(name)).toBeNull();
  });

  test.each([
    ["", "not empty"],
    ["x".repeat(256), "255 bytes"],
    ["é".repeat(128), "has 256"],
    ["€".repeat(86), "has 258"],
    ["😀".repeat(64), "has 256"],
    ["a\nb", "control"],
    ["a\u0000", "control"],
    ["a\u007f", "control"],
    ["a\u2028b", "control"],
    ["\ud800", "surrogates"],
    ["a\udc00", "surrogates"],
  ])("may not be %j", (name, problem) => {
    expect(channelNameProblem(name)).toContain(problem);
  });

  test("of any text is judged by its bytes, as an encoder counts them", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", minLength: 1, maxLength: 300 }), (name) => {
        const isLong = new TextEncoder().encode(name).length > maxChannelNameBytes;
        expect(channelNameProblem(name)?.includes("bytes") ?? false).toBe(isLong);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe("a pattern", () => {
  const value = fc
    .string({ unit: "grapheme", minLength: 1, maxLength: 20 })
    .filter((text) => !text.includes(":") && channelNameProblem(text) === null);

  test("leads from parameters to a name and back, whatever the parameters are", () => {
    const patterns = [
      "chat:{room}",
      "{a}",
      "thread:{room}:{id}",
      "a{x}b:{y}c",
      "{a}:.*+?^${b}()[]|\\".replace("${", "{"),
      "user-{id}:x",
    ];
    for (const source of patterns) {
      const pattern = compilePattern(source);
      const params = fc.record(Object.fromEntries(pattern.paramNames.map((name) => [name, value])));
      fc.assert(
        fc.property(params, (given) => {
          expect({ ...pattern.match(pattern.build(given)) }).toEqual(given);
        }),
        { numRuns: 300 },
      );
    }
  });

  test("without parameters matches its own name alone", () => {
    const pattern = compilePattern("feed:numbers");
    expect(pattern.paramNames).toEqual([]);
    expect(pattern.build({})).toBe("feed:numbers");
    expect(pattern.match("feed:numbers")).toEqual({});
    for (const name of ["feed:number", "feed:numbers2", "xfeed:numbers", "feed:numbers\n", ""]) {
      expect(pattern.match(name)).toBeNull();
    }
  });

  test.each(["chat:", "chat:a:b", "Chat:a", "chat", "xchat:a", "chat:\n:"])("of rooms does not match %j", (name) => {
    expect(compilePattern("chat:{room}").match(name)).toBeNull();
  });

  test("matches parameters named like what every object has, without touching it", () => {
    const params = compilePattern("x:{__proto__}:{constructor}").match("x:a:b");
    expect(Object.entries(params ?? {})).toEqual([
      ["__proto__", "a"],
      ["constructor", "b"],
    ]);
  });

  test.each([
    ["{a}{b}", '":" between'],
    ["{a}-{b}", '":" between'],
    ["{a}:{a}", "once"],
    ["{}", "reads {name}"],
    ["{1}", "reads {name}"],
    ["a}", "reads {name}"],
    ["{a", "reads {name}"],
    ["", "not empty"],
    ["a\n{b}", "control"],
  ])("may not be %j", (source, problem) => {
    expect(() => compilePattern(source)).toThrow(problem);
    expect(() => compilePattern(source)).toThrow(TypeError);
  });

  test.each([[{}], [{ room: "" }], [{ room: "a:b" }], [{ room: "a\n" }], [{ room: "x".repeat(251) }]])(
    "makes no name of %j",
    (params) => {
      expect(() => compilePattern("chat:{room}").build(params)).toThrow(TypeError);
    },
  );
});
