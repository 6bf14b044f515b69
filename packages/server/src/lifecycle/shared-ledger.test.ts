// A node that tells, and does not know yet that another one does.
import { expect, it } from "vitest";
import { Ledger, type LedgerMark, type LedgerPage, type LedgerWord } from "./ledger.ts";
import { Deposed, SharedLedger } from "./shared-ledger.ts";

function telling(heard: LedgerMark): {
  readonly own: Ledger;
  readonly shared: SharedLedger;
  readonly words: LedgerWord[];
} {
  const own = new Ledger("a");
  const words: LedgerWord[] = [];
  const page: LedgerPage = { node: "b", mark: heard, isComplete: true, events: [], facts: [], hasMore: false };
  const shared = new SharedLedger(own, {
    ledgers: (word) => {
      words.push(word);
      return Promise.resolve([page]);
    },
    ledgerOf: (_, word) => {
      words.push(word);
      return Promise.resolve(page);
    },
  });
  shared.begin([], true);
  return { own, shared, words };
}

it("is told so by a node that has heard of it", async () => {
  const { shared, words } = telling({ term: 2, batch: 0 });
  await expect(shared.say([])).rejects.toThrow(Deposed);
  expect(words.map(({ kind }) => kind)).toEqual(["add"]);
});

it("knows it by its own ledger, and says nothing", async () => {
  const { own, shared, words } = telling({ term: 1, batch: 1 });
  const mark = { term: 2, batch: 0 };
  own.heard({ kind: "fill", mark, isComplete: true, events: [], from: 0, facts: [], isLast: true });
  await expect(shared.say([])).rejects.toThrow(Deposed);
  expect(words).toEqual([]);
});

it("gives all of it to who has missed something, and nothing to who has it", async () => {
  const has = telling({ term: 1, batch: 1 });
  await has.shared.say([]);
  expect(has.words.map(({ kind }) => kind)).toEqual(["add"]);
  const missed = telling({ term: 1, batch: 0 });
  await missed.shared.say([]);
  expect(missed.words.map(({ kind }) => kind)).toEqual(["add", "fill"]);
  // The same is not said twice, and the next is, once that was taken.
  await missed.shared.say([]);
  expect(missed.words).toHaveLength(2);
  missed.shared.taken();
  await missed.shared.say([]);
  expect(missed.words.at(-2)).toMatchObject({ kind: "add", mark: { term: 1, batch: 2 } });
});

it("begins from the newest ledger of all, which may be its own", async () => {
  const own = new Ledger("a");
  const asked: string[] = [];
  const marks: Readonly<Record<string, LedgerMark>> = {
    b: { term: 1, batch: 7 },
    c: { term: 2, batch: 3 },
    d: { term: 2, batch: 1 },
  };
  const pageOf = (node: string): LedgerPage => {
    const mark = marks[node] ?? { term: 0, batch: 0 };
    return { node, mark, isComplete: true, events: [], facts: [{ kind: "channel", channel: node }], hasMore: false };
  };
  const shared = new SharedLedger(own, {
    ledgers: () => Promise.resolve(Object.keys(marks).map((node) => pageOf(node))),
    ledgerOf: (node) => {
      asked.push(node);
      return Promise.resolve(pageOf(node));
    },
  });
  expect(await shared.newest()).toMatchObject({ facts: [{ channel: "c" }], isComplete: true });
  shared.begin([], true);
  expect(own.mark).toEqual({ term: 3, batch: 0 });
  own.begin(3, [{ kind: "channel", channel: "mine" }], false);
  expect(await shared.newest()).toMatchObject({ facts: [{ channel: "mine" }], isComplete: false });
  expect(asked).toEqual(["c"]);
});
