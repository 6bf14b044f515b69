// Shared rates: each name has its own, and those that are full again are forgotten.
import { expect, it } from "vitest";
import { FakeClock } from "../testing/fake-clock.ts";
import { SharedRates } from "./shared-rates.ts";

const rate = { perSecond: 1, burst: 2 };

it("has one for each name", () => {
  const clock = new FakeClock();
  const rates = new SharedRates(clock);
  expect(["a", "a", "a", "b"].map((name) => rates.take(name, rate))).toEqual([true, true, false, true]);
  clock.advance(1_000);
  expect(["a", "a"].map((name) => rates.take(name, rate))).toEqual([true, false]);
});

it("forgets those that are full again, and none that is not", () => {
  const clock = new FakeClock();
  const rates = new SharedRates(clock);
  for (let n = 0; n < 15_000; n += 1) rates.take(`old ${n}`, rate);
  clock.advance(1_500);
  for (const _ of [1, 2]) rates.take("busy", rate);
  for (let n = 0; n < 5_000; n += 1) rates.take(`new ${n}`, rate);
  expect(rates.size).toBeLessThan(6_000);
  expect(rates.take("busy", rate)).toBe(false);
});
