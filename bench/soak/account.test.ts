// The account sees each fault that is planted, and none in what its channel's mode allows.
import { expect, it } from "vitest";
import { Account, type Counts, faultsOf, noCounts } from "./account.ts";

const epoch = "e";

function accountOf(channel: string, offset = 0): { account: Account; counts: Counts } {
  const counts = noCounts();
  const account = new Account(channel, counts);
  account.established({ epoch, offset, isReturn: false, recovered: false });
  return { account, counts };
}

interface Case {
  readonly channel: string;
  /** On a subscription that begins after 7. */
  readonly numbers: readonly number[];
  readonly found: Partial<Counts>;
}

function judged(channel: string, numbers: readonly number[], offset = 0): Counts {
  const { account, counts } = accountOf(channel, offset);
  for (const n of numbers) account.given({ offset: n, n, key: "k" });
  account.close();
  return counts;
}

it.each<[string, Case]>([
  ["nothing in a stream that begins anywhere", { channel: "chat:1", numbers: [8, 9, 10], found: {} }],
  ["a hole in a stream", { channel: "chat:1", numbers: [8, 10], found: { lost: 1 } }],
  ["a hole at its beginning", { channel: "chat:1", numbers: [9], found: { lost: 1 } }],
  ["a repeat in a stream", { channel: "chat:1", numbers: [8, 8], found: { repeated: 1 } }],
  ["a reorder in a stream", { channel: "chat:1", numbers: [8, 10, 9], found: { reordered: 1 } }],
  ["nothing wrong with a signal that passes over", { channel: "typing:1", numbers: [8, 10], found: { passedOver: 1 } }],
  ["a repeat of a signal", { channel: "typing:1", numbers: [8, 8], found: { repeated: 1 } }],
  ["a reorder of a signal", { channel: "typing:1", numbers: [9, 8], found: { reordered: 1, passedOver: 1 } }],
  ["nothing wrong with versions that have holes", { channel: "market:1", numbers: [9, 12], found: {} }],
  ["a version that comes twice", { channel: "market:1", numbers: [9, 9], found: { repeated: 1 } }],
])("finds %s", (_name, { channel, numbers, found }) => {
  expect(judged(channel, numbers, 7)).toEqual({ ...noCounts(), received: numbers.length, ...found });
});

it("finds a publication under the offset of another, and a key that goes back", () => {
  const { account, counts } = accountOf("chat:1");
  account.given({ offset: 1, n: 2, key: null });
  expect(counts.misplaced).toBe(1);
  const table = accountOf("market:1");
  table.account.given({ offset: 1, n: 5, key: "k" });
  table.account.given({ offset: 2, n: 4, key: "k" });
  expect(table.counts.misplaced).toBe(1);
});

it("goes on behind a return that was recovered, and anew behind one that was not", () => {
  const { account, counts } = accountOf("chat:1");
  account.given({ offset: 1, n: 1, key: null });
  expect(account.place).toEqual({ epoch, offset: 1 });
  account.established({ epoch, offset: 1, isReturn: true, recovered: true });
  account.given({ offset: 2, n: 2, key: null });
  account.established({ epoch, offset: 9, isReturn: true, recovered: false });
  account.given({ offset: 10, n: 10, key: null });
  account.close();
  expect(counts).toEqual({ ...noCounts(), received: 3, returns: 2, recovered: 1 });
});

it("finds what was lost across a return, and a return to another place", () => {
  const { account, counts } = accountOf("chat:1");
  account.established({ epoch, offset: 0, isReturn: true, recovered: true });
  account.given({ offset: 2, n: 2, key: null });
  account.established({ epoch, offset: 1, isReturn: true, recovered: true });
  account.close();
  expect(counts).toMatchObject({ lost: 1, misplaced: 1 });
  expect(faultsOf(counts)).toBe(2);
});

it("says what it lacks of its channel's end", () => {
  const { account } = accountOf("chat:1");
  account.given({ offset: 1, n: 1, key: null });
  expect([account.lacks(1), account.lacks(4)]).toEqual([0, 3]);
  const table = accountOf("market:1").account;
  table.given({ offset: 1, n: 1, key: "a" });
  expect([
    table.lacks(new Map([["a", 1]])),
    table.lacks(
      new Map([
        ["a", 2],
        ["b", 1],
      ]),
    ),
  ]).toEqual([0, 2]);
});
