// In which order quotes stand, and how often that is said.
import { expect, test } from "vitest";
import { sortedSymbols, sortingAfter } from "./sort-order.ts";
import { timesOf } from "./words-for-quotes.ts";

const prices = new Map([
  ["b", 2],
  ["a", 2],
  ["c", 1],
]);
const quoteOf = (symbol: string) => ({ symbol, price: prices.get(symbol) ?? 1, change: 0, volume: 0 });

test("by a value, with equals by symbol in both directions", () => {
  const symbols = ["b", "a", "c"];
  expect(sortedSymbols(symbols, quoteOf, { column: "price", direction: "descending" })).toEqual(["a", "b", "c"]);
  expect(sortedSymbols(symbols, quoteOf, { column: "price", direction: "ascending" })).toEqual(["c", "a", "b"]);
  expect(sortedSymbols(symbols, quoteOf, { column: "symbol", direction: "descending" })).toEqual(["c", "b", "a"]);
  expect(sortedSymbols(["x", "y"], () => undefined, { column: "change", direction: "descending" })).toEqual(["x", "y"]);
});

test("a second click turns the order round; values begin with the largest, symbols with the first", () => {
  const first = sortingAfter({ column: "symbol", direction: "ascending" }, "price");
  expect(first).toEqual({ column: "price", direction: "descending" });
  expect(sortingAfter(first, "price")).toEqual({ column: "price", direction: "ascending" });
  expect(sortingAfter(first, "symbol")).toEqual({ column: "symbol", direction: "ascending" });
});

test.each([
  [0.1, "once in 10 s"],
  [0.5, "once in 2 s"],
  [1, "once a second"],
  [5, "5 times a second"],
])("%f a second reads %s", (rate, words) => {
  expect(timesOf(rate)).toBe(words);
});
