// The check sees every kind of fault, and no fault where there is none.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { emptyCheck, type NumberCheck, onTheirWay, settle, verdictOf, verdictSentence } from "./number-check.ts";

const list = [5, 6, 7, 8];
const check = (here: readonly number[], more: Partial<NumberCheck> = {}): NumberCheck => ({
  ...emptyCheck,
  here,
  list,
  ...more,
});
const sentence = (here: readonly number[], more: Partial<NumberCheck> = {}): string =>
  verdictSentence(verdictOf(check(here, more)));
const run = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index);

describe("the check against the server's list", () => {
  it("is content with the same numbers in the same order", () => {
    expect(sentence([5, 6, 7, 8])).toBe("All 4 numbers are here, in order, once.");
    expect(sentence([5], { list: [5] })).toBe("The one number is here, once.");
    expect(sentence([], { list: [] })).toBe("No number has come yet.");
  });

  it.each([
    [[5, 6, 8], { missing: [7] }, "Of 4 numbers: 1 missing (7)."],
    [[5, 6, 6, 7, 8], { repeated: [6] }, "Of 4 numbers: 1 here twice (6)."],
    [[5, 7, 6, 8], { misplaced: [6] }, "Of 4 numbers: 1 out of order (6)."],
    [[5, 6, 2, 7, 8], { unknown: [2] }, "Of 4 numbers: 1 not on the server's list (2)."],
    [[8], { missing: [5, 6, 7] }, "Of 4 numbers: 3 missing (5, 6, 7)."],
  ])("finds what is wrong with %j", (here, faults, words) => {
    expect(verdictOf(check(here))).toMatchObject({ kind: "bad", ...faults });
    expect(sentence(here)).toBe(words);
  });

  it("waits for what is on its way, and judges nothing that the list has not come to", () => {
    expect(sentence([5, 6])).toBe("All 2 numbers are here, in order, once.");
    expect(onTheirWay(check([5, 6]))).toBe(2);
    expect(sentence([5, 6, 7, 8, 9, 11])).toBe("All 4 numbers are here, in order, once.");
    expect(onTheirWay(check([5, 6, 7, 8, 9]))).toBe(0);
  });

  it("takes a loss that the channel told of for what it is, and no other", () => {
    expect(sentence([5, 8], { toldAfter: [5] })).toBe("Of 4 numbers 2 are missing, and the server said so.");
    expect(sentence([5, 8], { toldAfter: [4] })).toBe("Of 4 numbers: 2 missing (6, 7).");
    expect(verdictOf(check([5, 7, 9], { list: run(5, 9), toldAfter: [5] }))).toMatchObject({
      kind: "bad",
      missing: [8],
    });
  });

  it("is content with nothing but the list itself, as far as both have come", () => {
    const numbers = fc.array(fc.integer({ min: 1, max: 8 }), { maxLength: 8 });
    fc.assert(
      fc.property(numbers, (here) => {
        const most = Math.max(0, ...here);
        const known = list.filter((number) => number <= most);
        const isSame = known.length === here.length && here.every((number, index) => number === known[index]);
        const { kind } = verdictOf(check(here));
        expect(kind).toBe(known.length === 0 ? "nothing" : isSame ? "good" : "bad");
      }),
    );
  });

  it("settles what is whole, so that it does not grow for ever, and keeps what is not", () => {
    const whole = settle(check(run(1, 5_000), { list: run(1, 5_003) }));
    expect([whole.here.length, whole.settled]).toEqual([500, 4_500]);
    expect(verdictSentence(verdictOf(whole))).toBe("All 5,000 numbers are here, in order, once.");
    expect(verdictSentence(verdictOf({ ...whole, here: [...whole.here, 5_002] }))).toBe(
      "Of 5,002 numbers: 1 missing (5001).",
    );
    const holed = check([1, ...run(3, 6_000)], { list: run(1, 6_000) });
    expect(settle(holed)).toBe(holed);
  });
});
