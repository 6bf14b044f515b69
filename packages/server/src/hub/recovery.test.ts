// The recovery table, row by row: when a position is proven, and when it is not (S5, S6, S7).
import { defineChannel, type Position } from "@tidewire/protocol";
import { beforeEach, describe, expect, it } from "vitest";
import type { Seen } from "./recovery.ts";
import { FakeNode } from "../testing/fake-node.ts";
import { ScriptedEngine } from "../testing/scripted-engine.ts";
import { plainEncoder, TestReader } from "../testing/test-reader.ts";

const retention = { size: 100_000, ttlMs: 60_000 };
const stream = defineChannel("s", { history: retention });
const other = defineChannel("t", { history: retention });

let engine: ScriptedEngine;
let node: FakeNode;

beforeEach(async () => {
  engine = new ScriptedEngine();
  // The tail holds the newest ten or so of the publications.
  node = await FakeNode.start({ channels: [stream, other], engine, limits: { tailBytes: 2_500 } });
});

async function join(position: Position | null, id: string | null = null): Promise<TestReader> {
  const reader = new TestReader();
  await joinAs(reader, "s", position && { position, id });
  return reader;
}

async function joinAs(reader: TestReader, channel: string, seen: Seen | null): Promise<void> {
  const subscription = await node.hub.subscribe(channel, {
    subscriber: reader,
    encoder: plainEncoder,
    seen,
    member: null,
    wantsMembers: false,
  });
  reader.begin(subscription.cursor, subscription.position);
  reader.recovered = subscription.recovered;
  subscription.release();
}

function say(count: number, channel = "s"): void {
  for (let at = 0; at < count; at += 1) engine.append(channel, { data: Buffer.from("x"), form: "text" });
}

async function said(reader: TestReader): Promise<(string | number)[]> {
  for (let round = 0; round < 20; round += 1) {
    reader.pull(65_536);
    await node.settle();
  }
  return reader.said.map((item) => (item.kind === "gap" ? `gap to ${item.to.offset}` : Number(item.id.slice(3))));
}

const numbers = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, at) => from + at);
const at = (offset: number, epoch = "first-s"): Position => ({ epoch, offset });

/** What came after the reply, whose position is where the reader starts. */
async function expectRecovered(reader: TestReader, from: Position, news: readonly number[]): Promise<void> {
  expect([reader.recovered, reader.start]).toEqual([true, from]);
  expect(await said(reader)).toEqual(news);
}

async function expectNot(reader: TestReader, head: Position): Promise<void> {
  expect([reader.recovered, reader.start]).toEqual([false, head]);
  expect(await said(reader)).toEqual([]);
}

describe("recovery", () => {
  it("starts at the head without a position", async () => {
    say(5);
    await expectNot(await join(null), at(5));
  });

  it("other epoch: false, at the head", async () => {
    say(5);
    await expectNot(await join(at(3, "other")), at(5));
    await expectNot(await join(at(0, "other")), at(5));
  });

  it("an empty epoch stands for the current one", async () => {
    await join(null);
    say(5);
    await expectRecovered(await join(at(2, "")), at(2), [3, 4, 5]);
  });

  it("every position of the tail, and the one before it: true, from the tail", async () => {
    await join(null);
    say(40);
    const tail = node.hub.channel("s")?.tail;
    const { reads } = engine;
    const first = tail?.first ?? 0;
    expect(first).toBeGreaterThan(2);
    for (const offset of numbers(first - 1, 40))
      await expectRecovered(await join(at(offset)), at(offset), numbers(offset + 1, 40));
    expect(engine.reads).toBe(reads);
  });

  it("older, and kept by history: true, with one read to prove it", async () => {
    await join(null);
    say(400);
    engine.trim("s", 390);
    const { reads } = engine;
    const reader = await join(at(10));
    expect(engine.reads).toBe(reads + 1);
    await expectRecovered(reader, at(10), numbers(11, 400));
  });

  it("within the tail but beyond what history promises: as history says, which every node would (decision 0008)", async () => {
    const hub = await FakeNode.start({
      channels: [defineChannel("s", { history: { size: 2, ttlMs: 60_000 } })],
      engine,
    });
    node = hub;
    await join(null);
    say(5);
    engine.trim("s", 2);
    await expectNot(await join(at(2)), at(5));
    await expectRecovered(await join(at(3)), at(3), [4, 5]);
    await expectRecovered(await join(at(5)), at(5), []);
  });

  it("within the tail but older than history's time: as history says", async () => {
    await join(null);
    say(1);
    node.clock.advance(59_000);
    const { reads } = engine;
    await expectRecovered(await join(at(0)), at(0), [1]);
    expect(engine.reads).toBe(reads);
    node.clock.advance(2_000);
    engine.trim("s", 0);
    await expectNot(await join(at(0)), at(1));
    await expectRecovered(await join(at(1)), at(1), []);
  });

  it("older than history reaches: false, nothing replayed", async () => {
    await join(null);
    say(400);
    engine.trim("s", 390);
    await expectNot(await join(at(9)), at(400));
    await expectNot(await join(at(0)), at(400));
  });

  it("a channel nobody wrote to: true at 0, with its epoch", async () => {
    await expectRecovered(await join(at(0)), at(0), []);
  });

  it("ahead of the head: true when the engine knows it, and nothing comes twice", async () => {
    await join(null);
    say(5);
    engine.isDirected = true;
    say(5);
    const reader = await join(at(8));
    expect([reader.recovered, reader.start]).toEqual([true, at(8)]);
    for (const announcement of engine.pending.splice(0)) engine.announce(announcement);
    expect(await said(reader)).toEqual([9, 10]);
  });

  it("ahead of the engine too: false", async () => {
    await join(null);
    say(5);
    await expectNot(await join(at(6)), at(5));
  });

  it("ahead of the head, and history no longer reaches back to it: false", async () => {
    await join(null);
    say(5);
    engine.isDirected = true;
    say(20);
    engine.trim("s", 10);
    const reader = await join(at(8));
    // It has found out meanwhile where the log ends.
    expect([reader.recovered, reader.start]).toEqual([false, at(25)]);
  });

  it("ahead of the head, and another publication stands there: false", async () => {
    await join(null);
    say(5);
    engine.isDirected = true;
    say(5);
    for (const id of ["id-8", null]) expect((await join(at(8), id)).recovered).toBe(true);
    for (const id of ["id-10", null]) expect((await join(at(10), id)).recovered).toBe(true);
    for (const offset of [8, 10]) expect((await join(at(offset), "other")).recovered).toBe(false);
  });

  it("another epoch that is the engine's own, of which this node has not heard: true", async () => {
    await join(null);
    say(5);
    engine.clear("s");
    engine.isDirected = true;
    say(5);
    const { epoch } = engine.top("s");
    const reader = await join(at(3, epoch));
    expect([reader.recovered, reader.start]).toEqual([true, at(3, epoch)]);
    expect(await said(reader)).toEqual([10, 11]);
  });

  it("a reader that finds its place again without a page of history lets its other channels read", async () => {
    await join(null);
    await joinAs(new TestReader(), "t", null);
    say(400, "t");
    engine.clear("s");
    engine.isDirected = true;
    say(2);
    const read = engine.read.bind(engine);
    // The node itself reads on a little later than its reader.
    let failures = 1;
    engine.read = (...asked) => (failures-- > 0 ? Promise.reject(new Error("not now")) : read(...asked));
    const reader = await join({ epoch: engine.top("s").epoch, offset: 2 });
    expect([reader.recovered, await said(reader)]).toEqual([true, []]);
    await node.pass(2_000);
    expect(await said(reader)).toEqual([]);
    await joinAs(reader, "t", { position: { epoch: "first-t", offset: 10 }, id: null });
    expect(await said(reader)).toEqual(numbers(11, 400));
  });

  it("another epoch, asked for by a crowd: the engine is asked once", async () => {
    await join(null);
    say(5);
    const { topReads } = engine;
    await Promise.all(numbers(1, 50).map((offset) => join(at(offset, "other"))));
    expect(engine.topReads).toBe(topReads + 1);
  });

  it("another epoch while the engine is down: an error that says to come again", async () => {
    await join(null);
    engine.failures = 1;
    await expect(join(at(3, "other"))).rejects.toMatchObject({ reason: "engine_unavailable", temporary: true });
  });

  it("ahead of the head while the engine is down: an error that says to come again", async () => {
    await join(null);
    say(5);
    engine.failures = 1;
    await expect(join(at(6))).rejects.toMatchObject({ reason: "engine_unavailable", temporary: true });
    engine.failures = 1;
    say(100);
    await expect(join(at(6))).rejects.toMatchObject({ reason: "engine_unavailable", temporary: true });
    // It left nothing behind.
    expect(node.hub.subscriptions).toBe(1);
  });

  it("the id of the last publication seen must match: in the tail, at the head, and in history", async () => {
    await join(null);
    say(400);
    await expectRecovered(await join(at(399), "id-399"), at(399), [400]);
    await expectRecovered(await join(at(400), "id-400"), at(400), []);
    await expectRecovered(await join(at(20), "id-20"), at(20), numbers(21, 400));
    await expectNot(await join(at(399), "other"), at(400));
    await expectNot(await join(at(400), "other"), at(400));
    await expectNot(await join(at(20), "other"), at(400));
  });

  it("after a rollback under the same epoch, an id that is no longer there proves nothing", async () => {
    await join(null);
    say(5);
    engine.isDirected = true;
    engine.rollBack("s", 2);
    say(2);
    engine.sink.suspect("all");
    for (const announcement of engine.pending.splice(0)) engine.announce(announcement);
    await node.settle();
    // The old fifth and the new fifth share their place.
    await expectNot(await join(at(4), "id-4"), at(5));
  });

  it("after a rollback of which this node knows the place alone, history tells what stands there", async () => {
    await join(null);
    say(5);
    engine.isDirected = true;
    engine.rollBack("s", 2);
    engine.sink.suspect("all");
    say(2);
    await node.settle();
    const { reads } = engine;
    const readers = await Promise.all(["id-5", "id-5", "id-7", null].map((id) => join(at(5), id)));
    expect(readers.map(({ recovered }) => recovered)).toEqual([false, false, true, true]);
    expect(engine.reads).toBe(reads + 1);
  });

  it("what is lost after the answer: a gap before anything newer (S5)", async () => {
    await join(null);
    say(1_000);
    const reader = await join(at(10));
    expect(reader.recovered).toBe(true);
    reader.pull(1_000);
    engine.trim("s", 5);
    const told = await said(reader);
    const gap = told.indexOf("gap to 1000");
    expect(gap).toBeGreaterThan(0);
    expect(told).toEqual([...numbers(11, 10 + gap), "gap to 1000"]);
  });

  it("a crowd that comes back at one place is one read", async () => {
    await join(null);
    say(400);
    const { reads } = engine;
    engine.holdsReads = true;
    const joining = Array.from({ length: 50 }, () => join(at(10)));
    await node.settle();
    for (const held of engine.heldReads.splice(0)) held.answer();
    await Promise.all(joining);
    expect(engine.reads).toBe(reads + 1);
  });

  it("keeps the reads in flight within the node's limit", async () => {
    await join(null);
    say(400);
    engine.holdsReads = true;
    const joining = numbers(1, 100).map((offset) => join(at(offset)));
    await node.settle();
    expect(engine.heldReads).toHaveLength(64);
    engine.holdsReads = false;
    for (const held of engine.heldReads.splice(0)) held.answer();
    await Promise.all(joining);
  });
});

describe("cache recovery", () => {
  const begin = async (): Promise<void> => {
    const cached = defineChannel("s", { history: { size: 10, ttlMs: 60_000 }, recovery: "cache" });
    engine = new ScriptedEngine();
    node = await FakeNode.start({ channels: [cached], engine });
  };

  it("gives the newest publication alone, wherever the client was, and goes on from there", async () => {
    await begin();
    await join(null);
    say(5);
    for (const from of [at(2), at(0, ""), at(0, "other"), at(7, "other")]) {
      await expectRecovered(await join(from), at(4), [5]);
    }
    const reader = await join(at(1));
    say(2);
    expect(await said(reader)).toEqual([5, 6, 7]);
  });

  it("gives nothing to who has the newest one", async () => {
    await begin();
    await join(null);
    say(5);
    await expectRecovered(await join(at(5)), at(5), []);
  });

  it("starts at the head without a position", async () => {
    await begin();
    say(5);
    await expectNot(await join(null), at(5));
  });

  it("is not recovered where nothing was published, or history has forgotten it", async () => {
    await begin();
    await expectNot(await join(at(0, "")), at(0));
    say(1);
    node.clock.advance(61_000);
    engine.trim("s", 0);
    await expectNot(await join(at(0)), at(1));
  });

  it("asks history where the tail does not have it", async () => {
    await begin();
    say(20);
    engine.trim("s", 10);
    await expectRecovered(await join(at(0, "")), at(19), [20]);
  });

  it("does not lead a client back that is ahead of this node", async () => {
    await begin();
    await join(null);
    say(5);
    engine.isDirected = true;
    say(3);
    const reader = await join(at(7));
    expect([reader.recovered, reader.start]).toEqual([true, at(7)]);
    for (const announcement of engine.pending.splice(0)) engine.announce(announcement);
    expect(await said(reader)).toEqual([8]);
  });

  it("a new epoch right behind it: a gap before anything newer", async () => {
    await begin();
    await join(null);
    say(5);
    const joining = join(at(2));
    engine.clear("s");
    engine.sink.suspect("all");
    say(1);
    expect(await said(await joining)).toEqual([5, "gap to 1"]);
  });
});
