// Where reading goes on, and what is said to be missing: nothing where that is proven, and never nothing where it is not.
import { describe, expect, test } from "vitest";
import { beginningOf, missingAfter, placeBehind } from "./continuation.ts";
import type { KeptPage, KeptPublication } from "./histories.ts";

const kept = (offset: number, given: Partial<KeptPublication> = {}): KeptPublication => ({
  id: `id ${offset}`,
  offset,
  previous: offset === 1 ? null : { offset: offset - 1, id: `id ${offset - 1}` },
  data: new Uint8Array(),
  form: "json",
  atMs: 0,
  ...given,
});

const page = (publications: readonly KeptPublication[], given: Partial<KeptPage> = {}): KeptPage => ({
  publications,
  top: { epoch: "e", offset: publications.at(-1)?.offset ?? 0 },
  floor: 0,
  ...given,
});

const at = (
  offset: number,
  id: string | null = `id ${offset}`,
): { epoch: string; offset: number; id: string | null } => ({
  epoch: "e",
  offset,
  id,
});

describe("behind a place", () => {
  test("nothing is missing where the next one names it, or nothing came", () => {
    expect(missingAfter(at(4), page([kept(5), kept(6)]))).toBeNull();
    expect(missingAfter(at(4, null), page([kept(5)]))).toBeNull();
    expect(missingAfter(at(4), page([kept(5, { previous: { offset: 4, id: null } })]))).toBeNull();
    expect(missingAfter(at(4), page([], { top: { epoch: "e", offset: 4 }, floor: 4 }))).toBeNull();
  });

  test("numbers that are left out are no gap where the next one names the place", () => {
    expect(missingAfter(at(4), page([kept(9, { previous: { offset: 4, id: "id 4" } })]))).toBeNull();
  });

  test("what history has forgotten is missing, up to where it reaches", () => {
    const reason = "truncated";
    expect(missingAfter(at(4), page([kept(8)], { floor: 7 }))).toEqual({ reason, to: at(7) });
    expect(missingAfter(at(4), page([], { floor: 7, top: { epoch: "e", offset: 7 } }))).toEqual({
      reason,
      to: at(7, null),
    });
    // Also where only the link says so.
    expect(missingAfter(at(4), page([kept(8)]))).toEqual({ reason, to: at(7) });
  });

  test("a place that is another publication's, or behind the end, is a store that came back older", () => {
    const other = kept(5, { previous: { offset: 4, id: "somebody else's" } });
    expect(missingAfter(at(4), page([other]))).toEqual({
      reason: "rewound",
      to: at(4, "somebody else's"),
    });
    expect(missingAfter(at(4), page([], { top: { epoch: "e", offset: 2 } }))).toEqual({
      reason: "rewound",
      to: at(2, null),
    });
  });

  test("a table passes over older values, and has a gap where it has forgotten removals", () => {
    const value = kept(9, { key: "tea", previous: { offset: 8, id: "id 8" } });
    expect(missingAfter(at(4), page([value]))).toBeNull();
    expect(missingAfter(at(4), page([kept(5, { key: "tea" }), value], { floor: 7 }))).toEqual({
      reason: "truncated",
      // Its values are all there: none of them is skipped.
      to: { ...at(4), told: 7 },
    });
  });

  test("what a table has forgotten is said once, until it has forgotten more", () => {
    const values = [kept(5, { key: "tea" }), kept(9, { key: "cake" })];
    const told = { ...at(4), told: 7 };
    expect(missingAfter(told, page(values, { floor: 7 }))).toBeNull();
    expect(missingAfter(told, page(values, { floor: 8 }))).toEqual({
      reason: "truncated",
      to: { ...at(4), told: 8 },
    });
    expect(placeBehind(kept(5, { key: "tea" }), told)).toEqual({ ...at(5), told: 7 });
    expect(placeBehind(kept(9, { key: "cake" }), told)).toEqual(at(9));
    // It came back older: what it has forgotten now is something else.
    expect(missingAfter(told, page([], { top: { epoch: "e", offset: 2 } }))?.to).toEqual(at(2, null));
  });
});

describe("the oldest page of an epoch", () => {
  test("begins at its beginning, or behind what was forgotten", () => {
    expect(beginningOf(page([kept(1)]))).toEqual(at(0, null));
    expect(beginningOf(page([kept(8)]))).toEqual(at(7));
    expect(beginningOf(page([], { top: { epoch: "e", offset: 7 } }))).toEqual(at(7, null));
    expect(beginningOf(page([kept(8, { key: "tea" })], { floor: 3 }))).toEqual({ ...at(0, null), told: 3 });
  });
});
