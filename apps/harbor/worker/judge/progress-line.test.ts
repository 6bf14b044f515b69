// What is told of a program on the way: in order, together, not oftener than its readers need.
import { expect, it } from "vitest";
import type { JudgeStep } from "../../contract/judge.ts";
import { ProgressLine } from "./progress-line.ts";

const said = (text: string): JudgeStep => ({ kind: "said", text });
const other: JudgeStep = { kind: "testing", test: 1, tests: 2 };

/** A line whose rests end when the test says so. */
function resting() {
  const told: JudgeStep[][] = [];
  const rests: (() => void)[] = [];
  const line = new ProgressLine({
    publish: (steps) => {
      told.push(steps);
      return Promise.resolve();
    },
    rest: () => new Promise((resolve) => void rests.push(resolve)),
  });
  return { told, rests, line };
}

it("tells the first at once, and what comes until everybody has rested together and in order", async () => {
  const { told, rests, line } = resting();
  for (const step of [said("a"), said("b"), said("c"), other, said("d"), said("e")]) line.tell(step);
  expect(told).toEqual([[said("a")]]);
  await expect.poll(() => rests.length).toBe(1);
  expect(told).toHaveLength(1);
  rests[0]?.();
  await expect.poll(() => rests.length).toBe(2);
  expect(told.slice(1)).toEqual([[said("bc"), other, said("de")]]);
  // Nothing waits, and the rest is not over.
  line.tell(other);
  expect(told).toHaveLength(2);
  rests[1]?.();
  await expect.poll(() => told.length).toBe(3);
});

it("does not rest any more when nothing more comes", async () => {
  const { told, line } = resting();
  line.tell(said("a"));
  line.tell(other);
  await line.told();
  expect(told).toEqual([[said("a")], [other]]);
});

it("has one on its way", async () => {
  const told: JudgeStep[][] = [];
  const first = Promise.withResolvers<void>();
  const publish = async (steps: JudgeStep[]): Promise<void> => {
    told.push(steps);
    await first.promise;
  };
  const line = new ProgressLine({ publish, rest: () => Promise.resolve() });
  line.tell(other);
  line.tell(said("a"));
  const over = line.told();
  line.tell(said("b"));
  expect(told).toEqual([[other]]);
  first.resolve();
  await over;
  expect(told).toEqual([[other], [said("ab")]]);
});

it("tells no more of what was said at once than a publication may have", async () => {
  const { told, line } = resting();
  const [half, long] = ["h".repeat(5_000), "l".repeat(16_384)];
  for (const step of [other, said(half), other, said(half), said(long), said("x"), other]) line.tell(step);
  await line.told();
  expect(told).toEqual([[other], [said(half), other], [said(half)], [said(long)], [said("x"), other]]);
});

it("goes on after what could not be told", async () => {
  const tried: JudgeStep[][] = [];
  const publish = (steps: JudgeStep[]): Promise<void> => {
    tried.push(steps);
    return Promise.reject(new Error("the server is away"));
  };
  const line = new ProgressLine({ publish, rest: () => Promise.resolve() });
  line.tell(said("a"));
  line.tell(other);
  await line.told();
  expect(tried).toEqual([[said("a")], [other]]);
});
