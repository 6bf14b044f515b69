// Channels where announcements, answers and subscribers cross each other: what a property would find too rarely.
import { defineChannel } from "@tidewire/protocol";
import { describe, expect, it } from "vitest";
import { FakeNode } from "../testing/fake-node.ts";
import { ScriptedEngine } from "../testing/scripted-engine.ts";
import { plainEncoder, TestReader } from "../testing/test-reader.ts";
import type { Seen } from "./recovery.ts";

const stream = defineChannel("s", { history: { size: 100_000, ttlMs: 60_000 } });
const other = defineChannel("o", { history: { size: 100_000, ttlMs: 60_000 } });
const signal = defineChannel("w", { mode: "signal" });

interface Trial {
  readonly engine: ScriptedEngine;
  readonly node: FakeNode;
}

async function begin(tailBytes = 1_048_576): Promise<Trial> {
  const engine = new ScriptedEngine();
  const limits = { tailBytes, lingerMs: 1_000 };
  return { engine, node: await FakeNode.start({ channels: [stream, other, signal], engine, limits }) };
}

interface Joining {
  readonly channel?: string;
  readonly seen?: Seen | null;
  readonly reader?: TestReader;
  readonly isPaused?: boolean;
}

async function join({ node }: Trial, joining: Joining = {}): Promise<TestReader> {
  const reader = joining.reader ?? new TestReader();
  const subscription = await node.hub.subscribe(joining.channel ?? "s", {
    subscriber: reader,
    encoder: plainEncoder,
    seen: joining.seen ?? null,
    member: null,
    wantsMembers: false,
  });
  reader.begin(subscription.cursor, subscription.position);
  reader.recovered = subscription.recovered;
  if (joining.isPaused === true) subscription.cursor.pause();
  subscription.release();
  return reader;
}

const say = ({ engine }: Trial, count = 1, channel = "s"): void => {
  for (let at = 0; at < count; at += 1) engine.append(channel, { data: Buffer.from("x"), form: "text" });
};

async function pullAll(trial: Trial, reader: TestReader): Promise<(string | number)[]> {
  for (let round = 0; round < 100; round += 1) {
    reader.pull(65_536);
    await trial.node.settle();
  }
  return reader.said.map((item) => (item.kind === "gap" ? `gap to ${item.to.offset}` : Number(item.id.slice(3))));
}

const numbers = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, at) => from + at);

describe("Channel", () => {
  it("reads on after so many waited that they were dropped, though nothing follows", async () => {
    const trial = await begin();
    const reader = await join(trial);
    const { engine, node } = trial;
    engine.isDirected = true;
    say(trial, 2);
    engine.pending.shift();
    engine.holdsReads = true;
    for (const announcement of engine.pending.splice(0)) engine.announce(announcement);
    await node.settle();
    expect(engine.heldReads).toHaveLength(1);
    // The read that is under way does not see these; with the last of them more wait than may.
    say(trial, 1_001);
    engine.pending.shift();
    for (const announcement of engine.pending.splice(0)) engine.announce(announcement);
    engine.holdsReads = false;
    for (const held of engine.heldReads.splice(0)) held.answer();
    await node.settle();
    expect(await pullAll(trial, reader)).toEqual(numbers(1, 1_003));
  });

  it("reads on after so many waited while it opened that they were dropped", async () => {
    const trial = await begin();
    const { engine, node } = trial;
    engine.holdsReads = true;
    const joining = join(trial);
    await node.settle();
    say(trial, 1_001);
    engine.holdsReads = false;
    for (const held of engine.heldReads.splice(0)) held.answer();
    const reader = await joining;
    expect(await pullAll(trial, reader)).toEqual(numbers(1, 1_001));
  });

  it("takes no top for a rollback that is only older than what was announced meanwhile", async () => {
    const trial = await begin();
    const { engine, node } = trial;
    const reader = await join(trial);
    say(trial, 3);
    engine.holdsReads = true;
    engine.sink.suspect(["s"]);
    say(trial, 3);
    engine.holdsReads = false;
    for (const held of engine.heldReads.splice(0)) held.answer();
    await node.settle();
    expect(node.metrics.get("channel_rollbacks")).toBe(0);
    expect(await pullAll(trial, reader)).toEqual(numbers(1, 6));
  });

  it("hears a suspicion while it fills: that read may be older than what was lost", async () => {
    const trial = await begin();
    const { engine, node } = trial;
    const reader = await join(trial);
    engine.isDirected = true;
    say(trial, 2);
    engine.pending.shift();
    engine.holdsReads = true;
    for (const announcement of engine.pending.splice(0)) engine.announce(announcement);
    say(trial, 1);
    engine.pending.length = 0;
    engine.holdsReads = false;
    engine.sink.suspect(["s"]);
    await node.settle();
    for (const held of engine.heldReads.splice(0)) held.answer();
    await node.settle();
    expect(await pullAll(trial, reader)).toEqual([1, 2, 3]);
  });

  it("asks again for tops that the engine could not tell", async () => {
    const trial = await begin();
    const { engine, node } = trial;
    const reader = await join(trial);
    engine.isDirected = true;
    say(trial);
    engine.failures = 2;
    engine.sink.suspect("all");
    await node.pass(3_000);
    expect(await pullAll(trial, reader)).toEqual([1]);
  });

  it("tells a gap when all that was missed is gone from history too", async () => {
    const trial = await begin();
    const { engine } = trial;
    const reader = await join(trial);
    engine.isDirected = true;
    say(trial, 5);
    engine.trim("s", 0);
    engine.sink.suspect("all");
    await trial.node.settle();
    expect(await pullAll(trial, reader)).toEqual(["gap to 5"]);
  });

  it("tells a rollback as one gap, and goes on with what the engine says now", async () => {
    const trial = await begin();
    const { engine, node } = trial;
    const reader = await join(trial);
    say(trial, 5);
    await pullAll(trial, reader);
    engine.isDirected = true;
    engine.rollBack("s", 2);
    say(trial, 3);
    // Offset 6 names another fifth than the one that was read.
    for (const announcement of engine.pending.splice(0).slice(-1)) engine.announce(announcement);
    await node.settle();
    expect(await pullAll(trial, reader)).toEqual([1, 2, 3, 4, 5, "gap to 6"]);
    expect(node.metrics.get("channel_rollbacks")).toBe(1);
    engine.isDirected = false;
    say(trial, 2);
    expect((await pullAll(trial, reader)).slice(6)).toEqual([9, 10]);
  });

  it("tells a rollback that only the tops show", async () => {
    const trial = await begin();
    const { engine } = trial;
    const reader = await join(trial);
    say(trial, 5);
    await pullAll(trial, reader);
    engine.rollBack("s", 2);
    engine.sink.suspect("all");
    await trial.node.settle();
    expect(await pullAll(trial, reader)).toEqual([1, 2, 3, 4, 5, "gap to 3"]);
  });

  it("lets a reader's other cursors read history while one rests that was given a page", async () => {
    const trial = await begin(1_000);
    const { engine, node } = trial;
    await join(trial);
    await join(trial, { channel: "o" });
    say(trial, 100);
    say(trial, 100, "o");
    await node.settle();
    const subscriber = new TestReader();
    const from = (channel: string): Seen => ({ position: { epoch: engine.top(channel).epoch, offset: 10 }, id: null });
    const resting = await join(trial, { reader: subscriber, seen: from("s"), isPaused: true });
    const first = resting.cursor;
    const reading = await join(trial, { reader: subscriber, seen: from("o"), channel: "o" });
    expect(await pullAll(trial, reading)).toEqual(numbers(111, 200));
    first.resume();
    expect(await pullAll(trial, reading)).toEqual([...numbers(111, 200), ...numbers(11, 100)]);
  });

  it("lets the cursors of one reader read history in turn, one page at a time", async () => {
    const trial = await begin(1_000);
    const { engine, node } = trial;
    await join(trial);
    await join(trial, { channel: "o" });
    say(trial, 700);
    say(trial, 700, "o");
    const subscriber = new TestReader();
    const from = (channel: string): Seen => ({ position: { epoch: engine.top(channel).epoch, offset: 10 }, id: null });
    await join(trial, { reader: subscriber, seen: from("s") });
    await join(trial, { reader: subscriber, seen: from("o"), channel: "o" });
    await node.settle();
    const said = (await pullAll(trial, subscriber)).map(Number);
    expect(said.filter((item) => item <= 700)).toEqual(numbers(11, 700));
    expect(said.filter((item) => item > 700)).toEqual(numbers(711, 1_400));
  });

  it("resume without a pause skips nothing", async () => {
    const trial = await begin();
    const reader = await join(trial, { channel: "w" });
    say(trial, 3, "w");
    expect(reader.cursor.resume()).toBe(0);
    expect(await pullAll(trial, reader)).toEqual([1, 2, 3]);
  });

  it("skips what a paused signal missed and says how many; a slow one too", async () => {
    const trial = await begin(1_000);
    const { engine } = trial;
    const reader = await join(trial, { channel: "w" });
    reader.cursor.pause();
    const ephemeral = (): void => void engine.append("w", { data: Buffer.alloc(100, 97), form: "text" }, true);
    for (let at = 0; at < 3; at += 1) ephemeral();
    expect(reader.cursor.resume()).toBe(3);
    for (let at = 0; at < 50; at += 1) ephemeral();
    reader.pull(65_536);
    expect(reader.said).toMatchObject([{ kind: "gap", skipped: 50 }]);
  });

  it("asks the engine at most once a second for what the tail does not know yet", async () => {
    const trial = await begin();
    const { engine, node } = trial;
    const reader = await join(trial);
    say(trial, 3);
    await pullAll(trial, reader);
    reader.cursor.pause();
    engine.isDirected = true;
    // Behind a tail of another epoch than the engine's: the reader jumps, and waits for the tail to follow.
    node.hub.channel("s")?.tail.shrink(1);
    say(trial, 1);
    for (const announcement of engine.pending.splice(0)) engine.announce(announcement);
    node.hub.channel("s")?.tail.shrink(1);
    say(trial, 1);
    for (const announcement of engine.pending.splice(0)) engine.announce(announcement);
    node.hub.channel("s")?.tail.shrink(1);
    engine.clear("s");
    reader.cursor.resume();
    const before = engine.reads;
    for (let round = 0; round < 50; round += 1) {
      reader.pull(1_000);
      await node.settle();
    }
    expect(engine.reads - before).toBeLessThanOrEqual(3);
    engine.sink.suspect("all");
    await node.pass(1_500);
    say(trial, 1);
    for (const announcement of engine.pending.splice(0)) engine.announce(announcement);
    const said = await pullAll(trial, reader);
    expect(said.at(-1)).toBe(7);
  });

  it("gives memory back while a flood of publishes goes on", async () => {
    const engine = new ScriptedEngine();
    const limits = { tailBytes: 10_000_000, tailsBytes: 100_000 };
    const trial = { engine, node: new FakeNode({ channels: [stream], engine, limits }) };
    // The timer does not fire where slots begin.
    trial.node.clock.advance(3);
    await trial.node.hub.start();
    await join(trial);
    for (let at = 0; at < 1_000; at += 1) {
      await trial.node.publish("s", "x".repeat(1_000));
      trial.node.clock.advance(1);
    }
    expect(trial.node.hub.channel("s")?.tail.bytes).toBeLessThan(150_000);
  });

  it("creates no state by publishing where nobody listens, and closes some time after the last has left", async () => {
    const trial = await begin();
    const { engine, node } = trial;
    await node.publish("s", 1);
    expect(node.hub.channels).toBe(0);
    const reader = await join(trial);
    expect([node.hub.channels, node.hub.subscriptions]).toEqual([1, 1]);
    reader.cursor.close();
    await node.pass(900);
    expect([node.hub.channels, [...engine.followed]]).toEqual([1, ["s"]]);
    await node.pass(300);
    expect([node.hub.channels, [...engine.followed]]).toEqual([0, []]);
  });

  it("stays open for whoever comes within that time, and closes some time after that one has left", async () => {
    const trial = await begin();
    const { engine, node } = trial;
    (await join(trial)).cursor.close();
    await node.pass(900);
    const second = await join(trial);
    await node.pass(5_000);
    expect([node.hub.channels, [...engine.followed]]).toEqual([1, ["s"]]);
    say(trial, 2);
    await node.settle();
    expect(await pullAll(trial, second)).toEqual(numbers(1, 2));
    second.cursor.close();
    await node.pass(900);
    expect(node.hub.channels).toBe(1);
    await node.pass(300);
    expect([node.hub.channels, [...engine.followed]]).toEqual([0, []]);
  });

  it("opens again after the engine could not", async () => {
    const trial = await begin();
    trial.engine.failures = 1;
    await expect(join(trial)).rejects.toThrow("the test says so");
    expect(trial.node.hub.channels).toBe(0);
    const reader = await join(trial);
    say(trial);
    expect(await pullAll(trial, reader)).toEqual([1]);
    await trial.node.pass(2_000);
    expect(trial.node.hub.channels).toBe(1);
  });
});
