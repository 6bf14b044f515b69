// The slope: found in what rises, none in what is level, and no surer of itself than samples allow.
import { expect, it } from "vitest";
import { type Sampled, slopeOf } from "./slope.ts";

const minuteMs = 60_000;

/** Pseudo-random and even: the same in every run. */
const noise = (index: number): number => ((index * 7_919) % 101) / 101 - 0.5;

const sampled = (valueOf: (minute: number) => number): Sampled[] =>
  Array.from({ length: 100 }, (_, minute) => ({ atMs: minute * minuteMs, value: valueOf(minute) }));

it("finds what a line rises in an hour", () => {
  expect(slopeOf(sampled((minute) => 5 + minute * 2))?.perHour).toBeCloseTo(120);
});

it("finds a leak in noise, and none where nothing rises", () => {
  const leaking = slopeOf(sampled((minute) => 100 + minute * 0.02 + noise(minute)));
  const level = slopeOf(sampled((minute) => 100 + noise(minute)));
  expect(leaking?.lowPerHour).toBeGreaterThan(0);
  expect(leaking?.highPerHour).toBeGreaterThan(1.2);
  expect(level?.lowPerHour).toBeLessThan(0);
  expect(level?.highPerHour).toBeGreaterThan(0);
});

it("is less sure where neighbours are alike", () => {
  const width = (samples: readonly Sampled[]): number => {
    const slope = slopeOf(samples);
    return slope === null ? Number.NaN : slope.highPerHour - slope.lowPerHour;
  };
  const independent = sampled(noise);
  const alike = sampled((minute) => noise(Math.floor(minute / 10)));
  expect(width(alike)).toBeGreaterThan(1.5 * width(independent));
});

it("says nothing of two samples", () => {
  expect(slopeOf(sampled((minute) => minute).slice(0, 2))).toBeNull();
});
