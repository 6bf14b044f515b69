// 5,000 changed frames of each dialect to a server over sockets: a bystander hears everything, and the log has no errors.
import { expect, test } from "vitest";
import { dialects } from "./dialects.ts";
import { drive, problemsOf } from "./drive.ts";

test.each(dialects)("%s", { timeout: 180_000 }, async (dialect) => {
  const outcome = await drive({ dialect, count: 5_000, seed: 1, tell: () => undefined });
  expect(problemsOf(outcome)).toEqual([]);
  expect(outcome.frames).toBeGreaterThanOrEqual(5_000);
  // Hostile enough that some were sent away, and not all.
  expect(outcome.connections).toBeGreaterThan(12);
  expect(outcome.witness.heard).toBe(outcome.published);
});
