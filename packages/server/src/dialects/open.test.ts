// The window on a connection: what is on its way is bounded, nothing waits for ever, and who never answers is found.
import { defineChannel } from "@tidewire/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FakeNode, type FakeNodeOptions } from "../testing/fake-node.ts";
import type { FakeConnection } from "../testing/fake-connection.ts";

const news = defineChannel("news", { history: { size: 100_000, ttlMs: 3_600_000 } });
const table = defineChannel("table", { mode: "latest", key: (value) => String((value as { key: number }).key) });
const signal = defineChannel("signal", { mode: "signal" });

const begin = (options: Partial<FakeNodeOptions> = {}): Promise<FakeNode> =>
  FakeNode.start({ channels: [news, table, signal], ...options });

/** A client that answers marks when a test says so. Its socket takes all there is, as one of a long line does. */
class Reader {
  readonly connection: FakeConnection;
  readonly node: FakeNode;
  #seen = 0;

  constructor(node: FakeNode, connection: FakeConnection) {
    this.node = node;
    this.connection = connection;
  }

  static async on(node: FakeNode, channel: string, bytes = 4_096): Promise<Reader> {
    const reader = new Reader(node, node.centrifuge());
    reader.connection.say(`{"id":1,"connect":{"tide":{"window":${bytes}}}}`);
    await node.settle();
    reader.connection.say(`{"id":2,"subscribe":{"channel":"${channel}"}}`);
    await node.settle();
    await reader.readAll();
    return reader;
  }

  /** Marks that wait for an answer. */
  get marks(): readonly number[] {
    return this.connection.lines.flatMap(({ mark }) => (mark === undefined ? [] : [Number(mark)])).slice(this.#seen);
  }

  /** The data of publications so far. */
  get data(): readonly unknown[] {
    return this.connection.lines.flatMap(({ push }) => {
      const { pub } = (push ?? {}) as { pub?: { data: unknown } };
      return pub === undefined ? [] : [pub.data];
    });
  }

  get bytes(): number {
    return this.connection.messages.reduce((sum, { payload }) => sum + payload.length, 0);
  }

  /** Answers one mark; false when there is none, or when the server would not hear it. */
  answer(): boolean {
    const [mark] = this.marks;
    if (mark === undefined || this.connection.isHeld) return false;
    this.#seen += 1;
    this.connection.say(`{"mark":${mark}}`);
    return true;
  }

  async readAll(): Promise<void> {
    while (this.answer()) await this.node.settle();
  }
}

describe("the window of a connection", () => {
  it("holds what is on its way to a reader that says nothing, and lets all follow in order as it answers", async () => {
    const node = await begin();
    const reader = await Reader.on(node, "news");
    const before = reader.bytes;
    for (let index = 0; index < 2_000; index += 1) await node.publish("news", { index, text: "x".repeat(200) });
    await node.settle();
    expect(reader.connection.isFull).toBe(false);
    expect(reader.bytes - before).toBeGreaterThan(2_000);
    expect(reader.bytes - before).toBeLessThan(4_096 + 400);
    await reader.readAll();
    expect(reader.data.map((each) => (each as { index: number }).index)).toEqual([...Array(2_000).keys()]);
    expect(node.metrics.snapshot()["windows_full"]).toBeGreaterThan(100);
  });

  it("hands a reader of a table the rest of what it reads when it has room, then what is newest, each key once", async () => {
    const node = await begin();
    const reader = await Reader.on(node, "table");
    for (let version = 1; version <= 300; version += 1) {
      for (let key = 0; key < 20; key += 1) await node.publish("table", { key, version, text: "x".repeat(100) });
      await node.settle();
    }
    const before = reader.data.length;
    expect(before).toBeLessThan(40);
    await reader.readAll();
    const after = reader.data.slice(before) as readonly { readonly key: number; readonly version: number }[];
    const newest = after.slice(-20);
    expect(newest.every(({ version }) => version === 300)).toBe(true);
    expect(new Set(newest.map(({ key }) => key)).size).toBe(20);
    // The rest is less than the table, and of one reading.
    const rest = after.slice(0, -20);
    expect(rest.length).toBeLessThan(20);
    expect(new Set(rest.map(({ key }) => key)).size).toBe(rest.length);
  });

  it("hands a reader every key that changes faster than it reads, also where they change in one order", async () => {
    const node = await begin();
    const reader = await Reader.on(node, "table");
    const keys = 60;
    for (let version = 1; version <= 100; version += 1) {
      for (let key = 0; key < keys; key += 1) await node.publish("table", { key, version, text: "x".repeat(100) });
      await node.settle();
      reader.answer();
      await node.settle();
    }
    const seen = Array.from({ length: keys }, () => 0);
    for (const each of reader.data) {
      const { key } = each as { key: number };
      seen[key] = (seen[key] ?? 0) + 1;
    }
    expect(Math.min(...seen)).toBeGreaterThan(5);
    expect(Math.max(...seen) - Math.min(...seen)).toBeLessThanOrEqual(1);
  });

  it("goes on from a pause with what is newest, each key once, also where it was paused inside a table", async () => {
    const node = await begin();
    const reader = await Reader.on(node, "table");
    const keys = 60;
    const trade = async (version: number): Promise<void> => {
      for (let key = 0; key < keys; key += 1) await node.publish("table", { key, version, text: "x".repeat(100) });
      await node.settle();
    };
    await trade(1);
    reader.connection.say('{"id":3,"rpc":{"method":"tide.pause","data":{"channel":"table"}}}');
    await node.settle();
    await reader.readAll();
    const before = reader.data.length;
    expect(before).toBeLessThan(keys);
    await trade(2);
    reader.connection.say('{"id":4,"rpc":{"method":"tide.resume","data":{"channel":"table"}}}');
    await node.settle();
    await reader.readAll();
    const after = reader.data.slice(before) as readonly { readonly key: number; readonly version: number }[];
    expect(after.map(({ version }) => version)).toEqual(Array(keys).fill(2));
    expect(new Set(after.map(({ key }) => key)).size).toBe(keys);
  });

  it("lets one publication through that is larger than any window, and the next when it was read", async () => {
    const node = await begin();
    const reader = await Reader.on(node, "news");
    const before = reader.data.length;
    for (let index = 0; index < 3; index += 1) await node.publish("news", "x".repeat(100_000));
    await node.settle();
    expect(reader.data.length - before).toBe(1);
    reader.answer();
    await node.settle();
    expect(reader.data.length - before).toBe(2);
    await reader.readAll();
    expect(reader.data.length - before).toBe(3);
  });

  it("finds a client that never answers, though it talks and its socket takes everything", async () => {
    const node = await begin();
    const reader = await Reader.on(node, "news");
    for (let index = 0; index < 100; index += 1) await node.publish("news", "x".repeat(200));
    await node.settle();
    for (let second = 0; second < 58; second += 1) {
      reader.connection.say('{"send":{"data":1}}');
      await node.pass(1_000, 1_000);
    }
    expect(reader.connection.ended).toBeNull();
    await node.pass(4_000, 1_000);
    expect(reader.connection.ended?.reason).toContain("took no byte for 60000 ms");
  });

  it("keeps one that answers, however seldom", async () => {
    const node = await begin();
    const reader = await Reader.on(node, "news");
    for (let index = 0; index < 200; index += 1) await node.publish("news", "x".repeat(900));
    for (let turn = 0; turn < 6; turn += 1) {
      await node.pass(50_000, 1_000);
      expect(reader.answer()).toBe(true);
      await node.settle();
    }
    expect(reader.connection.ended).toBeNull();
  });

  it("does not wait for answers while it does not read: replies that crowd the outbox go out", async () => {
    const node = await begin();
    const reader = await Reader.on(node, "signal");
    const say = (from: number): void => {
      const lines = Array.from(
        { length: 90 },
        (_, index) => `{"id":${from + index},"presence_stats":{"channel":"nope"}}`,
      );
      reader.connection.say(lines.join("\n"));
    };
    for (let frame = 0; frame < 8; frame += 1) say(100 + frame * 90);
    await node.settle();
    await reader.readAll();
    expect(reader.connection.isHeld).toBe(false);
    const replies = reader.connection.lines.filter(({ id }) => Number(id) >= 100);
    expect(replies).toHaveLength(720);
    expect(node.metrics.snapshot()["reading_held"]).toBeGreaterThan(0);
  });

  it("closes on a mark that was not set, on one that was answered, and on a window that is none", async () => {
    const node = await begin();
    const cases = ['{"mark":999999}', '{"mark":"x"}', '{"mark":0}', '{"mark":-1}'];
    for (const wrong of cases) {
      const reader = await Reader.on(node, "news");
      reader.connection.say(wrong);
      expect(reader.connection.ended?.reason).toContain("mark: expected");
    }
    const plain = await node.connected();
    plain.say('{"mark":1}');
    expect(plain.ended?.code).toBe(3501);
    for (const window of [0, 4_095, 4_194_305, 1.5, '"4096"', "null", "{}"]) {
      const connection = node.centrifuge();
      connection.say(`{"id":1,"connect":{"tide":{"window":${window}}}}`);
      if (window === "null") expect(connection.ended).toBeNull();
      else expect(connection.ended?.reason).toContain("connect.tide.window: expected bytes from 4096 to 4194304");
    }
  });

  it("sets no marks for clients that did not ask for a window", async () => {
    const node = await begin();
    for (const tide of ["", '"tide":1', '"tide":{}']) {
      const connection = node.centrifuge();
      connection.say(`{"id":1,"connect":{${tide}}}\n{"id":2,"subscribe":{"channel":"news"}}`);
      await node.settle();
      for (let index = 0; index < 50; index += 1) await node.publish("news", "x".repeat(1_000));
      await node.settle();
      expect(connection.lines.filter(({ mark }) => mark !== undefined)).toEqual([]);
    }
  });

  it("loses nothing and never wedges, however reading, answers, publishing and commands fall together", async () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant("publish" as const), bytes: fc.constantFrom(10, 300, 3_000, 20_000) }),
      fc.record({ kind: fc.constant("answer" as const), count: fc.nat(4) }),
      fc.record({ kind: fc.constant("stop" as const) }),
      fc.record({ kind: fc.constant("read" as const), bytes: fc.nat(50_000) }),
      fc.record({ kind: fc.constant("resume" as const) }),
      fc.record({ kind: fc.constant("ask" as const), count: fc.integer({ min: 1, max: 99 }) }),
      fc.record({ kind: fc.constant("pass" as const), ms: fc.nat(3_000) }),
      fc.record({ kind: fc.constant("settle" as const) }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(4_096, 30_000, 4_194_304),
        fc.array(step, { maxLength: 60 }),
        async (size, steps) => {
          const node = await begin();
          const reader = await Reader.on(node, "news", size);
          const { connection } = reader;
          let published = 0;
          let asked = 0;
          for (const each of steps) {
            if (each.kind === "publish") await node.publish("news", `${published++}:${"x".repeat(each.bytes)}`);
            else if (each.kind === "answer") for (let left = each.count; left > 0; left -= 1) reader.answer();
            else if (each.kind === "stop") connection.stop();
            else if (each.kind === "read") connection.read(each.bytes);
            else if (each.kind === "resume") connection.resume();
            else if (each.kind === "pass") await node.pass(each.ms, 1_000);
            else if (each.kind === "ask" && !connection.isHeld) {
              const lines = Array.from(
                { length: each.count },
                () => `{"id":${100 + asked++},"history":{"channel":"news","limit":1}}`,
              );
              connection.say(lines.join("\n"));
            }
            if (each.kind === "settle") await node.settle();
          }
          connection.resume();
          await node.settle();
          while (reader.answer()) await node.settle();
          expect(connection.ended).toBeNull();
          expect(connection.isHeld).toBe(false);
          expect(reader.data.map((each) => Number.parseInt(String(each), 10))).toEqual([...Array(published).keys()]);
          expect(connection.lines.filter(({ id }) => Number(id) >= 100)).toHaveLength(asked);
          expect(connection.strayWrites).toBe(0);
        },
      ),
      { numRuns: 150 },
    );
  });
});
