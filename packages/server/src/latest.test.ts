// `latest` channels end to end: scenario 6 of delivery, readers that never read, pause, rate, and what clients may say.
import { defineChannel, type StandardSchema } from "@tidewire/protocol";
import { describe, expect, it } from "vitest";
import type { Engine, EngineSink } from "./engine/engine.ts";
import { memoryEngine } from "./engines/memory/memory-engine.ts";
import type { FakeConnection } from "./testing/fake-connection.ts";
import { FakeNode } from "./testing/fake-node.ts";

interface Quote {
  readonly symbol: string;
  readonly price: number;
}

const quote: StandardSchema<Quote> = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate: (value) =>
      typeof (value as Quote | null)?.price === "number"
        ? { value: value as Quote }
        : { issues: [{ message: "expected a price" }] },
  },
};
const market = defineChannel("market:{venue}", { data: quote, mode: "latest", key: ({ symbol }) => symbol });
const chat = defineChannel("chat");
const open = defineChannel("open", { mode: "latest", key: (value) => (value as Quote).symbol });
const channels = [market, chat, open];

interface Pub {
  readonly data: Quote | null;
  readonly offset: number;
  readonly key: string;
  readonly removed?: true;
  readonly tags?: Readonly<Record<string, string>>;
}

interface Line {
  readonly id?: number;
  readonly error?: { readonly code: number; readonly message: string };
  readonly subscribe?: { readonly recovered?: true; readonly epoch: string; readonly offset: number };
  readonly rpc?: { readonly data: unknown };
  readonly push?: { readonly pub?: Pub; readonly unsubscribe?: { readonly code: number } };
}

const lines = (connection: FakeConnection): readonly Line[] => connection.lines as readonly Line[];
const pubsOf = (connection: FakeConnection): readonly Pub[] => lines(connection).flatMap(({ push }) => push?.pub ?? []);
const replyTo = (connection: FakeConnection, id: number): Line | undefined =>
  lines(connection).find((line) => line.id === id);

/** Takes in what was told, as a client does. */
function take(held: Map<string, number>, pubs: readonly Pub[]): Map<string, number> {
  let last = 0;
  for (const { data, key, removed, offset } of pubs) {
    expect(offset).toBeGreaterThan(last);
    last = offset;
    if (removed === true) held.delete(key);
    else held.set(key, data?.price ?? Number.NaN);
    if (removed !== true) expect(data?.symbol).toBe(key);
  }
  return held;
}

const subscribe = (id: number, more = ""): string => `{"id":${id},"subscribe":{"channel":"market:x"${more}}}`;
const rpc = (id: number, method: string, data: object): string =>
  JSON.stringify({ id, rpc: { method, data: { channel: "market:x", ...data } } });
const set = (node: FakeNode, symbol: string, price: number): Promise<unknown> =>
  node.publish("market:x", { symbol, price });

/** One engine for several nodes. */
function shared(engine: Engine): Engine {
  const sinks: EngineSink[] = [];
  const all: EngineSink = {
    announced: (...news) => sinks.forEach((sink) => sink.announced(...news)),
    suspect: (names) => sinks.forEach((sink) => sink.suspect(names)),
    health: (state) => sinks.forEach((sink) => sink.health(state)),
  };
  return {
    traits: engine.traits,
    start: async (sink) => {
      sinks.push(sink);
      if (sinks.length === 1) await engine.start(all);
    },
    stop: async () => undefined,
    publish: (...asked) => engine.publish(...asked),
    read: (...asked) => engine.read(...asked),
    tops: (asked) => engine.tops(asked),
    follow: (channel) => engine.follow(channel),
    // Another node may still listen.
    unfollow: () => undefined,
  };
}

describe("6 latest, cut inside the snapshot", () => {
  it("resumes on another node with every change and removal; past the floor it gets the whole table", async () => {
    const engine = shared(memoryEngine());
    const [one, other] = [await FakeNode.start({ channels, engine }), await FakeNode.start({ channels, engine })];
    const truth = new Map<string, number>();
    const change = async (from: number, to: number, price: number): Promise<void> => {
      for (let n = from; n < to; n += 1) {
        await set(one, `s${n}`, price);
        truth.set(`s${n}`, price);
      }
    };
    const remove = async (from: number, to: number): Promise<void> => {
      for (let n = from; n < to; n += 1) {
        await one.hub.remove("market:x", `s${n}`);
        truth.delete(`s${n}`);
      }
    };
    await change(0, 5_000, 1);
    const cut = await one.connected({ watermark: 30_000 });
    cut.stop();
    cut.say(subscribe(2));
    await one.settle();
    cut.read(100_000);
    const { epoch, offset } = replyTo(cut, 2)?.subscribe ?? { epoch: "", offset: -1 };
    expect(offset).toBe(0);
    await one.settle();
    await change(100, 200, 2);
    await remove(0, 50);
    await change(4_000, 4_100, 3);
    await remove(4_900, 5_000);
    cut.read(100_000);
    cut.opened?.closed(1006, "");
    const held = take(new Map(), pubsOf(cut));
    expect(held.size).toBeGreaterThan(500);
    expect(held.size).toBeLessThan(4_000);

    const back = await other.connected();
    const last = pubsOf(cut).at(-1)?.offset ?? 0;
    back.say(subscribe(2, `,"recover":true,"epoch":"${epoch}","offset":${last}`));
    await other.settle();
    expect(replyTo(back, 2)?.subscribe).toMatchObject({ recovered: true, epoch, offset: last });
    expect(take(held, pubsOf(back))).toEqual(truth);
    await change(0, 10, 4);
    await other.settle();
    back.opened?.closed(1006, "");
    const seen = pubsOf(back).at(-1)?.offset ?? 0;

    // More removals than are kept: whoever was there before cannot be told what is gone.
    for (let round = 0; round < 3; round += 1) {
      await remove(200, 3_800);
      await change(200, 3_800, 5);
    }
    await remove(200, 3_800);
    await change(10_000, 17_000, 6);
    await remove(10_000, 17_000);
    const third = await other.connected();
    third.say(subscribe(2, `,"recover":true,"epoch":"${epoch}","offset":${seen}`));
    await other.settle();
    expect(replyTo(third, 2)?.subscribe).toMatchObject({ epoch, offset: 0 });
    expect(replyTo(third, 2)?.subscribe?.recovered).toBeUndefined();
    expect(take(new Map(), pubsOf(third))).toEqual(truth);
  }, 30_000);
});

describe("a reader of a latest channel", () => {
  it("that never reads costs as much as there are keys, and gets the newest when it reads at last (F3)", async () => {
    const node = await FakeNode.start({ channels });
    const [slow, quick] = [await node.connected(), await node.connected()];
    for (const connection of [slow, quick]) connection.say(subscribe(2));
    await node.settle();
    slow.stop();
    for (let n = 1; n <= 20_000; n += 1) {
      await set(node, `s${n % 20}`, n);
      if (n % 100 === 0) await node.settle();
      if (n % 2_000 === 0) quick.messages.length = 0;
    }
    await node.settle();
    expect(slow.mostUnsent).toBeLessThan(200_000);
    expect(node.hub.channel("market:x")?.tail.bytes).toBeLessThan(20 * 1_000);
    slow.resume();
    await node.settle();
    const held = take(new Map(), pubsOf(slow));
    expect(held).toEqual(new Map(Array.from({ length: 20 }, (_, n) => [`s${(n + 1) % 20}`, 19_981 + n])));
    expect(pubsOf(slow).length).toBeLessThan(5_000);
  });

  it("that is paused is told nothing, then each changed key once, the newest (F1, F2)", async () => {
    const node = await FakeNode.start({ channels });
    const connection = await node.connected();
    connection.say(subscribe(2));
    await set(node, "a", 1);
    await node.settle();
    connection.say(rpc(3, "tide.pause", {}));
    await node.settle();
    const before = connection.messages.length;
    for (let n = 2; n <= 100; n += 1) await set(node, n % 2 === 0 ? "a" : "b", n);
    await node.hub.remove("market:x", "a");
    await node.settle();
    expect(connection.messages).toHaveLength(before);
    connection.say(rpc(4, "tide.resume", {}));
    await node.settle();
    expect(replyTo(connection, 4)?.rpc).toEqual({ data: { skipped: 0 } });
    expect(pubsOf(connection).slice(1)).toMatchObject([
      { key: "b", data: { price: 99 } },
      { key: "a", removed: true },
    ]);
  });

  it("that rested past what is kept of removals is sent back for the whole table", async () => {
    const node = await FakeNode.start({ channels, limits: { pingIntervalMs: 3_600_000 } });
    const connection = await node.connected();
    connection.say(subscribe(2));
    await set(node, "a", 1);
    await set(node, "b", 2);
    await node.settle();
    connection.say(rpc(3, "tide.pause", {}));
    await node.settle();
    await node.hub.remove("market:x", "a");
    await node.pass(320_000, 10_000);
    await set(node, "c", 3);
    connection.say(rpc(4, "tide.resume", {}));
    await node.settle();
    const ends = lines(connection).flatMap(({ push }) => push?.unsubscribe?.code ?? []);
    expect(ends).toEqual([2500]);
    connection.say(subscribe(5));
    await node.settle();
    expect(pubsOf(connection).slice(2)).toMatchObject([
      { key: "b", data: { price: 2 } },
      { key: "c", data: { price: 3 } },
    ]);
  });
});

describe("rate", () => {
  const pulls = async (
    rate: number,
    ms: number,
  ): Promise<{ pulls: number[]; node: FakeNode; reader: FakeConnection }> => {
    const node = await FakeNode.start({ channels });
    const reader = await node.connected();
    reader.say(subscribe(2, `,"tide":{"rate":${rate}}`));
    await node.settle();
    const times: number[] = [];
    for (let at = 0; at < ms; at += 10) {
      const before = pubsOf(reader).length;
      await set(node, `s${at % 3}`, at);
      await node.settle();
      node.clock.advance(10);
      await node.settle();
      if (pubsOf(reader).length > before) times.push(node.clock.now());
    }
    return { pulls: times, node, reader };
  };

  it.each([0.5, 1, 5, 7.5, 20])("%d a second: at most so many pulls in any second, and one more (F5)", async (rate) => {
    const { pulls: times, node, reader } = await pulls(rate, 4_000);
    for (const start of times) {
      expect(times.filter((time) => time >= start && time < start + 1_000).length).toBeLessThanOrEqual(rate + 1);
    }
    expect(times.length).toBeGreaterThanOrEqual(Math.floor(rate * 3));
    const distinct = new Set(pubsOf(reader).map(({ offset }) => offset));
    expect(distinct.size).toBe(pubsOf(reader).length);
    // Once publishing stops, the last delivered equals the last published within the interval.
    await node.pass(1_000 / rate + 20, 10);
    expect(take(new Map(), pubsOf(reader))).toEqual(
      new Map(
        [
          ["s0", 3_990],
          ["s1", 3_970],
          ["s2", 3_980],
        ].map(([key, price]) => [key as string, price as number]),
      ),
    );
    expect(node.hub.wheel.size).toBeLessThan(4);
  });

  it("makes one run for all who share a rate", async () => {
    const node = await FakeNode.start({ channels });
    const readers = await Promise.all(Array.from({ length: 20 }, () => node.connected()));
    for (const reader of readers) {
      reader.say(subscribe(2, ',"tide":{"rate":5}'));
      await node.pass(30, 10);
    }
    await set(node, "a", 1);
    await node.pass(400, 10);
    for (let n = 2; n < 30; n += 1) await set(node, `k${n}`, n);
    await node.pass(400, 10);
    for (const reader of readers) expect(take(new Map(), pubsOf(reader)).size).toBe(29);
    for (const reader of readers) expect(reader.writes).toBe(readers[0]?.writes);
  });

  it("may be changed, and does not outlive the subscription", async () => {
    const { node, reader } = await pulls(0.1, 100);
    reader.say(rpc(3, "tide.rate", { rate: 10 }));
    await node.pass(200, 10);
    expect(replyTo(reader, 3)?.rpc).toEqual({ data: { rate: 10 } });
    expect(take(new Map(), pubsOf(reader)).get("s0")).toBe(90);
    await set(node, "s0", 91);
    reader.say('{"id":4,"unsubscribe":{"channel":"market:x"}}');
    await node.pass(500, 10);
    expect(take(new Map(), pubsOf(reader)).get("s0")).toBe(90);
  });

  it.each([0, -1, 0.09, 60.1, 1_000_000_000, "5", null])("of %j is refused, with what was expected", async (rate) => {
    const node = await FakeNode.start({ channels });
    const connection = await node.connected();
    connection.say(subscribe(2, `,"tide":{"rate":${JSON.stringify(rate)}}`));
    connection.say(subscribe(3));
    connection.say(rpc(4, "tide.rate", { rate }));
    await node.settle();
    const message = `rate: expected pulls a second from 0.1 to 60, got ${JSON.stringify(rate)}`;
    expect(replyTo(connection, 2)?.error).toEqual({ code: 107, message });
    expect(replyTo(connection, 3)?.subscribe).toBeDefined();
    expect(replyTo(connection, 4)?.error).toEqual({ code: 107, message });
  });

  it("is refused on channels of other modes", async () => {
    const node = await FakeNode.start({ channels });
    const connection = await node.connected();
    connection.say('{"id":2,"subscribe":{"channel":"chat","tide":{"rate":5}}}');
    connection.say('{"id":3,"subscribe":{"channel":"chat"}}');
    await node.settle();
    connection.say(rpc(4, "tide.rate", { channel: "chat", rate: 5 }));
    await node.settle();
    const message = "rate: expected a latest channel, this is a stream channel";
    for (const id of [2, 4]) expect(replyTo(connection, id)?.error).toEqual({ code: 107, message });
  });
});

describe("what clients say to a latest channel", () => {
  it("publishing takes the key from the value; a removal has the key alone", async () => {
    const node = await FakeNode.start({ channels });
    const [writer, plain] = [await node.connected(), await node.connected()];
    const tide = node.centrifuge();
    tide.say('{"id":1,"connect":{"tide":1}}');
    for (const connection of [plain, tide]) connection.say(subscribe(2));
    await node.settle();
    writer.say('{"id":2,"publish":{"channel":"market:x","data":{"symbol":"a","price":1}}}');
    await node.settle();
    writer.say(rpc(3, "tide.remove", { key: "a" }));
    writer.say(rpc(4, "tide.remove", { key: "a" }));
    await node.settle();
    expect(replyTo(writer, 3)?.rpc?.data).toMatchObject({ offset: 2, duplicate: false });
    expect(replyTo(writer, 4)?.rpc?.data).toMatchObject({ offset: 2, duplicate: false });
    const [first, second] = pubsOf(plain);
    expect(first).toMatchObject({ data: { symbol: "a", price: 1 }, offset: 1, key: "a", tags: { "tide.key": "a" } });
    expect(second).toMatchObject({ data: null, offset: 2, key: "a", removed: true });
    expect(second?.tags).toEqual({ "tide.key": "a", "tide.removed": "1" });
    expect(pubsOf(tide)).toMatchObject([{ key: "a" }, { key: "a", removed: true }]);
    expect(pubsOf(tide).map(({ tags }) => tags)).toEqual([undefined, undefined]);
  });

  it.each([
    ["no value of the schema", "market:x", '{"symbol":"a"}', "expected a price"],
    ["no key", "market:x", '{"price":1}', "key: expected a text, got undefined"],
    ["an empty key", "open", '{"symbol":""}', "got 0 bytes"],
    ["a long key", "open", `{"symbol":"${"x".repeat(256)}"}`, "got 256 bytes"],
    ["half a character", "open", String.raw`{"symbol":"\ud800"}`, "without control characters"],
    ["a control character", "open", String.raw`{"symbol":"a\u0000"}`, "without control characters"],
    ["nothing to take a key from", "open", "null", "the key could not be taken from the value"],
  ])("refuses %s", async (...[, channel, data, problem]) => {
    const node = await FakeNode.start({ channels });
    const connection = await node.connected();
    connection.say(`{"id":2,"publish":{"channel":"${channel}","data":${data}}}`);
    await node.settle();
    expect(replyTo(connection, 2)?.error).toMatchObject({ code: 422 });
    expect(replyTo(connection, 2)?.error?.message).toContain(problem);
  });

  it("lets remove who may publish, and nobody else", async () => {
    const node = await FakeNode.start({ channels, access: { publish: () => false } });
    await set(node, "a", 1);
    const connection = await node.connected();
    connection.say(rpc(2, "tide.remove", { key: "a" }));
    connection.say(rpc(3, "tide.remove", { key: 7 }));
    connection.say(rpc(4, "tide.remove", { key: "" }));
    await node.settle();
    expect([2, 3, 4].map((id) => replyTo(connection, id)?.error?.code)).toEqual([103, 107, 107]);
    const free = await FakeNode.start({ channels });
    const other = await free.connected();
    other.say(rpc(2, "tide.remove", { channel: "chat", key: "a" }));
    await free.settle();
    expect(replyTo(other, 2)?.error).toMatchObject({ code: 108 });
  });

  it("says a removal on raw in its own word, and values as they are", async () => {
    const node = await FakeNode.start({ channels });
    const connection = node.raw("market:x");
    await node.settle();
    await set(node, "a", 1);
    await node.settle();
    await node.hub.remove("market:x", "a");
    await node.settle();
    expect(connection.messages.map(({ payload }) => payload.toString())).toEqual([
      '{"symbol":"a","price":1}',
      '{"tide.removed":"a"}',
    ]);
  });
});
