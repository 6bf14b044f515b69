// The check sees every kind of fault, and no fault where there is none.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkAgainst, verdictSentence } from "./ledger-check.ts";

const ledger = ["a", "b", "c", "d"];

describe("the check against the server's list", () => {
  it("is content with the same ids in the same order", () => {
    expect(verdictSentence(checkAgainst(ledger, ledger))).toBe("All 4 messages are here, in order, once.");
    expect(verdictSentence(checkAgainst(["a"], ["a"]))).toBe("The one message is here, once.");
    expect(verdictSentence(checkAgainst([], []))).toBe("There is nothing in this room yet.");
  });

  it.each([
    [["a", "b", "d"], { missing: ["c"] }, "Of 4 messages: 1 missing."],
    [["a", "b", "b", "c", "d"], { repeated: ["b"] }, "Of 4 messages: 1 here twice."],
    [["a", "c", "b", "d"], { misplaced: ["b"] }, "Of 4 messages: 1 out of order."],
    [["a", "b", "x", "c", "d"], { unknown: ["x"] }, "Of 4 messages: 1 not on the server's list."],
    [[], { missing: ledger }, "Of 4 messages: 4 missing."],
  ])("finds what is wrong with %j", (here, faults, sentence) => {
    const verdict = checkAgainst(ledger, here);
    expect(verdict).toMatchObject({ kind: "bad", ...faults });
    expect(verdictSentence(verdict)).toBe(sentence);
  });

  it("is content with nothing but the list itself", () => {
    const ids = fc.array(fc.constantFrom(...ledger, "x"), { maxLength: 6 });
    fc.assert(
      fc.property(ids, (here) => {
        const isSame = here.length === ledger.length && here.every((id, index) => id === ledger[index]);
        expect(checkAgainst(ledger, here).kind).toBe(isSame ? "good" : "bad");
      }),
    );
  });
});
