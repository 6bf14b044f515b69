// What our packages ask of the world, asked of the real one.
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { makeFolder, reasonOf, systemClock, systemRandom } from "./index.ts";

it("a time longer than Node's timers know does not come at once", async () => {
  const come: string[] = [];
  const cancel = systemClock.after(2 ** 31, () => come.push("in 25 days"));
  onTestFinished(cancel);
  await new Promise<void>((resolve) => setTimeout(resolve, 2));
  expect(come).toEqual([]);
});

it.each([96, 132, 192] as const)("a token of %i bits has six in each letter, and is never the same", (bits) => {
  const tokens = Array.from({ length: 1_000 }, () => systemRandom.token(bits));
  expect(new Set(tokens).size).toBe(1_000);
  for (const token of tokens) expect(token).toMatch(new RegExp(`^[\\w-]{${bits / 6}}$`));
});

it("a reason is a message, cut where nobody reads on, whatever was thrown", () => {
  expect(reasonOf(new Error("full"))).toBe("full");
  expect(reasonOf("full")).toBe("full");
  expect(reasonOf(new Error("x".repeat(1_000)))).toBe("x".repeat(1_000));
  expect(reasonOf(new Error("x".repeat(1_001)))).toBe(`${"x".repeat(1_000)}…`);
  expect(reasonOf(Object.create(null))).toBe("something that cannot be written");
});

it.skipIf(process.platform === "win32")(
  "folders are made for whom they are meant, and one that is there is left",
  () => {
    const root = mkdtempSync(path.join(tmpdir(), "tidewire-ports-"));
    onTestFinished(() => rmSync(root, { recursive: true }));
    makeFolder(path.join(root, "a", "b"), 0o700);
    makeFolder(path.join(root, "a", "b"));
    for (const made of ["a", "a/b"]) expect(statSync(path.join(root, made)).mode & 0o777).toBe(0o700);
  },
);
