// docs/operating.md says of each file of deploy/ how it was tried.
import { readdirSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { root, textOf } from "../documents/blocks.ts";

test("every file of deploy/ is in the table", () => {
  const rows = textOf("docs/operating.md")
    .split("\n")
    .filter((line) => line.startsWith("| ["));
  const named = rows.flatMap((row) => [...row.matchAll(/\(\.\.\/deploy\/([^)]+)\)/g)].map(([, file]) => file));
  expect(new Set(named)).toEqual(new Set(readdirSync(path.join(root, "deploy"))));
});
