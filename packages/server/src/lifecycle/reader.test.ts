import { describe, expect, it } from "vitest";
import { Metrics } from "../ports/metrics.ts";
import { FakeClock } from "../testing/fake-clock.ts";
import { KeptSink, LifecycleCluster } from "../testing/lifecycle-cluster.ts";
import { Facts, keyOf } from "./facts.ts";

const ann = { session: "s1", user: "ann" };

describe("what happens on the nodes", () => {
  it("is told once: a channel is occupied though two nodes have it, and vacated when the last has left", async () => {
    const cluster = new LifecycleCluster();
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

  it("is vacated though it was empty for a moment that nobody saw", async () => {
    const cluster = new LifecycleCluster();
    const [a, sink] = [cluster.facts("a"), new KeptSink()];
    cluster.reader("a", sink);
    a.occupancy("x", true);
    await cluster.looks(1);
    a.occupancy("x", false);
    a.occupancy("x", true);
    await cluster.looks(1);
    a.occupancy("x", false);
    await cluster.looks(5);
    expect(sink.told()).toEqual(["channel.occupied x", "channel.vacated x"]);
  });

  it("leaves out a page that is loaded again: the user has other sessions, at another node, and did not leave", async () => {
    const cluster = new LifecycleCluster();
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
    const cluster = new LifecycleCluster();
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
    const cluster = new LifecycleCluster();
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
    const cluster = new LifecycleCluster();
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
    // It was only silent.
    cluster.silent.delete("b");
    await cluster.looks(2);
    expect(sink.told()).toEqual(["connection.opened s1", "channel.occupied x"]);
  });

  it("has not ended yet where nobody could be asked while a node was silent", async () => {
    const cluster = new LifecycleCluster();
    const [b, sink] = [cluster.facts("b"), new KeptSink()];
    cluster.reader("a", sink);
    b.opened("s1", "ann");
    await cluster.looks(1);
    sink.told();
    cluster.silent.add("b");
    await cluster.looks(20);
    cluster.isDown = true;
    await cluster.looks(20);
    cluster.isDown = false;
    await cluster.looks(25);
    expect(sink.told()).toEqual([]);
    await cluster.looks(10);
    expect(sink.told()).toEqual(["connection.closed s1 node_lost"]);
  });

  it("is told by the next node when the one that told is gone: what it had told has ended or goes on", async () => {
    const cluster = new LifecycleCluster();
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
    const cluster = new LifecycleCluster();
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
    const cluster = new LifecycleCluster();
    const [a, away, here] = [cluster.facts("a"), new KeptSink(), new KeptSink()];
    away.isAway = true;
    cluster.reader("a", away);
    cluster.reader("b", here);
    a.occupancy("x", true);
    await cluster.looks(5);
    expect(here.told()).toEqual(["channel.occupied x"]);
  });

  it("is read page by page, and what was read is forgotten", async () => {
    const cluster = new LifecycleCluster();
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

  it("is read no more from when another one has the lease, however much there is and though nothing is to be told", async () => {
    const cluster = new LifecycleCluster();
    const [b, sink] = [cluster.facts("b"), new KeptSink()];
    cluster.reader("a", Object.assign(sink, { types: ["channel.vacated"] as const }));
    for (let n = 0; n < 10_000; n += 1) b.opened(`s${n}`, "");
    let pages = 0;
    cluster.nodes.set(
      "b",
      Object.assign(b, {
        page: (since: number) => {
          pages += 1;
          // It takes as long as a lease, and somebody else is quicker.
          if (pages === 2) [cluster.holder, cluster.fence] = ["b", 2];
          cluster.clock.advance(1_500);
          return Facts.prototype.page.call(b, since);
        },
      }),
    );
    await cluster.looks(1);
    expect(pages).toBe(2);
  });

  it("leaves nothing to be told of what a sink does not want", async () => {
    const cluster = new LifecycleCluster();
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
