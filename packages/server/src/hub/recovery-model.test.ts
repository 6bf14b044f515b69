// Recovery against a model: over any log, retention, lost news and position, the verdict is true where it may and must be.
import { defineChannel, type Position } from "@tidewire/protocol";
import fc from "fast-check";
import { expect, it } from "vitest";
import { FakeNode } from "../testing/fake-node.ts";
import { ScriptedEngine } from "../testing/scripted-engine.ts";
import { plainEncoder, TestReader } from "../testing/test-reader.ts";

const stream = defineChannel("s", { history: { size: 100_000, ttlMs: 600_000 } });

const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ say: fc.integer({ min: 1, max: 25 }) }) },
  { weight: 1, arbitrary: fc.record({ sayUnheard: fc.integer({ min: 1, max: 6 }) }) },
  { weight: 2, arbitrary: fc.record({ keep: fc.nat(30) }) },
  { weight: 1, arbitrary: fc.constant({ clear: true as const }) },
  { weight: 1, arbitrary: fc.constant({ watch: true as const }) },
);
const asked = fc.record({
  /** How many epochs ago; more than there were is one that never was. */
  epochsAgo: fc.constantFrom(0, 0, 0, 0, 1, 2, 9),
  /** As a share of the log, and somewhat beyond its end. */
  share: fc.double({ min: 0, max: 1.1, noNaN: true }),
  id: fc.constantFrom("none", "right", "right", "wrong"),
});

interface Era {
  readonly epoch: string;
  /** The id at each offset, from 1. */
  readonly ids: string[];
}

/** What the engine has, and had. */
class World {
  readonly engine = new ScriptedEngine();
  readonly eras: Era[] = [{ epoch: "first-s", ids: [] }];

  get era(): Era {
    return this.eras.at(-1) ?? { epoch: "", ids: [] };
  }

  say(count: number, isHeard: boolean): void {
    this.engine.isDirected = !isHeard;
    for (let left = count; left > 0; left -= 1) {
      this.era.ids.push(this.engine.append("s", { data: Buffer.from("x"), form: "text" }).id);
    }
    this.engine.isDirected = false;
    this.engine.pending.length = 0;
  }

  clear(): void {
    this.engine.clear("s");
    this.eras.push({ epoch: this.engine.top("s").epoch, ids: [] });
    // As engines do; who was not told goes on in the old one, and hears of a gap before anything newer.
    this.engine.sink.suspect(["s"]);
  }

  /** Of a position that the engine can prove: it, or what follows it, is kept. */
  isKept({ offset }: Position): boolean {
    const [oldest] = this.engine.kept("s");
    const floor = oldest === undefined ? this.era.ids.length : (oldest.previous?.offset ?? 0);
    return offset >= floor;
  }
}

async function join(node: FakeNode, seen: { position: Position; id: string | null } | null): Promise<TestReader> {
  const reader = new TestReader();
  const options = { subscriber: reader, encoder: plainEncoder, seen, member: null, wantsMembers: false };
  const subscription = await node.hub.subscribe("s", options);
  reader.begin(subscription.cursor, subscription.position);
  reader.recovered = subscription.recovered;
  subscription.release();
  return reader;
}

async function read(node: FakeNode, reader: TestReader): Promise<void> {
  for (let quiet = 0; quiet < 3;) {
    await node.settle();
    quiet = reader.outbox.length === 0 ? quiet + 1 : 0;
    reader.pull(300);
  }
}

it("is true exactly where the next publication is proven to be the next (S5, S6, S7)", async () => {
  let [yes, no] = [0, 0];
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), asked, async (steps, { epochsAgo, share, id }) => {
      const world = new World();
      const { engine } = world;
      // Some ten publications stay in the tail.
      const node = await FakeNode.start({ channels: [stream], engine, limits: { tailBytes: 2_500 } });
      for (const todo of steps) {
        if ("say" in todo) world.say(todo.say, true);
        else if ("sayUnheard" in todo) world.say(todo.sayUnheard, false);
        else if ("keep" in todo) engine.trim("s", todo.keep);
        else if ("clear" in todo) world.clear();
        else await join(node, null);
        await node.settle();
      }
      const era = world.eras.at(-1 - epochsAgo);
      const offset = Math.floor(share * (era?.ids.length ?? 10));
      const there = era?.ids[offset - 1] ?? null;
      const position = { epoch: era?.epoch ?? "never", offset };
      const seenId = id === "none" ? null : id === "right" ? there : "another";
      const isDeaf = (node.hub.channel("s")?.position.offset ?? Infinity) < world.era.ids.length;
      const reader = await join(node, { position, id: seenId });
      const isSame = era === world.era && offset <= world.era.ids.length;
      const isRight = seenId === null || seenId === there;
      if (reader.recovered) {
        yes += 1;
        expect(isSame).toBe(true);
        expect(reader.start).toEqual(position);
        // Where nothing is kept that names it, nothing disproves it.
        if (!isRight && offset > 0) expect(engine.kept("s")).toEqual([]);
      } else {
        no += 1;
        expect(isSame && isRight && world.isKept(position)).toBe(false);
      }
      const from = reader.start;
      const wasEmpty = reader.said.length;
      expect(wasEmpty).toBe(0);
      await read(node, reader);
      world.say(1, true);
      await read(node, reader);
      await node.pass(3_000);
      await read(node, reader);
      const said = reader.said.map((one) => (one.kind === "gap" ? "gap" : one.id));
      const news = world.era.ids.slice(from.offset);
      // Where nothing was promised, what is read on may have been lost by then, or begin in another epoch: a gap says so.
      if (reader.recovered && !(isDeaf && !world.isKept(position))) expect(said).toEqual(news);
      else if (from.epoch === world.era.epoch) {
        const gap = said.indexOf("gap");
        if (gap < 0) expect(said).toEqual(news);
        else expect(said.slice(0, gap)).toEqual(news.slice(0, gap));
      } else expect(said[0]).toBe("gap");
      await node.hub.stop();
    }),
    { numRuns: 1_000 },
  );
  expect([yes > 200, no > 200]).toEqual([true, true]);
}, 60_000);
