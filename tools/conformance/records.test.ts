// The records have a reason for everything, and the documentation says what they say.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { unexplained } from "./outcome.ts";
import { documentFile, documentOf, readRecord } from "./records.ts";
import { sdks } from "./sdks/sdks.ts";
import { suites } from "./suites.ts";

test.each([...suites, ...sdks].map(({ name }) => name))(
  "%s: each test that does not pass has a reason, once",
  (name) => {
    const record = readRecord(name);
    const exceptions = [...(record?.failing ?? []), ...(record?.skipped ?? []), ...(record?.leftOut ?? [])];
    expect(record?.passed).toBeGreaterThan(0);
    expect(exceptions.filter(({ reason }) => reason === unexplained || reason === "")).toEqual([]);
    const names = exceptions.flatMap(({ tests }) => tests);
    expect(new Set(names).size).toBe(names.length);
  },
);

test("docs/conformance.md is what the records say", () => {
  expect(readFileSync(documentFile, "utf8")).toBe(documentOf());
});
