import { describe, expect, it } from "vitest";
import type { LifecycleEvent } from "./events.ts";
import { isLedgerWord, ledgerPageIn, pageIn } from "./pages.ts";

function opened(session: string): LifecycleEvent {
  return { id: `opened_${session}`, atMs: 1, type: "connection.opened", session, user: "" };
}

describe("what nodes say to each other", () => {
  const mark = { term: 1, teller: "a", batch: 2 };
  const said = { node: "a", mark, isComplete: true, events: [opened("s1")], facts: [], hasMore: false };
  const page = { node: "a", to: 1, hasMore: false, entries: [], mark };

  it("is read where it is whole", () => {
    expect(ledgerPageIn(JSON.stringify(said))).toEqual(said);
    expect(pageIn(JSON.stringify(page))).toEqual(page);
    expect(isLedgerWord({ kind: "add", mark, isComplete: false, events: said.events })).toBe(true);
  });

  const nothing: readonly unknown[] = [undefined, null, 0, "", [], {}, [null], -1];
  const names = ["node", "mark", "isComplete", "events", "facts", "hasMore"];
  it.each(names)("and is nothing where its %s is something else", (name) => {
    const isList = name === "events" || name === "facts";
    const wrong = nothing.filter(
      (value) => !(isList && Array.isArray(value) && value.length === 0) && !(name === "node" && value === ""),
    );
    for (const value of wrong)
      expect([value, ledgerPageIn(JSON.stringify({ ...said, [name]: value }))]).toEqual([value, null]);
  });

  it("and is nothing where an event or a fact in it is none", () => {
    const events = [
      { ...opened("s1"), type: "connection.lost" },
      { ...opened("s1"), id: 1 },
      { ...opened("s1"), atMs: "1" },
      { ...opened("s1"), user: null },
      { ...opened("s1"), type: "connection.closed" },
      { id: "e", atMs: 1, type: "member.left", channel: "x", user: "ann", session: 7 },
    ];
    for (const event of events) {
      expect([event, ledgerPageIn(JSON.stringify({ ...said, events: [event] }))]).toEqual([event, null]);
      expect(isLedgerWord({ kind: "add", mark, isComplete: true, events: [event] })).toBe(false);
    }
    for (const fact of [{ kind: "channel" }, { kind: "x", channel: "x" }, { kind: "connection", session: "s" }])
      expect(
        isLedgerWord({ kind: "fill", mark, isComplete: true, events: [], from: 0, facts: [fact], isLast: true }),
      ).toBe(false);
    for (const from of [-1, 0.5, "0"]) expect(isLedgerWord({ kind: "read", reader: "b", from })).toBe(false);
    expect(isLedgerWord({ kind: "read", from: 0 })).toBe(false);
    expect(isLedgerWord({ kind: "add", mark: { term: 1, batch: 2 }, isComplete: true, events: [] })).toBe(false);
    expect(isLedgerWord({ kind: "clear" })).toBe(false);
    expect(pageIn(JSON.stringify({ ...page, mark: { term: 1 } }))).toBe(null);
  });
});
