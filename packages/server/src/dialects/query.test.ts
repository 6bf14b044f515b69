// The query of a target: found in whatever a client may write, and nothing of it throws.
import fc from "fast-check";
import { expect, it } from "vitest";
import { queryOf } from "./query.ts";

it.each([
  ["/raw/a?rate=5&token=x", { rate: "5", token: "x" }],
  ["/raw/a", {}],
  ["//", {}],
  ["//?a=1", { a: "1" }],
  ["/a?b=1?c#d=2", { b: "1?c" }],
  ["?%zz=%", { "%zz": "%" }],
])("%s", (target, expected) => {
  expect(Object.fromEntries(queryOf(target))).toEqual(expected);
});

it("throws for nothing", () => {
  fc.assert(fc.property(fc.string(), (target) => void queryOf(target)));
});
