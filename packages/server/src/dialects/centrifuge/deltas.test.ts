// Patches to many readers: each has before it what a patch is made against, wherever it stands and whatever it missed.
import { defineChannel } from "@tidewire/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { memoryEngine } from "../../engines/memory/memory-engine.ts";
import { systemRandom } from "../../ports/random.ts";
import { FakeClock } from "../../testing/fake-clock.ts";
import type { FakeConnection } from "../../testing/fake-connection.ts";
import { FakeNode } from "../../testing/fake-node.ts";
import { applyPatch } from "../../testing/fossil.ts";

const stream = defineChannel("d:{name}", { history: { size: 12, ttlMs: 60_000 }, deltas: true });
const skipping = defineChannel("k:{name}", { mode: "signal", deltas: true });
const plain = defineChannel("p:{name}");

interface Line {
  readonly subscribe?: { readonly epoch?: string; readonly offset?: number; readonly delta?: boolean };
  readonly push?: {
    readonly pub?: { readonly data: string; readonly offset?: number; readonly delta?: boolean };
    readonly unsubscribe?: object;
  };
}

/** A client as the SDKs are: it keeps the text of the last publication of its subscription. */
class Reader {
  readonly texts: string[] = [];
  patches = 0;
  connection: FakeConnection | null = null;
  readonly #node: FakeNode;
  readonly #channel: string;
  #seen: { readonly epoch: string; offset: number } | null = null;
  #base: string | null = null;

  constructor(node: FakeNode, channel: string) {
    this.#node = node;
    this.#channel = channel;
  }

  async come(): Promise<void> {
    this.connection?.opened?.closed(1006, "");
    this.connection = await this.#node.connected({ watermark: 200 });
    this.#subscribe();
    await this.#node.settle();
  }

  /** Takes in what came. */
  read(): void {
    const { connection } = this;
    const lines = (connection?.lines ?? []) as readonly Line[];
    if (connection !== null) connection.messages.length = 0;
    for (const { subscribe, push } of lines) {
      if (subscribe !== undefined) this.#begin(subscribe);
      if (push?.pub !== undefined) this.#take(push.pub);
      if (push?.unsubscribe !== undefined) this.#subscribe();
    }
  }

  #subscribe(): void {
    const seen = this.#seen === null ? {} : { recover: true, ...this.#seen };
    this.connection?.say(JSON.stringify({ id: 2, subscribe: { channel: this.#channel, delta: "fossil", ...seen } }));
  }

  #begin({ epoch = "", offset = 0, delta }: NonNullable<Line["subscribe"]>): void {
    expect(delta).toBe(true);
    this.#seen = { epoch, offset };
    this.#base = null;
  }

  #take({ data, delta, offset }: NonNullable<NonNullable<Line["push"]>["pub"]>): void {
    if (delta === true) this.patches += 1;
    const base = Buffer.from(this.#base ?? (delta === true ? expect.fail("a patch came before its base") : ""));
    const text = delta === true ? applyPatch(base, Buffer.from(data)).toString() : data;
    this.#base = text;
    this.texts.push(text);
    if (this.#seen !== null && offset !== undefined) this.#seen.offset = offset;
  }
}

type Step =
  | { readonly kind: "publish"; readonly value: unknown; readonly passes: boolean }
  | { readonly kind: "come" | "stop" | "resume"; readonly reader: number };

const words = fc.array(fc.constantFrom("é", "😀", "😁", "ß", "the same as ever, ", "漢字", "x\n"), { maxLength: 12 });
const value = fc.record({
  text: words.map((each) => `a document that hardly changes: ${each.join("")}`),
  n: fc.integer(),
});
const readers = 3;
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ kind: fc.constant("publish"), value, passes: fc.boolean() }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom("come", "stop", "resume"),
      reader: fc.integer({ min: 0, max: readers - 1 }),
    }),
  },
);

async function follow(channel: string, steps: readonly Step[]): Promise<{ all: readonly Reader[]; said: Set<string> }> {
  const engine = memoryEngine({ clock: new FakeClock(), random: systemRandom });
  const node = await FakeNode.start({ channels: [stream, skipping], engine, limits: { tailBytes: 3_000 } });
  const all = Array.from({ length: readers }, () => new Reader(node, channel));
  const said = new Set<string>();
  const look = async (): Promise<void> => {
    await node.settle();
    for (const reader of all) reader.read();
    await node.settle();
  };
  for (const reader of all) await reader.come();
  for (const each of steps) {
    if (each.kind === "publish") {
      const text = JSON.stringify(each.value);
      said.add(text);
      const body = { data: Buffer.from(text), form: "json" } as const;
      if (each.passes) await engine.publish(channel, { kind: "value", body, retention: null });
      else await node.publish(channel, each.value);
    } else if (each.kind === "come") await all[each.reader]?.come();
    else if (each.kind === "stop") all[each.reader]?.connection?.stop();
    else all[each.reader]?.connection?.resume();
    await look();
  }
  for (const reader of all) reader.connection?.resume();
  for (let round = 0; round < 5; round += 1) await look();
  await node.publish(channel, "the last one");
  for (let round = 0; round < 5; round += 1) {
    await look();
    // Whoever read the end of history before it was announced looks again in a second.
    node.clock.advance(1_100);
  }
  return { all, said };
}

describe("patches", () => {
  it.each(["d:a", "k:a"])("make what was published for readers at all places of %s", async (channel) => {
    let patches = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 30, maxLength: 120 }), async (steps) => {
        const { all, said } = await follow(channel, steps);
        for (const { texts, patches: taken } of all) {
          expect(texts.at(-1)).toBe('"the last one"');
          for (const text of texts.slice(0, -1)) expect(said).toContain(text);
          patches += taken;
        }
      }),
      { numRuns: 60 },
    );
    // Most publications resemble the one before.
    expect(patches).toBeGreaterThan(200);
  });

  it("come after the first publication, also where recovery found nothing", async () => {
    const node = await FakeNode.start({ channels: [stream] });
    const reader = new Reader(node, "d:a");
    await reader.come();
    const say = async (n: number): Promise<void> => {
      await node.publish("d:a", { text: "a document that hardly changes", n });
      await node.settle();
      reader.read();
    };
    for (const n of [1, 2, 3]) await say(n);
    expect(reader.patches).toBe(2);
    await reader.come();
    for (const n of [4, 5]) await say(n);
    expect(reader.patches).toBe(3);
    expect(reader.texts.map((text) => (JSON.parse(text) as { n: number }).n)).toEqual([1, 2, 3, 4, 5]);
  });

  it("are not made where the channel has none, which is no error", async () => {
    const node = await FakeNode.start({ channels: [plain] });
    const connection = await node.connected();
    connection.say('{"id":2,"subscribe":{"channel":"p:a","delta":"fossil"}}');
    await node.settle();
    await node.publish("p:a", { n: 1 });
    await node.settle();
    expect(connection.lines).toMatchObject([{ subscribe: { offset: 0 } }, { push: { pub: { data: { n: 1 } } } }]);
    expect(connection.lines[0]?.["subscribe"]).not.toHaveProperty("delta");
  });
});

describe("channel numbers", () => {
  it("stand for the name, for those who know them alone, and are never given twice", async () => {
    const node = await FakeNode.start({ channels: [plain], limits: { lingerMs: 10 } });
    const [numbered, named] = [await node.connected(), await node.connected()];
    const number = async (connection: FakeConnection, channel: string): Promise<number> => {
      connection.say(JSON.stringify({ id: 2, subscribe: { channel, flag: 1 } }));
      await node.settle();
      const { subscribe } = connection.lines.at(-1) as { readonly subscribe: { readonly id: number } };
      return subscribe.id;
    };
    const first = await number(numbered, "p:a");
    const second = await number(numbered, "p:b");
    named.say('{"id":2,"subscribe":{"channel":"p:a"}}');
    await node.settle();
    await node.publish("p:a", 1);
    await node.settle();
    expect(new Set([first, second])).toEqual(new Set([1, 2]));
    expect(numbered.lines.at(-1)).toEqual({ push: { id: first, pub: { data: 1, offset: 1 } } });
    expect(named.lines.at(-1)).toEqual({ push: { channel: "p:a", pub: { data: 1, offset: 1 } } });
    numbered.say('{"id":3,"unsubscribe":{"channel":"p:b"}}');
    await node.settle();
    node.clock.advance(100);
    expect(await number(numbered, "p:b")).toBe(3);
  });
});
