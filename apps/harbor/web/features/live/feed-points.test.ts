// Numbers lie in time once each, and the line breaks where something is missing.
import { describe, expect, it } from "vitest";
import { emptyFeed, type FeedPoint, feedReducer, figuresOf, isBroken } from "./feed-points.ts";

function point(offset: number, value = 5, epoch = "e"): FeedPoint {
  return { id: `${epoch}:${offset}`, epoch, offset, value, atMs: offset * 1_000 };
}

describe("the number feed", () => {
  it("keeps each number once, by time, whether it came live or from history", () => {
    const live = feedReducer(emptyFeed, { type: "came", points: [point(5)] });
    const both = feedReducer(live, { type: "came", points: [point(6), point(5), point(4), point(3)] });
    expect(both.points.map((each) => each.offset)).toEqual([3, 4, 5, 6]);
  });

  it("breaks the line at a missing number, at another epoch, and where nobody made numbers", () => {
    expect(isBroken(point(1), point(2), 1_000)).toBe(false);
    expect(isBroken(point(1), point(3), 1_000)).toBe(true);
    expect(isBroken(point(1), point(2, 5, "f"), 1_000)).toBe(true);
    expect(isBroken(point(1), { ...point(2), atMs: 60_000 }, 1_000)).toBe(true);
  });

  it("has one outage at a time, closed with what became of it", () => {
    const lost = feedReducer(feedReducer(emptyFeed, { type: "lost", atMs: 1 }), { type: "lost", atMs: 2 });
    expect(lost.outages).toEqual([{ fromMs: 1, toMs: null, recovered: null }]);
    const back = feedReducer(lost, { type: "back", atMs: 9, recovered: true });
    expect(back.outages).toEqual([{ fromMs: 1, toMs: 9, recovered: true }]);
  });

  it("tells last, mean and spread", () => {
    expect(figuresOf([])).toBeNull();
    expect(figuresOf([point(1, 2), point(2, 4), point(3, 6)])).toMatchObject({ last: 6, mean: 4, count: 3 });
    expect(figuresOf([point(1, 2), point(2, 4)])?.spread).toBe(1);
  });
});
