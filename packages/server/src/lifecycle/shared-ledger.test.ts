// A node that tells, and does not know yet that another one does.
import { describe, expect, it } from "vitest";
import { Ledger, type LedgerMark, type LedgerPage, type LedgerWord } from "./ledger.ts";
import { type OtherLedgers, SharedLedger } from "./shared-ledger.ts";
import { Deposed } from "./turn.ts";

const holds = (): Promise<void> => Promise.resolve();

function telling(heard: LedgerMark): {
  readonly own: Ledger;
  readonly shared: SharedLedger;
  readonly words: LedgerWord[];
} {
  const own = new Ledger("a");
  const words: LedgerWord[] = [];
  const page: LedgerPage = { node: "b", mark: heard, isComplete: true, events: [], facts: [], hasMore: false };
  const others: OtherLedgers = {
    ledgers: (word) => {
      words.push(word);
      return Promise.resolve([page]);
    },
    ledgerOf: (_, word) => {
      words.push(word);
      return Promise.resolve(page);
    },
  };
  const shared = new SharedLedger(own, others, holds);
  shared.begin([], true);
  return { own, shared, words };
}

it("is told so by a node that has heard of it", async () => {
  const { shared, words } = telling({ term: 2, teller: "b", batch: 0 });
  await expect(shared.say([])).rejects.toThrow(Deposed);
  expect(words.map(({ kind }) => kind)).toEqual(["add"]);
});

it("knows it by its own ledger, and says nothing", async () => {
  const { own, shared, words } = telling({ term: 1, teller: "a", batch: 1 });
  const mark = { term: 2, teller: "b", batch: 0 };
  own.heard({ kind: "fill", mark, isComplete: true, events: [], from: 0, facts: [], isLast: true });
  await expect(shared.say([])).rejects.toThrow(Deposed);
  expect(words).toEqual([]);
});

it("gives all of it to who has missed something, and nothing to who has it", async () => {
  const has = telling({ term: 1, teller: "a", batch: 1 });
  await has.shared.say([]);
  expect(has.words.map(({ kind }) => kind)).toEqual(["add"]);
  const missed = telling({ term: 1, teller: "a", batch: 0 });
  await missed.shared.say([]);
  expect(missed.words.map(({ kind }) => kind)).toEqual(["add", "fill"]);
  // The same is not said twice, and the next is, once that was taken.
  await missed.shared.say([]);
  expect(missed.words).toHaveLength(2);
  missed.shared.taken();
  await missed.shared.say([]);
  expect(missed.words.at(-2)).toMatchObject({ kind: "add", mark: { term: 1, teller: "a", batch: 2 } });
});

it("begins from the newest ledger of all, which may be its own", async () => {
  const own = new Ledger("a");
  const asked: string[] = [];
  const marks: Readonly<Record<string, LedgerMark>> = {
    b: { term: 1, teller: "b", batch: 7 },
    c: { term: 2, teller: "c", batch: 3 },
    d: { term: 2, teller: "c", batch: 1 },
  };
  const pageOf = (node: string): LedgerPage => {
    const mark = marks[node] ?? { term: 0, teller: "", batch: 0 };
    return { node, mark, isComplete: true, events: [], facts: [{ kind: "channel", channel: node }], hasMore: false };
  };
  const others: OtherLedgers = {
    ledgers: () => Promise.resolve(Object.keys(marks).map((node) => pageOf(node))),
    ledgerOf: (node) => {
      asked.push(node);
      return Promise.resolve(pageOf(node));
    },
  };
  const shared = new SharedLedger(own, others, holds);
  expect(await shared.newest()).toMatchObject({ facts: [{ channel: "c" }], isComplete: true });
  shared.begin([], true);
  expect(own.mark).toEqual({ term: 3, teller: "a", batch: 0 });
  own.begin(3, [{ kind: "channel", channel: "mine" }], false);
  expect(await shared.newest()).toMatchObject({ facts: [{ channel: "mine" }], isComplete: false });
  expect(asked).toEqual(["c"]);
});

describe("two that began the same term, since neither could be asked by the other", () => {
  it("notice it: the one that all nodes do not follow, when it hears of the other", async () => {
    const { shared, words } = telling({ term: 1, teller: "a", batch: 0 });
    // However far it is itself.
    await shared.say([]);
    shared.taken();
    const mark = { term: 1, teller: "b", batch: 0 };
    await expect(shared.catchUp([{ node: "b", mark }])).rejects.toThrow(Deposed);
    expect(words.filter(({ kind }) => kind === "fill" || kind === "read")).toHaveLength(1);
  });

  it("notice it: the same one, when it is given what the other told", async () => {
    const rival = new Ledger("A");
    const shared = new SharedLedger(rival, { ledgers: nobody, ledgerOf: nobody }, holds);
    shared.begin([], true);
    const { shared: followed, own, words } = telling({ term: 1, teller: "a", batch: 0 });
    await followed.catchUp([{ node: "A", mark: rival.mark }]);
    for (const word of words) rival.heard(word);
    expect(rival.mark).toEqual(own.mark);
    await expect(shared.catchUp([])).rejects.toThrow(Deposed);
    await expect(shared.say([])).rejects.toThrow(Deposed);
  });

  it("notice it: who is given it says that it is ahead", async () => {
    const { shared } = telling({ term: 1, teller: "b", batch: 0 });
    await expect(shared.catchUp([{ node: "b", mark: { term: 0, teller: "", batch: 0 } }])).rejects.toThrow(Deposed);
  });
});

it("begins as one that does not know all where two told in the same term", async () => {
  const own = new Ledger("a");
  const marks: readonly LedgerMark[] = [
    { term: 1, teller: "b", batch: 7 },
    { term: 1, teller: "c", batch: 3 },
  ];
  const pages = marks.map((mark): LedgerPage => ({
    node: mark.teller,
    mark,
    isComplete: true,
    events: [],
    facts: [],
    hasMore: false,
  }));
  const ledgerOf = (node: string): Promise<LedgerPage | null> =>
    Promise.resolve(pages.find((page) => page.node === node) ?? null);
  const of = (heard: readonly LedgerPage[]): SharedLedger =>
    new SharedLedger(own, { ledgers: () => Promise.resolve(heard), ledgerOf }, holds);
  expect(await of(pages).newest()).toMatchObject({ isComplete: false });
  expect(await of(pages.slice(0, 1)).newest()).toMatchObject({ isComplete: true });
});

const nobody = (): never => {
  throw new Error("nobody was to be asked");
};

describe("a ledger of many pages", () => {
  const facts = Array.from({ length: 2_500 }, (_, n) => ({ kind: "channel", channel: `c${n}` }) as const);
  /** May go on so many times. */
  const holding = (times: number): (() => Promise<void>) => {
    let left = times;
    return () => {
      left -= 1;
      return left < 0 ? Promise.reject(new Deposed("somebody else tells")) : Promise.resolve();
    };
  };

  it("is given to nodes side by side, as long as this node may go on, and no more to one that is silent", async () => {
    const own = new Ledger("a");
    const ledgers = new Map(["b", "c"].map((node) => [node, new Ledger(node)]));
    const behind = (): LedgerPage[] => ["b", "c", "hung"].map((node) => pageOf(ledgers.get(node) ?? new Ledger(node)));
    const pageOf = (ledger: Ledger): LedgerPage => ledger.heard({ kind: "mark" });
    const asked: string[] = [];
    const open = new Map<string, () => void>();
    const others: OtherLedgers = {
      ledgers: nobody,
      // None answers before all were asked.
      ledgerOf: async (node, word) => {
        asked.push(node);
        await new Promise<void>((resolve) => {
          open.set(node, resolve);
          if (open.size < (asked.length > 3 ? 2 : 3)) return;
          for (const answer of open.values()) answer();
          open.clear();
        });
        return ledgers.get(node)?.heard(word) ?? null;
      },
    };
    const shared = (times: number): SharedLedger => new SharedLedger(own, others, holding(times));
    const deposed = shared(2);
    deposed.begin(facts, true);
    await expect(deposed.catchUp(behind())).rejects.toThrow(Deposed);
    expect(asked.splice(0)).toEqual(["b", "c", "hung", "b", "c"]);
    const telling = shared(3);
    telling.begin(facts, true);
    await telling.catchUp(behind());
    expect(asked).toEqual(["b", "c", "hung", "b", "c", "b", "c"]);
    for (const ledger of ledgers.values()) expect(ledger.all()).toEqual(own.all());
  });

  it("is read as long as this node may go on, also while it is given to another one", async () => {
    const [own, newest] = [new Ledger("a"), new Ledger("b")];
    newest.begin(1, facts, true);
    let reads = 0;
    const others: OtherLedgers = {
      ledgers: (word) => Promise.resolve([newest.heard(word)]),
      ledgerOf: (_, word) => {
        reads += 1;
        newest.heard({ kind: "read", reader: "c", from: (reads - 1) * 1_000 });
        return Promise.resolve(newest.heard(word));
      },
    };
    await expect(new SharedLedger(own, others, holding(2)).newest()).rejects.toThrow(Deposed);
    expect(reads).toBe(2);
    reads = 0;
    expect(await new SharedLedger(own, others, holding(3)).newest()).toMatchObject({ facts, isComplete: true });
    expect(reads).toBe(3);
  });
});
