import { expect, it } from "vitest";
import { portionOf } from "./portion.ts";

const mebibyte = 1024 * 1024;

it("is a thousand at most, from a place on", () => {
  const items = Array.from({ length: 1_500 }, (_, n) => ({ n }));
  expect(portionOf(items)).toEqual(items.slice(0, 1_000));
  expect(portionOf(items, 1_000)).toEqual(items.slice(1_000));
  expect(portionOf(items, 1_500)).toEqual([]);
});

it("is a mebibyte of JSON at most, in bytes, and one at least", () => {
  // `{"text":""}` is beside it.
  const half = { text: "é".repeat((mebibyte / 2 - 11) / 2) };
  expect(portionOf([half, half, half].map((item, n) => (n === 2 ? { text: "" } : item)))).toHaveLength(2);
  expect(portionOf([{ text: "" }, half, half, half], 1)).toHaveLength(2);
  const large = { text: "x".repeat(3 * mebibyte) };
  expect(portionOf([large, large])).toEqual([large]);
  expect(portionOf([half, large])).toEqual([half]);
});
