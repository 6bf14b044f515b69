// What a page shows as a difference is one, or the test of the guide would hold nothing.
import { expect, test } from "vitest";
import { applyDifference, parseDifference } from "./diff.ts";

const before = "one\ntwo\nthree\nfour\nfive\n";
const shown = "--- a/x.ts\n+++ b/x.ts\n@@ -1,2 +1,2 @@\n one\n-two\n+2\n@@ -4,2 +4,3 @@\n four\n+4.5\n five\n";

test("its hunks are applied in their order", () => {
  const difference = parseDifference(shown);
  expect(difference).toMatchObject({ from: "a/x.ts", to: "b/x.ts" });
  expect(applyDifference(before, difference)).toBe("one\n2\nthree\nfour\n4.5\nfive\n");
});

test.each([
  ["a line that is not there", shown.replace("-two", "-2")],
  ["hunks that go back", "--- a\n+++ b\n@@ @@\n four\n@@ @@\n one\n"],
])("%s is found out", (_what, text) => {
  expect(() => applyDifference(before, parseDifference(text))).toThrow("not found, in this order");
});

test.each([
  ["without names", "@@ @@\n one\n"],
  ["with prose in it", `${shown}and so on\n`],
  ["with lines before the first hunk", "--- a\n+++ b\n one\n"],
])("%s it is refused", (_what, text) => {
  expect(() => parseDifference(text)).toThrow(/expected "--- a"|no line of a difference/);
});
