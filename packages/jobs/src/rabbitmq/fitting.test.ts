// Answers that are too big for one delivery: what goes and what stays adds up to what there was.
import { expect, it } from "vitest";
import type { Run } from "../store/job-store.ts";
import { fitted, runsOf } from "./fitting.ts";
import { maxWireBytes, written } from "./wire.ts";

const terms = { attempts: 3, firstDelayMs: 1, longestDelayMs: 1, timeoutMs: 1_000 };

const run = (n: number, bytes: number): Run => ({
  id: `${n}`,
  fence: 1,
  name: "n",
  input: JSON.stringify("ä".repeat(bytes / 2)),
  owner: "",
  attempt: 1,
  terms,
  dueMs: 0,
});

it("a claim keeps the jobs that come first, and the others are given back", () => {
  const runs = Array.from({ length: 30 }, (_, n) => run(n, 256_000));
  const claimed = { runs, endings: [], refused: ["x"] };
  const { fitting, left } = fitted(claimed);
  expect(written({ kind: "value", value: fitting }).length).toBeLessThanOrEqual(maxWireBytes);
  expect([...runsOf(fitting), ...left]).toEqual(runs);
  expect(runsOf(fitting).length).toBeGreaterThan(10);
  expect(fitting).toMatchObject({ endings: [], refused: ["x"] });
});

it("of several answers a claim alone is cut, by as much as the others need", () => {
  const runs = Array.from({ length: 30 }, (_, n) => run(n, 256_000));
  const others = Array.from({ length: 4 }, () => ({
    kind: "error" as const,
    reason: "internal" as const,
    message: "x".repeat(500_000),
  }));
  const claim = { kind: "value", value: { runs, endings: [], refused: ["x"] } } as const;
  const { fitting, left } = fitted({ answers: [...others, claim, { kind: "value", value: "done" }] });
  expect(written({ kind: "value", value: fitting }).length).toBeLessThanOrEqual(maxWireBytes);
  expect([...runsOf(fitting), ...left]).toEqual(runs);
  expect(runsOf(fitting).length).toBeGreaterThan(5);
  const { answers } = fitting as { readonly answers: readonly unknown[] };
  expect(answers.slice(0, 4)).toEqual(others);
  expect(answers.at(-1)).toEqual({ kind: "value", value: "done" });
});

it("runs are found in an answer and in one to several asks; what is neither has none", () => {
  const runs = [run(1, 2)];
  const claimed = { runs, endings: [], refused: [] };
  expect(runsOf(claimed)).toEqual(runs);
  expect(
    runsOf({
      answers: [
        { kind: "value", value: "done" },
        { kind: "value", value: claimed },
      ],
    }),
  ).toEqual(runs);
  for (const other of [null, "done", true, [], { runs: 7 }, { answers: [null, { value: null }] }, { answers: {} }]) {
    expect(runsOf(other)).toEqual([]);
  }
});

it("a page ends earlier", () => {
  const records = Array.from({ length: 30 }, (_, n) => ({
    ...run(n, 256_000),
    state: "waiting" as const,
    key: null,
    priority: 0,
    dueMs: 0,
    addedMs: 0,
    endedMs: null,
    output: null,
    reason: "",
    message: "",
  }));
  const { fitting, left } = fitted(records);
  expect(written({ kind: "value", value: fitting }).length).toBeLessThanOrEqual(maxWireBytes);
  expect(fitting).toEqual(records.slice(0, (fitting as readonly unknown[]).length));
  expect((fitting as readonly unknown[]).length).toBeGreaterThan(10);
  expect(left).toEqual([]);
});
