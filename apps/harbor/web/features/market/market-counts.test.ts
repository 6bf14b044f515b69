// The sums and rates that the market shows, over pauses, restarts and new lives.
import { expect, test } from "vitest";
import { countsAfter, type Reading } from "./market-counts.ts";

const first: Reading = { epoch: "a", offset: 1_000, delivered: 200, characters: 5_000, atMs: 0, isPaused: false };

test("what was published and not delivered is saved; rates are of the time between two readings", () => {
  const counts = countsAfter(null, first, {
    ...first,
    offset: 5_000,
    delivered: 1_200,
    characters: 9_000,
    atMs: 2_000,
  });
  expect(counts).toEqual({
    published: 4_000,
    delivered: 1_000,
    saved: 3_000,
    passedOver: null,
    perSecond: { published: 2_000, delivered: 500, characters: 2_000 },
  });
});

test("sums go on over another epoch and another life, which count from nothing", () => {
  const known = countsAfter(null, first, { ...first, offset: 2_000, atMs: 1_000 });
  const last: Reading = { ...first, offset: 2_000, atMs: 1_000 };
  const counts = countsAfter(known, last, { ...last, epoch: "b", offset: 300, delivered: 50, atMs: 2_000 });
  expect(counts).toMatchObject({ published: 1_300, delivered: 50, perSecond: { published: 300, delivered: 50 } });
});

test("a pause counts what passes from its first reading on, and ends with it", () => {
  const paused: Reading = { ...first, isPaused: true, offset: 1_500, atMs: 1_000 };
  const begun = countsAfter(null, first, paused);
  expect(begun.passedOver).toBe(0);
  const later = countsAfter(begun, paused, { ...paused, offset: 3_500, atMs: 2_000 });
  expect(later).toMatchObject({ passedOver: 2_000, perSecond: { delivered: 0 } });
  expect(countsAfter(later, paused, { ...first, offset: 4_000, atMs: 3_000 }).passedOver).toBeNull();
});
