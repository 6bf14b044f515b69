import { describe, expect, it } from "vitest";
import { Metrics } from "../ports/metrics.ts";
import { silentLog } from "../ports/log.ts";
import { systemRandom } from "../ports/random.ts";
import { FakeClock } from "../testing/fake-clock.ts";
import { type LifecycleEvent, type LifecycleSink, standingOf } from "./events.ts";
import { type Fact, Facts, keyOf } from "./facts.ts";
import { Ledger, type LedgerPage, type LedgerWord } from "./ledger.ts";
import { isLedgerWord, ledgerPageIn, type NodePage, pageIn, type Seen } from "./pages.ts";
import { LifecycleReader, type OtherLifecycles } from "./reader.ts";

/** Keeps what it took, and what of it is so. */
class KeptSink implements LifecycleSink {
  readonly events: LifecycleEvent[] = [];
  readonly standing = new Map<string, Fact>();
  isAway = false;
  /** So many more times it cannot take anything. */
  failing = 0;

  recall(): Promise<readonly Fact[]> {
    return this.isAway ? Promise.reject(new Error("away")) : Promise.resolve([...this.standing.values()]);
  }

  take(events: readonly LifecycleEvent[]): Promise<void> {
    if (this.isAway || this.failing > 0) {
      this.failing -= 1;
      return Promise.reject(new Error("away"));
    }
    for (const event of events) {
      const { fact, holds } = standingOf(event);
      if (holds) this.standing.set(keyOf(fact), fact);
      else this.standing.delete(keyOf(fact));
    }
    this.events.push(...events);
    return Promise.resolve();
  }

  adopt(facts: readonly Fact[]): Promise<void> {
    this.standing.clear();
    for (const fact of facts) this.standing.set(keyOf(fact), fact);
    return Promise.resolve();
  }

  /** What was told since this was last asked. */
  told(): readonly string[] {
    return this.events.splice(0).map((event) => {
      if ("reason" in event) return `${event.type} ${event.session} ${event.reason}`;
      if ("channel" in event)
        return `${event.type} ${event.channel}${"user" in event ? ` ${event.user || event.session}` : ""}`;
      return `${event.type} ${event.session}`;
    });
  }
}

class Cluster {
  readonly clock = new FakeClock();
  readonly nodes = new Map<string, Facts>();
  readonly ledgers = new Map<string, Ledger>();
  /** Those that cannot be asked, and can ask nobody. */
  readonly silent = new Set<string>();
  holder: string | null = null;
  fence = 0;
  isDown = false;

  facts(node: string): Facts {
    const facts = new Facts(node, { clock: this.clock, metrics: new Metrics() });
    this.nodes.set(node, facts);
    this.ledgers.set(node, new Ledger(node));
    return facts;
  }

  reader(node: string, sink: LifecycleSink): LifecycleReader {
    const facts = this.nodes.get(node) ?? this.facts(node);
    const ledger = this.ledgers.get(node) ?? new Ledger(node);
    const leases = {
      take: (): Promise<number | null> => {
        if (this.isDown || this.silent.has(node)) return Promise.reject(new Error("down"));
        if (this.holder === null) [this.holder, this.fence] = [node, this.fence + 1];
        return Promise.resolve(this.holder === node ? this.fence : null);
      },
      release: (): void => void (this.holder = this.holder === node ? null : this.holder),
    };
    const ports = { clock: this.clock, random: systemRandom, log: silentLog };
    const reader = new LifecycleReader({ node, sink, facts, ledger, others: this.others(node), leases, ...ports });
    reader.start();
    return reader;
  }

  /** What a node asks of the others, as it goes over the wire. */
  others(node: string): OtherLifecycles {
    const asked = (): readonly string[] => {
      if (this.isDown || this.silent.has(node)) throw new Error("down");
      return [...this.nodes.keys()].filter((name) => name !== node && !this.silent.has(name));
    };
    const said = (name: string, word: LedgerWord): LedgerPage | null => {
      const heard: unknown = JSON.parse(JSON.stringify(word));
      if (!isLedgerWord(heard)) throw new TypeError(`a word between nodes was expected, got ${JSON.stringify(word)}`);
      return ledgerPageIn(JSON.stringify(this.ledgers.get(name)?.heard(heard) ?? null));
    };
    const page = (name: string, seen: Seen): NodePage | null => {
      const changed = this.nodes.get(name)?.page(seen[name] ?? 0);
      return pageIn(JSON.stringify({ ...changed, mark: this.ledgers.get(name)?.mark }));
    };
    return {
      facts: async (seen) => await Promise.all(asked().flatMap((name) => page(name, seen) ?? [])),
      ledgers: async (word) => await Promise.all(asked().flatMap((name) => said(name, word) ?? [])),
      ledgerOf: async (name, word) => await Promise.resolve(asked().includes(name) ? said(name, word) : null),
    };
  }

  /** As if it had been killed: it says nothing more, and its lease ends. */
  kill(node: string, reader?: LifecycleReader): void {
    if (reader !== undefined) Object.assign(reader, { start: () => undefined });
    this.silent.add(node);
    this.nodes.delete(node);
    if (this.holder === node) this.holder = null;
  }

  /** So many looks. */
  async looks(count: number): Promise<void> {
    for (let done = 0; done < count; done += 1) {
      this.clock.advance(1_000);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

const ann = { session: "s1", user: "ann" };

describe("what happens on the nodes", () => {
  it("is told once: a channel is occupied though two nodes have it, and vacated when the last has left", async () => {
    const cluster = new Cluster();
    const [a, b, sink] = [cluster.facts("a"), cluster.facts("b"), new KeptSink()];
    cluster.reader("a", sink);
    a.occupancy("x", true);
    await cluster.looks(1);
    b.occupancy("x", true);
    await cluster.looks(1);
    a.occupancy("x", false);
    await cluster.looks(10);
    expect(sink.told()).toEqual(["channel.occupied x"]);
    b.occupancy("x", false);
    await cluster.looks(2);
    expect(sink.told()).toEqual([]);
    await cluster.looks(3);
    expect(sink.told()).toEqual(["channel.vacated x"]);
  });

  it("leaves out a page that is loaded again: the user has other sessions, at another node, and did not leave", async () => {
    const cluster = new Cluster();
    const [a, b, sink] = [cluster.facts("a"), cluster.facts("b"), new KeptSink()];
    cluster.reader("a", sink);
    a.entered("x", ann);
    await cluster.looks(1);
    expect(sink.told()).toEqual(["member.joined x ann"]);
    a.left("x", ann);
    await cluster.looks(2);
    b.entered("x", { session: "s2", user: "ann" });
    b.entered("x", { session: "s3", user: "ann" });
    b.left("x", { session: "s2", user: "ann" });
    await cluster.looks(10);
    expect(sink.told()).toEqual([]);
    b.left("x", { session: "s3", user: "ann" });
    await cluster.looks(5);
    expect(sink.told()).toEqual(["member.left x ann"]);
  });

  it("tells guests apart, and of a connection that came and went between two looks", async () => {
    const cluster = new Cluster();
    const [a, sink] = [cluster.facts("a"), new KeptSink()];
    cluster.reader("a", sink);
    a.entered("x", { session: "g1", user: "" });
    a.entered("x", { session: "g2", user: "" });
    a.opened("s1", "ann");
    a.closed("s1", "ann", "no_pong");
    await cluster.looks(1);
    expect(sink.told()).toEqual([
      "member.joined x g1",
      "member.joined x g2",
      "connection.opened s1",
      "connection.closed s1 no_pong",
    ]);
  });

  it("is told again as long as the sink could not take it, once and in order, and nothing is forgotten meanwhile", async () => {
    const cluster = new Cluster();
    const [a, b, sink] = [cluster.facts("a"), cluster.facts("b"), new KeptSink()];
    cluster.reader("a", sink);
    await cluster.looks(1);
    sink.isAway = true;
    a.opened("s1", "ann");
    await cluster.looks(2);
    b.opened("s2", "ben");
    a.closed("s1", "ann", "client");
    b.closed("s2", "ben", "client");
    await cluster.looks(5);
    sink.isAway = false;
    await cluster.looks(2);
    // It goes away with what came and went in its hands.
    sink.failing = 1;
    b.opened("s3", "cid");
    b.closed("s3", "cid", "client");
    await cluster.looks(3);
    expect(sink.told()).toEqual([
      "connection.opened s1",
      "connection.closed s1 client",
      "connection.opened s2",
      "connection.closed s2 client",
      "connection.opened s3",
      "connection.closed s3 client",
    ]);
  });

  it("has ended where a node is gone without a word, but not where nobody could be asked", async () => {
    const cluster = new Cluster();
    const [b, sink] = [cluster.facts("b"), new KeptSink()];
    cluster.reader("a", sink);
    b.opened("s1", "ann");
    b.occupancy("x", true);
    await cluster.looks(1);
    sink.told();
    cluster.isDown = true;
    await cluster.looks(120);
    cluster.isDown = false;
    await cluster.looks(1);
    expect(sink.told()).toEqual([]);
    cluster.silent.add("b");
    await cluster.looks(40);
    expect(sink.told()).toEqual(["connection.closed s1 node_lost", "channel.vacated x"]);
  });

  it("is told by the next node when the one that told is gone: what it had told has ended or goes on", async () => {
    const cluster = new Cluster();
    const [a, b, sink] = [cluster.facts("a"), cluster.facts("b"), new KeptSink()];
    const first = cluster.reader("a", sink);
    cluster.reader("b", sink);
    a.opened("s1", "ann");
    b.opened("s2", "ben");
    b.occupancy("x", true);
    await cluster.looks(1);
    expect(sink.told()).toHaveLength(3);
    // As if it had been killed: it says nothing more, and its lease ends.
    Object.assign(first, { start: () => undefined });
    await cluster.looks(1);
    cluster.silent.add("a");
    cluster.nodes.delete("a");
    b.closed("s2", "ben", "client");
    b.opened("s3", "cid");
    cluster.holder = null;
    await cluster.looks(5);
    expect(sink.told()).toEqual(["connection.closed s2 client", "connection.opened s3"]);
    await cluster.looks(40);
    expect(sink.told()).toEqual(["connection.closed s1 node_lost"]);
  });

  it("goes on under the next node though its sink knows nothing of it: nothing is told twice, and what ends is told", async () => {
    const cluster = new Cluster();
    const [a, b, c] = [cluster.facts("a"), cluster.facts("b"), cluster.facts("c")];
    const [first, second] = [new KeptSink(), new KeptSink()];
    const reader = cluster.reader("a", first);
    cluster.reader("b", second);
    a.occupancy("mine", true);
    b.occupancy("x", true);
    c.occupancy("y", true);
    c.opened("s1", "ann");
    c.opened("s2", "ben");
    await cluster.looks(2);
    expect(first.told()).toHaveLength(5);
    a.occupancy("mine", false);
    await reader.stop();
    expect(first.told()).toEqual(["channel.vacated mine"]);
    cluster.nodes.delete("a");
    c.closed("s1", "ann", "client");
    c.occupancy("y", false);
    c.occupancy("z", true);
    c.occupancy("z", false);
    await cluster.looks(10);
    expect(second.told()).toEqual(["connection.closed s1 client", "channel.vacated y"]);
    b.occupancy("x", false);
    b.occupancy("x", true);
    c.closed("s2", "ben", "client");
    await cluster.looks(40);
    expect(second.told()).toEqual(["connection.closed s2 client"]);
  });

  it("is told by another node where this one's sink is away from the start", async () => {
    const cluster = new Cluster();
    const [a, away, here] = [cluster.facts("a"), new KeptSink(), new KeptSink()];
    away.isAway = true;
    cluster.reader("a", away);
    cluster.reader("b", here);
    a.occupancy("x", true);
    await cluster.looks(5);
    expect(here.told()).toEqual(["channel.occupied x"]);
  });

  it("is read page by page, and what was read is forgotten", async () => {
    const cluster = new Cluster();
    const [b, sink] = [cluster.facts("b"), new KeptSink()];
    cluster.reader("a", sink);
    for (let n = 0; n < 2_500; n += 1) b.opened(`s${n}`, "");
    for (let n = 0; n < 2_500; n += 1) b.closed(`s${n}`, "", "client");
    await cluster.looks(1);
    expect(sink.told()).toHaveLength(5_000);
    await cluster.looks(1);
    expect(b.page(0).entries).toEqual([]);
    await b.allRead();
  });

  it("leaves nothing to be told of what a sink does not want", async () => {
    const cluster = new Cluster();
    const [a, sink] = [cluster.facts("a"), new KeptSink()];
    cluster.reader("a", Object.assign(sink, { types: ["channel.vacated"] as const }));
    a.opened("s1", "ann");
    a.occupancy("x", true);
    await cluster.looks(1);
    expect(sink.told()).toEqual(["channel.occupied x"]);
  });

  it("forgets the oldest that nobody reads, and what is so never", () => {
    const clock = new FakeClock();
    const metrics = new Metrics();
    const facts = new Facts("a", { clock, metrics });
    facts.opened("here", "ann");
    for (let n = 0; n < 50_010; n += 1) {
      facts.opened(`s${n}`, "");
      facts.closed(`s${n}`, "", "client");
    }
    expect(metrics.snapshot()["lifecycle_forgotten"]).toBe(10);
    expect(
      facts
        .page(0)
        .entries.slice(0, 2)
        .map(({ fact }) => keyOf(fact)),
    ).toEqual(["connection\nhere", "connection\ns10"]);
  });
});

describe("what a node leaves behind that told, and whose sink nobody has", () => {
  it("has ended, says the next one, as to what was so there alone (W7)", async () => {
    const cluster = new Cluster();
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
    const cluster = new Cluster();
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
    const cluster = new Cluster();
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

  it("is known by one that missed some of it", async () => {
    const cluster = new Cluster();
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
    const cluster = new Cluster();
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
  });

  it("is not told by it when it goes on without knowing that another one tells", async () => {
    const cluster = new Cluster();
    const [a, first, second] = [cluster.facts("a"), new KeptSink(), new KeptSink()];
    cluster.reader("a", first);
    await cluster.looks(4);
    // Its lease has ended, as it would after a pause.
    cluster.holder = "b";
    cluster.fence += 1;
    cluster.reader("b", second);
    await cluster.looks(1);
    a.opened("s1", "ann");
    await cluster.looks(5);
    expect([first.told(), second.told()]).toEqual([[], ["connection.opened s1"]]);
  });
});
