// Cursors under everything that an engine and a reader may do: what is delivered obeys S2 to S5, and nothing is stuck.
import { defineChannel, type Position } from "@tidewire/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Publication } from "../engine/engine.ts";
import { FakeNode } from "../testing/fake-node.ts";
import { ScriptedEngine } from "../testing/scripted-engine.ts";
import { plainEncoder, type Said, TestReader } from "../testing/test-reader.ts";

const stream = defineChannel("s", { history: { size: 1_000, ttlMs: 60_000 } });
const tailBytes = 3_000;

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("append" as const), bytes: fc.integer({ min: 1, max: 900 }) }) },
  { weight: 1, arbitrary: fc.constant({ do: "ephemeral" as const }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("pull" as const), bytes: fc.integer({ min: 1, max: 3_000 }) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("announce" as const), at: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("lose" as const), at: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("double" as const), at: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("answer" as const), at: fc.nat() }) },
  { weight: 1, arbitrary: fc.constant({ do: "hold" as const }) },
  { weight: 1, arbitrary: fc.constant({ do: "fail" as const }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("trim" as const), keep: fc.integer({ min: 0, max: 6 }) }) },
  { weight: 1, arbitrary: fc.constant({ do: "clear" as const }) },
  { weight: 1, arbitrary: fc.constant({ do: "suspect" as const }) },
  { weight: 1, arbitrary: fc.constant({ do: "pause" as const }) },
  { weight: 1, arbitrary: fc.constant({ do: "resume" as const }) },
  { weight: 1, arbitrary: fc.constant({ do: "time" as const }) },
  { weight: 1, arbitrary: fc.constant({ do: "shrink" as const }) },
  { weight: 1, arbitrary: fc.constant({ do: "recover" as const }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

interface Trial {
  readonly node: FakeNode;
  readonly engine: ScriptedEngine;
  readonly readers: TestReader[];
  /** Everything that was ever appended, by id. */
  readonly appended: Map<string, Publication>;
}

async function begin(): Promise<Trial> {
  const engine = new ScriptedEngine();
  const node = await FakeNode.start({ channels: [stream], engine, limits: { tailBytes, lingerMs: 1_000_000 } });
  const trial: Trial = { node, engine, readers: [], appended: new Map() };
  await subscribe(trial, null);
  engine.isDirected = true;
  return trial;
}

async function subscribe(trial: Trial, from: Position | null): Promise<void> {
  const reader = new TestReader();
  const subscribing = trial.node.hub.subscribe("s", {
    subscriber: reader,
    encoder: plainEncoder,
    seen: from === null ? null : { position: from, id: null },
    member: null,
    wantsMembers: false,
  });
  const opening = subscribing.then((subscription) => {
    reader.begin(subscription.cursor, subscription.position);
    reader.recovered = subscription.recovered;
    trial.readers.push(reader);
    subscription.release();
  });
  // Its reads may be held, or fail; then there is no such reader.
  opening.catch(() => undefined);
  await trial.node.settle();
}

function append(trial: Trial, bytes: number, isEphemeral: boolean): void {
  const publication = trial.engine.append("s", { data: Buffer.alloc(bytes, 0x61), form: "text" }, isEphemeral);
  trial.appended.set(publication.id, publication);
}

const one = <T>(list: T[], at: number): T | undefined => list.splice(at % Math.max(list.length, 1), 1)[0];

function direct(trial: Trial, todo: Step): void {
  const { engine, readers, node } = trial;
  if (todo.do === "append") return append(trial, todo.bytes, false);
  if (todo.do === "ephemeral") return append(trial, 5, true);
  if (todo.do === "lose") return void one(engine.pending, todo.at);
  if (todo.do === "double") return void engine.pending.push(...engine.pending.slice(todo.at % 3, (todo.at % 3) + 1));
  if (todo.do === "answer") return one(engine.heldReads, todo.at)?.answer();
  if (todo.do === "hold") engine.holdsReads = !engine.holdsReads;
  if (todo.do === "fail") engine.failures += 1;
  if (todo.do === "trim") engine.trim("s", todo.keep);
  if (todo.do === "clear") engine.clear("s");
  if (todo.do === "suspect") engine.sink.suspect(["s"]);
  if (todo.do === "pause") readers[0]?.cursor.pause();
  if (todo.do === "resume") readers[0]?.cursor.resume();
  if (todo.do === "time") node.clock.advance(1_100);
  if (todo.do === "shrink") node.hub.channel("s")?.tail.shrink(500);
  if (todo.do === "announce") {
    const next = one(engine.pending, todo.at);
    if (next !== undefined) engine.announce(next);
  }
}

async function run(trial: Trial, steps: readonly Step[]): Promise<void> {
  for (const todo of steps) {
    direct(trial, todo);
    if (todo.do === "pull") for (const reader of trial.readers) reader.pull(todo.bytes);
    // A client that comes back where the first reader is.
    const first = trial.readers[0];
    if (todo.do === "recover" && first !== undefined) await subscribe(trial, first.cursor.position);
    await trial.node.settle();
  }
}

/** The faults end; what was lost is found out. */
async function heal(trial: Trial): Promise<void> {
  const { engine, node, readers } = trial;
  engine.holdsReads = false;
  engine.failures = 0;
  for (const reader of readers) reader.cursor.resume();
  for (const announcement of engine.pending.splice(0)) engine.announce(announcement);
  for (let round = 0; round < 12; round += 1) {
    for (const held of engine.heldReads.splice(0)) held.answer();
    await node.settle();
    node.clock.advance(1_100);
    await node.settle();
    if (round === 3) engine.sink.suspect("all");
    for (const reader of readers) reader.pull(1_000_000);
    await node.settle();
  }
}

function judge(said: readonly Said[], start: Position, appended: ReadonlyMap<string, Publication>): Position {
  let at = start;
  const seen = new Set<string>();
  for (const item of said) {
    if (item.kind === "gap") {
      at = item.to;
      continue;
    }
    const publication = appended.get(item.id);
    if (publication === undefined) throw new Error(`${item.id} was never appended`);
    // An engine that doubles an ephemeral one doubles it for the reader: it has no place to know it by.
    if (publication.offset === 0) continue;
    if (seen.has(item.id)) throw new Error(`${item.id} came twice`);
    seen.add(item.id);
    const before = publication.previous?.offset ?? 0;
    if (before !== at.offset) throw new Error(`offset ${publication.offset} came after ${at.offset} without a gap`);
    at = { epoch: at.epoch, offset: publication.offset };
  }
  return at;
}

describe("Cursor", () => {
  const reach = new Map<string, number>();
  const reached = (name: string, count = 1): void => void reach.set(name, (reach.get(name) ?? 0) + count);

  it("delivers in order, without a silent gap and without a duplicate, and gets to the top when faults end", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), async (steps) => {
        const trial = await begin();
        await run(trial, steps);
        await heal(trial);
        const top = trial.engine.top("s");
        for (const reader of trial.readers) {
          const end = judge(reader.said, reader.start, trial.appended);
          expect({ ...end, state: reader.cursor.state }).toEqual({ ...reader.cursor.position, state: "live" });
          expect(end).toEqual(top);
        }
        const said = trial.readers.flatMap((reader) => reader.said).filter(({ kind }) => kind === "publication");
        expect(trial.node.metrics.delivered).toBe(said.length);
        for (const [name, count] of Object.entries(trial.node.metrics.snapshot())) reached(name, count);
        reached("reads", trial.engine.reads);
        await trial.node.hub.stop();
      }),
      { numRuns: Number(process.env["RUNS"] ?? 1_000) },
    );
  }, 120_000);

  it("is back at once where nothing but passing publications is gone: history knows none of them", async () => {
    const { node, engine, readers, appended } = await begin();
    const say = async (isEphemeral: boolean): Promise<void> => {
      append({ node, engine, readers, appended }, 10, isEphemeral);
      for (const announcement of engine.pending.splice(0)) engine.announce(announcement);
      await node.settle();
    };
    await say(false);
    const [reader] = readers;
    if (reader === undefined) throw new Error("there is no reader");
    reader.pull(3_000);
    for (let count = 0; count < 10; count += 1) await say(true);
    const { reads } = engine;
    for (let round = 0; round < 3; round += 1) reader.pull(3_000);
    await say(true);
    await say(false);
    reader.pull(3_000);
    expect(engine.reads).toBe(reads);
    expect(judge(reader.said, reader.start, appended)).toEqual(engine.top("s"));
    expect(reader.said.at(-2)).toMatchObject({ kind: "publication", length: 10 });
    await node.hub.stop();
  });

  it("was tried where it matters: the faults above hit readers", () => {
    for (const name of ["channel_fills", "channel_breaks", "recovered"]) {
      expect(reach.get(name), name).toBeGreaterThan(100);
    }
  });
});
