// What is asked in one turn: as few deliveries as hold it, and an answer for each ask.
import { expect, it } from "vitest";
import { answersIn, parcelsOf } from "./parcels.ts";
import { askOf, type Frequent, maxWireBytes, mostTogether } from "./wire.ts";

const told = (n: number): Frequent => ({ kind: "settle", hold: { id: `${n}`, fence: n }, outcome: { kind: "told" } });
const done = (bytes: number): Frequent => {
  return { kind: "settle", hold: { id: "a", fence: 1 }, outcome: { kind: "done", output: "x".repeat(bytes) } };
};
const claim: Frequent = {
  kind: "claim",
  wanted: { names: ["n"], runs: 1, endings: 0, leaseMs: 1_000, orphanMs: 5 },
};

/** What arrives, by delivery. */
function arriving(asks: readonly Frequent[]): readonly unknown[] {
  return parcelsOf(asks).map(({ content, count }) => {
    expect(content.length).toBeLessThanOrEqual(maxWireBytes);
    const ask = askOf(content) as { readonly kind: string; readonly asks?: readonly unknown[] };
    expect(ask.kind === "several" ? ask.asks?.length : 1).toBe(count);
    return ask.kind === "several" ? ask.asks : ask;
  });
}

it("all of them go in one delivery, in their order", () => {
  const asks = [told(1), claim, told(2), done(5)];
  expect(arriving(asks)).toEqual([asks]);
});

it("one is asked as it always was", () => {
  expect(arriving([claim])).toEqual([{ version: 1, ...claim }]);
});

it("claims go one in a delivery", () => {
  expect(arriving([told(1), claim, told(2), claim, told(3), claim])).toEqual([
    [told(1), claim, told(2)],
    [claim, told(3)],
    { version: 1, ...claim },
  ]);
});

it("a delivery has its limits of bytes and of asks", () => {
  const big = Array.from({ length: 5 }, () => done(1_300_000));
  expect(arriving(big)).toEqual([big.slice(0, 3), big.slice(3)]);
  const many = Array.from({ length: mostTogether + 2 }, (_, n) => told(n));
  expect(arriving(many)).toEqual([many.slice(0, mostTogether), many.slice(mostTogether)]);
});

it("what is too big for any is alone with that", () => {
  const parcels = parcelsOf([told(1), done(maxWireBytes), told(2)]);
  expect(parcels.map(({ count }) => count)).toEqual([1, 1, 1]);
  expect(parcels.map(({ content }) => content.length > maxWireBytes)).toEqual([false, true, false]);
});

it("each hears its own answer", () => {
  const [parcel] = parcelsOf([told(1), told(2)]);
  if (parcel === undefined) return expect.unreachable();
  const answers = [
    { kind: "value", value: "done" },
    { kind: "error", reason: "limit_exceeded", message: "full" },
  ] as const;
  const [first, second] = answersIn({ answers }, parcel);
  expect(first).toEqual({ status: "fulfilled", value: "done" });
  expect(second).toMatchObject({ status: "rejected", reason: { reason: "limit_exceeded", message: "full" } });
});

it("where answers are missing, nobody knows any of them", () => {
  const [parcel] = parcelsOf([told(1), told(2)]);
  if (parcel === undefined) return expect.unreachable();
  const unknown = { status: "rejected", reason: { reason: "indeterminate" } };
  for (const value of ["done", null, { answers: [{ kind: "value", value: "done" }] }] as const) {
    expect(answersIn(value as never, parcel)).toMatchObject([unknown, unknown]);
  }
});
