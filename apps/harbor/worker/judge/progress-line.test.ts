// What is told of a program on the way: in order, one at a time, what it says meanwhile together.
import { expect, it } from "vitest";
import type { JudgeProgress } from "../../contract/judge.ts";
import { ProgressLine } from "./progress-line.ts";

const said = (text: string): JudgeProgress => ({ kind: "said", text });
const other: JudgeProgress = { kind: "testing", test: 1, tests: 2 };

it("has one on its way, and what is said meanwhile goes out as one, on its side of what else is told", async () => {
  const told: JudgeProgress[] = [];
  const first = Promise.withResolvers<void>();
  const line = new ProgressLine(async (progress) => {
    told.push(progress);
    await first.promise;
  });
  for (const progress of [said("a"), said("b"), said("c"), other, said("d"), said("e")]) line.tell(progress);
  expect(told).toEqual([said("a")]);
  first.resolve();
  await line.told();
  expect(told).toEqual([said("a"), said("bc"), other, said("de")]);
});

it("goes on after what could not be told, and after everything was told", async () => {
  const tried: JudgeProgress[] = [];
  const line = new ProgressLine((progress) => {
    tried.push(progress);
    return Promise.reject(new Error("the server is away"));
  });
  line.tell(said("a"));
  line.tell(other);
  await line.told();
  line.tell(said("b"));
  await line.told();
  expect(tried).toEqual([said("a"), other, said("b")]);
});
