// The reporter in a real run of Vitest: what does not load counts as failed, and a skip keeps its reason.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

const root = path.resolve(import.meta.dirname, "..");
let folder = "";

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "tidewire-reporter-"));
  symlinkSync(path.join(root, "node_modules"), path.join(folder, "node_modules"));
  const reporter = JSON.stringify(path.join(root, "tools/vitest-reporter.ts"));
  writeFileSync(
    path.join(folder, "vitest.config.ts"),
    `import { CountingReporter } from ${reporter};
     export default { test: { reporters: [new CountingReporter()], maxWorkers: 1 } };`,
  );
});
afterEach(() => rmSync(folder, { recursive: true }));

function results(files: Record<string, string>): unknown {
  mkdirSync(path.join(folder, "tests"));
  for (const [name, code] of Object.entries(files)) {
    writeFileSync(path.join(folder, "tests", name), `import { describe, test } from "vitest";\n${code}`);
  }
  const file = path.join(folder, "results.json");
  const env = { ...process.env, TIDEWIRE_TEST_RESULTS: file };
  const vitest = [path.join(root, "node_modules/vitest/vitest.mjs"), "run"];
  spawnSync(process.execPath, vitest, { cwd: folder, env, stdio: "ignore" });
  return JSON.parse(readFileSync(file, "utf8"));
}

test("counts tests, and what never became one", () => {
  const counted = results({
    "a.test.ts": `test("passes", () => {});
      test("fails", () => { throw new Error("no"); });
      test("waits", (context) => context.skip("for the tide"));
      test.skip("rests", () => {});`,
    "b.test.ts": `import "./missing.ts"; test("never", () => {});`,
    "c.test.ts": `describe("suite", () => { throw new Error("broken suite"); });`,
  });
  expect(counted).toEqual({
    passed: 1,
    failures: expect.arrayContaining([
      "tests/a.test.ts > fails",
      expect.stringMatching(/^tests\/b\.test\.ts: .*missing\.ts/),
      expect.stringContaining("broken suite"),
    ]) as unknown,
    skips: ["tests/a.test.ts > waits: for the tide", "tests/a.test.ts > rests: no reason given"],
    retried: [],
  });
});

test("names what passed only when it was tried again, and why", () => {
  const counted = results({
    "a.test.ts": `let tries = 0;
      test("at last", { retry: 1 }, () => { if ((tries += 1) < 2) throw new Error("not yet"); });
      test("never", { retry: 1 }, () => { throw new Error("no"); });`,
  });
  expect(counted).toEqual({
    passed: 1,
    failures: ["tests/a.test.ts > never"],
    skips: [],
    retried: ["tests/a.test.ts > at last: not yet"],
  });
});
