import { describe, expect, it } from "vitest";
import { KeptSink, LifecycleCluster } from "../testing/lifecycle-cluster.ts";
import type { LifecycleEvent } from "./events.ts";
import { Ledger, type LedgerPage } from "./ledger.ts";

const ann = { session: "s1", user: "ann" };

describe("what a node leaves behind that told, and whose sink nobody has", () => {
  it("has ended, says the next one, as to what was so there alone (W7)", async () => {
    const cluster = new LifecycleCluster();
    const [a, b, first, second] = [cluster.facts("a"), cluster.facts("b"), new KeptSink(), new KeptSink()];
    const reader = cluster.reader("a", first);
    cluster.reader("b", second);
    a.opened("s1", "ann");
    a.opened("s0", "ann");
    a.occupancy("mine", true);
    a.entered("mine", ann);
    a.occupancy("both", true);
    b.occupancy("both", true);
    b.opened("s2", "ben");
    await cluster.looks(1);
    a.closed("s0", "ann", "client");
    // And that it was taken is known a look later.
    await cluster.looks(2);
    expect(first.told()).toHaveLength(7);
    cluster.kill("a", reader);
    b.opened("s3", "cid");
    await cluster.looks(20);
    expect(second.told()).toEqual(["connection.opened s3"]);
    await cluster.looks(20);
    expect(second.told()).toEqual(["connection.closed s1 node_lost", "channel.vacated mine", "member.left mine ann"]);
    expect([...second.standing.keys()].sort()).toEqual(["channel\nboth", "connection\ns2", "connection\ns3"]);
    b.closed("s2", "ben", "client");
    b.occupancy("both", false);
    await cluster.looks(10);
    expect(second.told()).toEqual(["connection.closed s2 client", "channel.vacated both"]);
  });

  it("is told with the same ids where it was killed before it was taken, and not again where it was taken", async () => {
    const cluster = new LifecycleCluster();
    const [a, b, first, second] = [cluster.facts("a"), cluster.facts("b"), new KeptSink(), new KeptSink()];
    const reader = cluster.reader("a", first);
    cluster.reader("b", second);
    a.occupancy("x", true);
    await cluster.looks(2);
    expect(first.told()).toEqual(["channel.occupied x"]);
    b.occupancy("y", true);
    const taken: string[] = [];
    first.take = (events) => {
      taken.push(...events.map(({ id }) => id));
      return Promise.reject(new Error("killed"));
    };
    await cluster.looks(1);
    cluster.kill("a", reader);
    await cluster.looks(2);
    expect(second.events.map(({ id }) => id)).toEqual(taken);
    expect(second.told()).toEqual(["channel.occupied y"]);
    await cluster.looks(40);
    expect(second.told()).toEqual(["channel.vacated x"]);
  });

  it("is known by one that came later, from a node that itself tells nothing, page by page", async () => {
    const cluster = new LifecycleCluster();
    const [a, first, second] = [cluster.facts("a"), new KeptSink(), new KeptSink()];
    const reader = cluster.reader("a", first);
    for (let n = 0; n < 2_500; n += 1) a.opened(`s${n}`, "");
    await cluster.looks(1);
    cluster.facts("silent witness");
    await cluster.looks(1);
    cluster.kill("a", reader);
    cluster.reader("b", second);
    await cluster.looks(40);
    const ended = second.told();
    expect([ended.length, new Set(ended).size, ended[0]]).toEqual([2_500, 2_500, "connection.closed s0 node_lost"]);
  });

  it("is known by the next one however much each showed of itself: nothing nodes say is too large", async () => {
    const cluster = new LifecycleCluster();
    const [a, b, first, second] = [cluster.facts("a"), cluster.facts("b"), new KeptSink(), new KeptSink()];
    const reader = cluster.reader("a", first);
    for (let n = 0; n < 2_000; n += 1) {
      const member = { session: `s${n}`, user: `u${n}`, info: "é".repeat(4_500) };
      (n < 1_000 ? a : b).entered("x", member);
    }
    await cluster.looks(1);
    expect(first.told()).toHaveLength(2_000);
    cluster.facts("witness");
    await cluster.looks(1);
    cluster.kill("a", reader);
    cluster.kill("b");
    cluster.reader("c", second);
    await cluster.looks(40);
    const ended = second.told();
    expect([ended.length, new Set(ended).size, ended[0]]).toEqual([2_000, 2_000, "member.left x u0"]);
  });

  it("is known by one that missed some of it", async () => {
    const cluster = new LifecycleCluster();
    const [a, first, second] = [cluster.facts("a"), new KeptSink(), new KeptSink()];
    const reader = cluster.reader("a", first);
    cluster.reader("b", second);
    a.opened("s1", "ann");
    a.opened("s2", "ann");
    await cluster.looks(2);
    cluster.silent.add("b");
    a.closed("s1", "ann", "client");
    a.opened("s3", "ann");
    await cluster.looks(2);
    cluster.silent.delete("b");
    await cluster.looks(1);
    cluster.kill("a", reader);
    await cluster.looks(40);
    expect(second.told()).toEqual(["connection.closed s2 node_lost", "connection.closed s3 node_lost"]);
  });

  it("is there again where it was cut off: what was told to have ended is told to have begun anew (W7)", async () => {
    const cluster = new LifecycleCluster();
    const [a, first, second] = [cluster.facts("a"), new KeptSink(), new KeptSink()];
    cluster.reader("a", first);
    cluster.reader("b", second);
    a.opened("s1", "ann");
    a.opened("s2", "ben");
    a.occupancy("x", true);
    a.entered("x", ann);
    await cluster.looks(2);
    cluster.silent.add("a");
    cluster.holder = null;
    await cluster.looks(40);
    expect(second.told()).toHaveLength(4);
    a.closed("s2", "ben", "client");
    a.opened("s3", "cid");
    cluster.silent.delete("a");
    await cluster.looks(2);
    const ids = second.events.map(({ id }) => id);
    expect(second.told()).toEqual([
      "connection.opened s1",
      "channel.occupied x",
      "member.joined x ann",
      "connection.opened s3",
    ]);
    // Who remembers the ids of what was told believes it all the same.
    expect(first.events.map(({ id }) => id)).toContain("opened_s1");
    expect(ids).not.toContain("opened_s1");
    // And once more, as a node that others read.
    cluster.silent.add("a");
    await cluster.looks(40);
    expect([...second.told()].sort()).toEqual([
      "channel.vacated x",
      "connection.closed s1 node_lost",
      "connection.closed s3 node_lost",
      "member.left x ann",
    ]);
    cluster.silent.delete("a");
    await cluster.looks(2);
    expect(second.told()).toHaveLength(4);
    a.closed("s1", "ann", "client");
    await cluster.looks(2);
    expect(second.events.map(({ id }) => id)).toEqual(["closed_s1"]);
    expect(first.told()).toHaveLength(4);
    expect(new Set(second.ids).size).toBe(second.ids.length);
  });

  it("is not told anew by one that began without knowing what was told, nor by the next: its end is told", async () => {
    const cluster = new LifecycleCluster();
    const [c, first, second] = [cluster.facts("c"), new KeptSink(), new KeptSink()];
    c.opened("s1", "ann");
    // As if somebody had told it whose ledger is nowhere.
    c.page(c.page(0).to);
    const reader = cluster.reader("a", first);
    cluster.reader("b", second);
    await cluster.looks(2);
    cluster.kill("a", reader);
    await cluster.looks(5);
    c.closed("s1", "ann", "client");
    await cluster.looks(5);
    expect([first.told(), second.told()]).toEqual([[], ["connection.closed s1 client"]]);
  });

  it("has ended, says the next one, though its sink cannot remember it", async () => {
    const cluster = new LifecycleCluster();
    const [a, first, second] = [cluster.facts("a"), new KeptSink(), new KeptSink()];
    const reader = cluster.reader("a", first);
    cluster.reader("b", Object.assign(second, { adopt: () => Promise.reject(new Error("full")) }));
    a.opened("s1", "ann");
    await cluster.looks(2);
    cluster.kill("a", reader);
    await cluster.looks(40);
    expect(second.told()).toEqual(["connection.closed s1 node_lost"]);
  });

  it("is said to the others once, however long nothing happens", async () => {
    const cluster = new LifecycleCluster();
    const [a, b] = [cluster.facts("a"), cluster.facts("b")];
    cluster.reader("a", new KeptSink());
    a.opened("s1", "ann");
    await cluster.looks(3);
    const mark = cluster.ledgers.get("b")?.mark;
    expect(mark).toEqual({ term: 1, teller: "a", batch: 2 });
    await cluster.looks(10);
    expect(cluster.ledgers.get("b")?.mark).toEqual(mark);
    expect(b.page(0).entries).toEqual([]);
  });

  it("is told a thousand at once at most, and no more from when another one has the lease", async () => {
    const cluster = new LifecycleCluster();
    const [a, c, first, second] = [cluster.facts("a"), cluster.facts("c"), new KeptSink(), new KeptSink()];
    const sizes: number[] = [];
    cluster.reader(
      "a",
      Object.assign(first, {
        take: (events: readonly LifecycleEvent[]): Promise<void> => {
          sizes.push(events.length);
          // It took so long that the lease is over, and somebody else was quicker.
          cluster.clock.advance(4_000);
          cluster.holder = "b";
          cluster.fence += 1;
          return Promise.resolve();
        },
      }),
    );
    for (let n = 0; n < 1_500; n += 1) (n < 750 ? a : c).opened(`s${n}`, "");
    await cluster.looks(1);
    expect(sizes).toEqual([1_000]);
    cluster.reader("b", second);
    await cluster.looks(2);
    // Those that were taken once more, since nobody knows that they were.
    expect(second.ids).toEqual(Array.from({ length: 1_500 }, (_, n) => `opened_s${n}`));
  });

  it("is not told by it when it goes on without knowing that another one tells", async () => {
    const cluster = new LifecycleCluster();
    const [a, first, second] = [cluster.facts("a"), new KeptSink(), new KeptSink()];
    cluster.reader("b", second);
    cluster.holder = "a";
    // The one looks half a second after the other, and takes its lease at 1,500 ms and at 4,500 ms.
    await cluster.looks(1, 500);
    cluster.reader("a", first);
    await cluster.looks(8, 500);
    // By then it is the other's, as it would be after a pause.
    cluster.holder = "b";
    cluster.fence += 1;
    await cluster.looks(1, 500);
    a.opened("s1", "ann");
    await cluster.looks(1, 500);
    expect(first.told()).toEqual([]);
    await cluster.looks(5);
    expect([first.told(), second.told()]).toEqual([[], ["connection.opened s1"]]);
    // Nor does it take over once more before it has asked for the lease.
    expect(cluster.ledgers.get("a")?.mark.term).toBe(2);
  });
});

function opened(session: string): LifecycleEvent {
  return { id: `opened_${session}`, atMs: 1, type: "connection.opened", session, user: "" };
}

describe("a ledger", () => {
  const sessions = ({ facts, events }: Pick<LedgerPage, "facts" | "events">): readonly string[] =>
    [...facts, ...events].map((each) => ("session" in each ? String(each.session) : ""));
  const add = (ledger: Ledger, batch: number, ...events: readonly LifecycleEvent[]): number =>
    ledger.heard({ kind: "add", mark: { term: 1, teller: "t", batch }, isComplete: true, events }).mark.batch;

  const fill = (ledger: Ledger, ...facts: LedgerPage["facts"]): void => {
    const mark = { term: 1, teller: "t", batch: 0 };
    ledger.heard({ kind: "fill", mark, isComplete: true, events: [], from: 0, facts, isLast: true });
  };
  const read = (ledger: Ledger, reader: string, from: number): LedgerPage =>
    ledger.heard({ kind: "read", reader, from });

  it("takes what follows on what it has, and says by its mark that something else did not", () => {
    const ledger = new Ledger("a");
    expect(add(ledger, 1, opened("s1"))).toBe(0);
    fill(ledger);
    expect([add(ledger, 1, opened("s1")), add(ledger, 1, opened("sx")), add(ledger, 3, opened("s3"))]).toEqual([
      1, 1, 1,
    ]);
    expect(add(ledger, 2, opened("s2"))).toBe(2);
    expect(ledger.heard({ kind: "read", reader: "b", from: 0 })).toMatchObject({
      facts: [{ session: "s1" }],
      events: [{ session: "s2" }],
    });
  });

  it("is filled by all pages in their order or not at all, and by nobody who is behind", () => {
    const ledger = new Ledger("a");
    const facts = (...names: readonly string[]): LedgerPage["facts"] =>
      names.map((session) => ({ kind: "connection", session, user: "" }));
    const given = (term: number, from: number, ...names: readonly (string | null)[]): number => {
      const mark = { term, teller: "t", batch: 4 };
      const some = facts(...names.filter((name) => name !== null));
      const isLast = !names.includes(null);
      return ledger.heard({ kind: "fill", mark, isComplete: true, events: [], from, facts: some, isLast }).mark.term;
    };
    // `null`: more is to come.
    expect(given(2, 0, "s1", null)).toBe(0);
    expect(given(2, 2, "s3")).toBe(0);
    expect(given(3, 1, "s3")).toBe(0);
    expect(given(2, 1, "s2")).toBe(2);
    expect(sessions(ledger.all())).toEqual(["s1", "s2"]);
    expect(given(1, 0, "s9")).toBe(2);
    expect(given(2, 0, "s9")).toBe(2);
    expect(sessions(ledger.all())).toEqual(["s1", "s2"]);
    expect(given(3, 0)).toBe(3);
    expect(sessions(ledger.all())).toEqual([]);
  });

  it("is filled by one of two that began the same term, the same one on every node, and is not complete then", () => {
    const ledger = new Ledger("a");
    fill(ledger);
    const rival = (teller: string): LedgerPage => {
      const mark = { term: 1, teller, batch: 3 };
      return ledger.heard({ kind: "fill", mark, isComplete: true, events: [], from: 0, facts: [], isLast: true });
    };
    expect(rival("s").mark.teller).toBe("t");
    expect(rival("u")).toMatchObject({ mark: { teller: "u" }, isComplete: false });
    ledger.add({ mark: { term: 1, teller: "t", batch: 4 }, isComplete: true, events: [] });
    expect(ledger.mark).toEqual({ term: 1, teller: "u", batch: 3 });
  });

  it("is read by several at a time, each of whom is shown all of it", () => {
    const ledger = new Ledger("a");
    fill(ledger, ...Array.from({ length: 2_500 }, (_, n) => ({ kind: "channel", channel: `c${n}` }) as const));
    const sizes: [string, number, boolean][] = [];
    for (const from of [0, 1_000, 2_000]) {
      for (const reader of ["b", "c"]) {
        const { facts, hasMore, mark } = read(ledger, reader, from);
        expect(mark.term).toBe(1);
        sizes.push([reader, facts.length, hasMore]);
      }
    }
    const each = (reader: string): unknown => sizes.filter(([name]) => name === reader).map(([, ...page]) => page);
    const whole = [
      [1_000, true],
      [1_000, true],
      [500, false],
    ];
    expect([each("b"), each("c")]).toEqual([whole, whole]);
  });

  it("says nothing that could be taken to who reads on what it is not shown any more", () => {
    const ledger = new Ledger("a");
    fill(ledger, ...Array.from({ length: 1_500 }, (_, n) => ({ kind: "channel", channel: `c${n}` }) as const));
    const nobody = { mark: { term: 0 }, facts: [], hasMore: false };
    expect(read(ledger, "b", 1_000)).toMatchObject(nobody);
    // Eight others read, and the oldest is out.
    for (const reader of "bcdefghij") expect(read(ledger, reader, 0).hasMore).toBe(true);
    expect(read(ledger, "b", 1_000)).toMatchObject(nobody);
    expect(read(ledger, "c", 1_000)).toMatchObject({ mark: { term: 1 }, hasMore: false });
    // What it was shown is not all any more.
    add(ledger, 1, opened("s1"));
    expect(read(ledger, "d", 1_000)).toMatchObject(nobody);
  });

  it("keeps no more than it may, says that it is not complete then, and still takes ends", () => {
    const ledger = new Ledger("a", 2);
    fill(ledger);
    add(ledger, 1, opened("s1"), opened("s2"));
    add(ledger, 2);
    expect(ledger.all().isComplete).toBe(true);
    add(ledger, 3, opened("s3"));
    add(ledger, 4, { ...opened("s1"), type: "connection.closed", reason: "client" } as LifecycleEvent);
    add(ledger, 5);
    expect([sessions(ledger.all()), ledger.all().isComplete]).toEqual([["s2"], false]);
  });
});
