// The scale of the charts: round numbers, and gaps that stay gaps.
import { describe, expect, it } from "vitest";
import { minuteMs } from "../../../contract/analytics.ts";
import { niceTop, piecesOf, quarters, scaleFor } from "./chart-scale.ts";

describe("the top of a chart", () => {
  it.each([
    [0, 2],
    [1, 1],
    [3, 4],
    [5, 10],
    [10, 10],
    [11, 20],
    [399, 400],
    [401, 1_000],
  ])("of %d is %d", (most, top) => {
    expect(niceTop(most)).toBe(top);
  });

  it("is round for fractions too", () => {
    expect(niceTop(0.31)).toBeCloseTo(0.4);
  });

  it("has the highest value within, and nothing on the ground", () => {
    const scale = scaleFor({ widthPx: 688, heightPx: 232 }, 30);
    expect(scale.y(0)).toBe(210);
    expect(scale.y(40)).toBe(10);
    expect(scale.grid).toEqual([20, 40]);
    expect([scale.x(0), scale.x(60), scale.stepPx]).toEqual([40, 640, 10]);
  });
});

it("a line has a piece for each run of minutes that have a value", () => {
  expect(piecesOf([null, 1, 2, null, null, 3])).toEqual([
    [
      { index: 1, value: 1 },
      { index: 2, value: 2 },
    ],
    [{ index: 5, value: 3 }],
  ]);
  expect(piecesOf([null, null])).toEqual([]);
});

it("quarters are those of the clock", () => {
  const fromMs = new Date(2026, 0, 1, 10, 7).getTime();
  expect(quarters(fromMs, 15).map(({ index }) => index)).toEqual([8, 23, 38, 53]);
  expect(quarters(fromMs, 15)[0]?.atMs).toBe(fromMs + 8 * minuteMs);
});
