// Mentions in a text: who is meant by an "@", where that stands, and what is no mention at all.
import { describe, expect, test } from "vitest";
import { keysIn, mentionBegunAt, mentionsIn, mostMentions } from "./mentions-in.ts";
import { nameKey } from "./person.ts";

const known = new Map(["Ada", "Ada Lovelace", "עומר", "🦀 Kai", "O'Neil"].map((name) => [nameKey(name), name]));
const mentions = (text: string): readonly (readonly [string, string])[] =>
  mentionsIn(text, (key) => known.get(key)).map(({ from, to, person }) => [text.slice(from, to), person]);

describe("who is mentioned, and where", () => {
  test.each([
    ["@Ada hello", [["@Ada", "Ada"]]],
    [
      "hello @ada, and @ADA!",
      [
        ["@ada", "Ada"],
        ["@ADA", "Ada"],
      ],
    ],
    ["@Ada Lovelace is here", [["@Ada Lovelace", "Ada Lovelace"]]],
    ["@Ada  Lovelace", [["@Ada  Lovelace", "Ada Lovelace"]]],
    ["@Adam", []],
    ["@Ada's", [["@Ada", "Ada"]]],
    ["(@Ada)", [["@Ada", "Ada"]]],
    ["write to me@ada", []],
    ["@ Ada", []],
    ["@", []],
    ["@@Ada", [["@Ada", "Ada"]]],
    ["@Lou\nAda", []],
    ["@עומר שלום", [["@עומר", "עומר"]]],
    ["🦀@🦀 Kai: look", [["@🦀 Kai", "🦀 Kai"]]],
    [
      "@O'Neil, @o'neil.",
      [
        ["@O'Neil", "O'Neil"],
        ["@o'neil", "O'Neil"],
      ],
    ],
  ])("%j", (text, expected) => {
    expect(mentions(text)).toEqual(expected);
  });

  test("as long as a name may be, and no longer", () => {
    const longest = "x".repeat(40);
    expect(mentionsIn(`@${longest}`, (key) => (key === longest ? 1 : undefined))).toEqual([
      { from: 0, to: 41, person: 1 },
    ]);
    expect(keysIn(`@${"x".repeat(41)}`)).toEqual([]);
    expect(keysIn(`@${"a ".repeat(2_000)}`).length).toBeLessThanOrEqual(40);
  });

  test("of a crowd only the first are read", () => {
    expect(mentionsIn("@a ".repeat(1_000), () => 1)).toHaveLength(mostMentions);
  });

  test("every name that is asked for is among the keys, each once", () => {
    const asked = new Set<string>();
    const text = "@Ada Lovelace and @ada (@🦀 Kai)";
    mentionsIn(text, (key) => void asked.add(key));
    expect(keysIn(text).toSorted()).toEqual([...asked].toSorted());
  });
});

describe("a mention that is being written", () => {
  test.each([
    ["@", { from: 0, typed: "" }],
    ["hello @a", { from: 6, typed: "a" }],
    ["@Ada Lov", { from: 0, typed: "Ada Lov" }],
    ["@one @two", { from: 5, typed: "two" }],
    ["(@", { from: 1, typed: "" }],
    ["me@ada", null],
    ["@ada\n", null],
    ["@ ", null],
    ["", null],
    [`@${"x".repeat(41)}`, null],
  ])("%j", (text, expected) => {
    expect(mentionBegunAt(text, text.length)).toEqual(expected);
  });

  test("ends at the caret, whatever stands behind it", () => {
    expect(mentionBegunAt("@Ada and more", 2)).toEqual({ from: 0, typed: "A" });
    expect(mentionBegunAt("@Ada", 0)).toBeNull();
  });
});
