// The docs site: built as `npm run docs` builds it, with every link looked at. It has packages of its own, so it is asked for.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";

const root = path.resolve(import.meta.dirname, "..");
const isAskedFor = (process.env["TIDEWIRE_REQUIRE"] ?? "").split(",").some((name) => name.trim() === "site");

test("the site is built, and its links lead somewhere", { timeout: 600_000 }, async ({ skip }) => {
  skip(!isAskedFor, "the site has packages of its own: TIDEWIRE_REQUIRE=site npm test -- test/site");
  const { stdout } = await promisify(execFile)(process.execPath, [path.join(root, "tools/run.mjs"), "docs"], {
    cwd: root,
    maxBuffer: 64 * 1_048_576,
  });
  expect(stdout).toMatch(/site\/dist: \d{4,} links lead somewhere/);
  const page = readFileSync(path.join(root, "site/dist/index.html"), "utf8");
  // Out of bench/results, and out of the README.
  expect(page).toMatch(/[\d,]{7,} deliveries/);
  expect(page).toContain("createTidewire");
});
