// What counts as a difference between a suite's run and what is on record.
import { expect, test } from "vitest";
import { bestOf, differences, type Expectation, recordOf, type Result, unexplained } from "./outcome.ts";

const source = { repository: "a/b", version: "1.0", commit: "c0ffee" };
const record: Expectation = {
  ...source,
  passed: 1,
  failing: [{ reason: "later", tests: ["fails"] }],
  skipped: [{ reason: "not here", tests: ["sleeps"] }],
  leftOut: [{ reason: "never", tests: ["rests"] }],
};
const asRecorded: readonly Result[] = [
  { name: "passes", outcome: "passed" },
  { name: "fails", outcome: "failed" },
  { name: "sleeps", outcome: "skipped" },
  { name: "rests", outcome: "left out" },
];
const but = (name: string, outcome: Result["outcome"]): readonly Result[] =>
  asRecorded.map((result) => (result.name === name ? { name, outcome } : result));

test("a run that is as recorded differs in nothing", () => {
  expect(differences(record, asRecorded)).toEqual([]);
});

test.each([
  ["a test that fails", but("passes", "failed"), ["passes: expected passed, got failed"]],
  ["a test that passes after all", but("fails", "passed"), ["fails: expected failed, got passed"]],
  ["a test that is skipped", but("passes", "skipped"), ["passes: expected passed, got skipped"]],
  ["a test that is not skipped any more", but("sleeps", "passed"), ["sleeps: expected skipped, got passed"]],
  ["a test that is run after all", but("rests", "failed"), ["rests: expected left out, got failed"]],
  ["a test that is gone", asRecorded.slice(0, 3), ["rests: is on record, but not in the suite"]],
  ["a passing test that is gone", asRecorded.slice(1), ["expected 1 passed, got 0"]],
  ["one test more", [...asRecorded, { name: "new", outcome: "passed" as const }], ["expected 1 passed, got 2"]],
  [
    "one failing test more",
    [...asRecorded, { name: "new", outcome: "failed" as const }],
    ["new: expected passed, got failed"],
  ],
])("%s is a difference", (_name, results, said) => {
  expect(differences(record, results)).toEqual(said);
});

test("a new record keeps the reasons that are known, and asks for the others", () => {
  const results = [...but("rests", "failed"), { name: "new", outcome: "failed" as const }];
  expect(recordOf(source, results, record)).toEqual({
    ...source,
    passed: 1,
    failing: [
      { reason: "later", tests: ["fails"] },
      { reason: "never", tests: ["rests"] },
      { reason: unexplained, tests: ["new"] },
    ],
    skipped: record.skipped,
    leftOut: [],
  });
  expect(recordOf(source, asRecorded, record)).toEqual(record);
});

test("of two tries the better one counts, test by test", () => {
  const [first, second] = [but("passes", "failed"), but("fails", "passed")];
  expect(bestOf(first, second)).toEqual([
    { name: "passes", outcome: "passed" },
    { name: "fails", outcome: "passed" },
    { name: "sleeps", outcome: "skipped" },
    { name: "rests", outcome: "left out" },
  ]);
  expect(bestOf(first, first)).toEqual(first);
});
