// Names in a text: who is meant by an "@", and what is no mention at all.
import { expect, test } from "vitest";
import { nameKey } from "../../contract/person.ts";
import { mostMentions, namesIn } from "./names-in.ts";

const chosenFrom = (known: readonly string[], text: string): readonly (string | undefined)[] => {
  const keys = new Set(known.map(nameKey));
  return namesIn(text).map((candidates) => candidates.find((key) => keys.has(key)));
};

test.each([
  ["@Ada hello", ["ada"]],
  ["hello @ada, and @ADA!", ["ada", "ada"]],
  ["@Ada Lovelace is here", ["ada lovelace"]],
  ["@Ada  Lovelace", ["ada lovelace"]],
  ["@Adam", [undefined]],
  ["@Ada's", ["ada"]],
  ["(@Ada)", ["ada"]],
  ["write to me@ada", []],
  ["@ Ada", []],
  ["@", []],
  ["@@Ada", ["ada"]],
  ["@Lou\nAda", [undefined]],
  ["@עומר שלום", ["עומר"]],
  ["@🦀 Kai: look", ["🦀 kai"]],
  ["@O'Neil, @o'neil.", ["o'neil", "o'neil"]],
])("%j", (text, expected) => {
  expect(chosenFrom(["Ada", "Ada Lovelace", "עומר", "🦀 Kai", "O'Neil"], text)).toEqual(expected);
});

test("as long as a name may be, and no longer", () => {
  const longest = "x".repeat(40);
  expect(chosenFrom([longest], `@${longest}`)).toEqual([longest]);
  expect(namesIn(`@${"x".repeat(41)}`)).toEqual([]);
  expect(namesIn(`@${"a ".repeat(2_000)}`).flat().length).toBeLessThanOrEqual(40);
});

test("of a crowd only the first are read", () => {
  expect(namesIn("@a ".repeat(1_000))).toHaveLength(mostMentions);
});
