// The raw dialect as an event stream: ids, gaps in their place, what is said by name, and what a client may resume from.
import { type CloseReasonName, closeReasons, defineChannel, requestErrors, TidewireError } from "@tidewire/protocol";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { Engine } from "../../engine/engine.ts";
import type { FakeConnection } from "../../testing/fake-connection.ts";
import { FakeNode, type FakeNodeOptions } from "../../testing/fake-node.ts";
import { EventParser, type StreamedEvent } from "../../testing/event-parser.ts";
import { ScriptedEngine } from "../../testing/scripted-engine.ts";
import { eventFraming } from "../../transports/event-framing.ts";
import { closingOf, endingOf } from "../statuses.ts";

const news = defineChannel("news", { history: { size: 1_000, ttlMs: 60_000 } });
const brief = defineChannel("brief", { history: { size: 3, ttlMs: 60_000 } });
const lobby = defineChannel("lobby", { mode: "signal" });
const prices = defineChannel("prices", { mode: "latest", key: (value) => String((value as { k: string }).k) });
const begin = (options: Partial<FakeNodeOptions> = {}): Promise<FakeNode> =>
  FakeNode.start({ channels: [news, brief, lobby, prices], ...options });

interface Asked {
  readonly lastEventId?: string;
  readonly query?: string;
  readonly watermark?: number;
}

async function opened(node: FakeNode, channel: string, asked: Asked = {}): Promise<FakeConnection> {
  const { lastEventId, query = "", watermark } = asked;
  const headers = lastEventId === undefined ? {} : { "last-event-id": lastEventId };
  const info = { url: `/raw/${channel}${query}`, headers };
  const connection = node.events(channel, watermark === undefined ? { info } : { info, watermark });
  await node.settle();
  return connection;
}

function read(connection: FakeConnection): EventParser {
  const parser = new EventParser();
  parser.feed(connection.bytes);
  return parser;
}

const data = (connection: FakeConnection): string[] => read(connection).events.map((event) => event.data);
const typed = (event: StreamedEvent): string => `${event.type} ${event.data}`;
const heard = (connection: FakeConnection): string[] => read(connection).events.map(typed);

async function say(node: FakeNode, channel: string, ...values: readonly unknown[]): Promise<void> {
  for (const value of values) await node.publish(channel, value);
  await node.settle();
}

describe("ids", () => {
  it("one is given on open, and one with each publication: from any of them a client goes on with the next", async () => {
    const node = await begin();
    const first = await opened(node, "news");
    await say(node, "news", 1, 2, 3, 4);
    const ids = [idAtOpen(first), ...read(first).events.map((event) => event.lastEventId)];
    expect(new Set(ids).size).toBe(5);
    for (const [index, lastEventId] of ids.entries()) {
      const again = await opened(node, "news", { lastEventId });
      expect(data(again)).toEqual(["1", "2", "3", "4"].slice(index));
      expect(idAtOpen(again)).toBe(lastEventId);
    }
  });

  it("an ephemeral publication has none, and leaves the last one as it was", async () => {
    const node = await begin();
    const connection = await opened(node, "lobby");
    await say(node, "lobby", 1, 2);
    expect(data(connection)).toEqual(["1", "2"]);
    expect(connection.bytes.toString()).not.toContain("id:");
  });

  it("`lastEventId` in the address does for a first connection, and the header goes before it", async () => {
    const node = await begin();
    const first = await opened(node, "news");
    await say(node, "news", 1, 2, 3);
    const [one, two] = read(first).events.map((event) => event.lastEventId);
    const query = `?lastEventId=${encodeURIComponent(one ?? "")}`;
    expect(data(await opened(node, "news", { query }))).toEqual(["2", "3"]);
    expect(data(await opened(node, "news", { query, lastEventId: two ?? "" }))).toEqual(["3"]);
    expect(data(await opened(node, "news", { query, lastEventId: "" }))).toEqual(["2", "3"]);
  });

  it("is on a page of history as in the tail", async () => {
    const node = await begin({ limits: { tailBytes: 1_000 } });
    const first = await opened(node, "news");
    const lastEventId = idAtOpen(first);
    const values = Array.from({ length: 500 }, (_, index) => `${index} ${"x".repeat(50)}`);
    await say(node, "news", ...values);
    const again = await opened(node, "news", { lastEventId });
    expect(data(again)).toEqual(values);
    expect(read(again).events).toEqual(read(first).events);
  });
});

/** What the first block says, before any event. */
function idAtOpen(connection: FakeConnection): string {
  const parser = new EventParser();
  parser.feed(Buffer.from(`${connection.bytes.toString().split("\n\n")[0]}\n\n`));
  expect(parser.retryMs).toBe(1_000);
  return parser.lastEventId;
}

describe("a gap", () => {
  it.each([
    ["garbage", () => "no id at all"],
    ["an empty epoch", () => ":1"],
    ["another epoch", () => "other:1"],
    ["the future", (id: string) => id.replace(/\d+$/, "99")],
    ["a number beyond all", (id: string) => id.replace(/\d+$/, "999999999999999999")],
    ["what history has forgotten", (id: string) => id.replace(/\d+$/, "0")],
  ] as const)("%s: said with the new id, as one event, and then what is newer", async (_name, change) => {
    const node = await begin({ limits: { tailBytes: 500 } });
    const first = await opened(node, "brief");
    await say(node, "brief", 1, 2, 3, 4, 5);
    const newest = read(first).lastEventId;
    const again = await opened(node, "brief", { lastEventId: change(newest) });
    await say(node, "brief", 6);
    const [epoch = "", offset] = newest.split(":");
    expect(heard(again)).toEqual([`gap ${JSON.stringify({ epoch, offset: Number(offset) })}`, "message 6"]);
    // Cut off before the gap was read, a client must not have the new id yet.
    expect(again.bytes.toString().indexOf("id:")).toBeGreaterThan(-1);
    expect(again.bytes.toString().split("\n\n")[0]).toContain("event: gap");
  });

  it("what a channel keeps nothing of cannot be gone on from either", async () => {
    const node = await begin();
    const connection = await opened(node, "lobby", { lastEventId: "e:1" });
    await say(node, "lobby", 1);
    expect(heard(connection)).toEqual(["gap {}", "message 1"]);
  });

  it("comes in its place in the stream, and the stream goes on", async () => {
    const engine = new ScriptedEngine();
    const node = await begin({ engine });
    const connection = await opened(node, "news");
    await say(node, "news", 1);
    engine.clear("news");
    engine.sink.suspect("all");
    await say(node, "news", 2);
    await say(node, "news", 3);
    const [before, gap, ...after] = read(connection).events;
    expect([before?.data, gap?.type]).toEqual(["1", "gap"]);
    expect(after.at(-1)?.data).toBe("3");
    expect([connection.ended, node.metrics.get("gaps")]).toEqual([null, 1]);
    // From the gap's own id, what came after it comes again, and no further gap.
    const again = await opened(node, "news", { lastEventId: gap?.lastEventId ?? "" });
    expect(heard(again)).toEqual(after.map(typed));
  });

  it("what was published before a new epoch keeps the id it had, however late it is read", async () => {
    const engine = new ScriptedEngine();
    const node = await begin({ engine });
    const slow = await opened(node, "news", { watermark: 1 });
    const [first] = idAtOpen(slow).split(":");
    slow.stop();
    await say(node, "news", 1);
    // Its socket is full now: these are encoded when another epoch is in force.
    await say(node, "news", 2, 3);
    engine.clear("news");
    engine.sink.suspect("all");
    await say(node, "news", 4);
    slow.resume();
    await node.settle();
    const { events } = read(slow);
    expect(events.map(({ data }) => data).slice(0, 3)).toEqual(["1", "2", "3"]);
    const epochs = events.map(({ lastEventId }) => lastEventId.split(":")[0]);
    expect(epochs.map((epoch) => epoch === first)).toEqual([true, true, true, ...events.slice(3).map(() => false)]);
    expect(events.slice(3).map(({ type }) => type)).toContain("gap");
  });

  it("a slow reader that retention has passed is told, and gets what is left", async () => {
    const node = await begin({ limits: { tailBytes: 1_000 } });
    const connection = await opened(node, "brief", { watermark: 10 });
    connection.stop();
    const values = Array.from({ length: 200 }, (_, index) => `${index} ${"x".repeat(50)}`);
    await say(node, "brief", ...values);
    connection.resume();
    await node.settle();
    await say(node, "brief", "after");
    const types = read(connection).events.map((event) => event.type);
    expect(types.filter((type) => type === "gap")).toHaveLength(1);
    expect(data(connection).at(-1)).toBe("after");
    expect(connection.ended).toBeNull();
  });
});

it("asks the engine about the future, and says 503 while it does not answer", async () => {
  const engine = new ScriptedEngine();
  const node = await begin({ engine });
  const first = await opened(node, "news");
  await say(node, "news", 1);
  const future = read(first).lastEventId.replace(/\d+$/, "99");
  const broken: Engine["tops"] = () => Promise.reject(new TidewireError("engine_unavailable"));
  Object.assign(engine, { tops: broken });
  const again = await opened(node, "news", { lastEventId: future });
  expect([again.ended?.code, again.bytes.length]).toEqual([503, 0]);
  expect(JSON.parse(again.ended?.reason ?? "")).toEqual({ error: { code: 503, message: "engine unavailable" } });
});

describe("by name", () => {
  it("a removal is the event `removed`, and a fresh reader gets the table", async () => {
    const node = await begin();
    const connection = await opened(node, "prices");
    await say(node, "prices", { k: "a\u2028b", v: 1 });
    await node.hub.remove("prices", "a\u2028b");
    await node.settle();
    expect(heard(connection)).toEqual(['message {"k":"a\u2028b","v":1}', 'removed {"key":"a\u2028b"}']);
    await say(node, "prices", { k: "c", v: 2 });
    expect(data(await opened(node, "prices"))).toEqual(['{"key":"a\u2028b"}', '{"k":"c","v":2}']);
    const lastEventId = read(connection).events[1]?.lastEventId ?? "";
    expect(data(await opened(node, "prices", { lastEventId }))).toEqual(['{"k":"c","v":2}']);
  });

  it("binary is base64, and what a slow reader of a signal channel missed is counted", async () => {
    const node = await begin({ limits: { tailBytes: 1_000 } });
    const connection = await opened(node, "lobby", { watermark: 10 });
    await node.hub.publish("lobby", { data: Uint8Array.of(0, 255, 10, 13), form: "bytes" });
    await node.settle();
    connection.stop();
    await say(node, "lobby", ...Array.from({ length: 100 }, (_, index) => `${index} ${"x".repeat(100)}`));
    connection.resume();
    await node.settle();
    await say(node, "lobby", "after");
    const [binary, ...rest] = read(connection).events;
    expect(binary).toMatchObject({ type: "binary", data: "AP8KDQ==" });
    const skipped = rest.filter(({ type }) => type === "skipped");
    const missed = skipped.map((event) => (JSON.parse(event.data) as { count: number }).count);
    expect(missed.reduce((sum, count) => sum + count, 0)).toBe(101 - (rest.length - skipped.length));
    expect(missed.length).toBeGreaterThan(0);
    expect(rest.at(-1)?.data).toBe("after");
  });
});

describe("the rate of a latest channel", () => {
  it("lets at most so many pulls a second through", async () => {
    const node = await begin();
    const connection = await opened(node, "prices", { query: "?rate=1" });
    for (let at = 0; at < 30; at += 1) {
      await say(node, "prices", { k: "a", v: at });
      await node.pass(100);
    }
    const { length } = data(connection);
    expect(length).toBeGreaterThan(1);
    expect(length).toBeLessThan(6);
  });

  it.each(["0", "-1", "1e9", "61", "0.01", "fast", "", "Infinity", "NaN", "0x10", " 5"])("%j is 400", async (rate) => {
    const node = await begin();
    const connection = await opened(node, "prices", { query: `?rate=${encodeURIComponent(rate)}` });
    expect(connection.ended?.code).toBe(400);
    expect(connection.ended?.reason).toContain("rate: expected pulls a second from 0.1 to 60, got");
    expect([node.sessions.size, node.hub.subscriptions]).toEqual([0, 0]);
  });

  it("on another channel is 400 too", async () => {
    const connection = await opened(await begin(), "news", { query: "?rate=5" });
    expect(connection.ended?.code).toBe(400);
  });
});

it("is pinged by comments, lives without a pong, and is closed when it takes nothing for a minute", async () => {
  const node = await begin();
  const [reading, stuck] = [await opened(node, "news"), await opened(node, "news")];
  await node.pass(300_000, 1_000);
  expect([reading.ended, stuck.ended]).toEqual([null, null]);
  expect(read(reading).comments).toBeGreaterThan(8);
  stuck.stop();
  await node.pass(120_000, 1_000);
  expect(reading.ended).toBeNull();
  expect(JSON.parse(stuck.ended?.reason ?? "")).toEqual({
    error: { code: 3008, message: "took no byte for 60000 ms" },
  });
});

it("shares its bytes: a publication is encoded once, however many streams and raw sockets there are", async () => {
  const node = await begin();
  const streams = await Promise.all(Array.from({ length: 20 }, () => opened(node, "news")));
  const socket = node.raw("news");
  await node.settle();
  const encoded = vi.spyOn(eventFraming, "event");
  onTestFinished(() => encoded.mockRestore());
  await say(node, "news", 1, 2, 3);
  expect(encoded).toHaveBeenCalledTimes(3);
  for (const stream of streams) expect(data(stream)).toEqual(["1", "2", "3"]);
  expect(socket.messages.map(({ payload }) => payload.toString())).toEqual(["1", "2", "3"]);
});

describe("statuses", () => {
  it.each([
    ["404 for an unknown channel", "nowhere", 404, {}],
    ["401 for guests in production", "news", 401, { mode: "production" }],
    ["403 for what the subscribe rule refuses", "news", 403, { access: { subscribe: () => false } }],
    ["500 for a rule that throws", "news", 500, { access: { subscribe: () => Promise.reject(new Error("x")) } }],
  ] satisfies [string, string, number, Partial<FakeNodeOptions>][])("%s", async (...row) => {
    const [, channel, code, options] = row;
    const node = await begin(options);
    const connection = await opened(node, channel);
    expect([connection.ended?.code, connection.bytes.length]).toEqual([code, 0]);
    expect([node.sessions.size, node.hub.subscriptions]).toEqual([0, 0]);
  });

  it("there is one for every error and every close reason", () => {
    const isError = (status: number): boolean => status >= 400 && status < 600;
    for (const reason of Object.keys(requestErrors) as (keyof typeof requestErrors)[]) {
      const { code, reason: body } = endingOf(new TidewireError(reason, "why"));
      expect([reason, isError(code)]).toEqual([reason, true]);
      expect(JSON.parse(body)).toEqual({ error: { code: requestErrors[reason].code, message: "why" } });
    }
    for (const reason of Object.keys(closeReasons) as CloseReasonName[]) {
      const { code, reason: body } = closingOf(reason, undefined);
      expect([reason, isError(code)]).toEqual([reason, true]);
      expect(JSON.parse(body)).toEqual({
        error: { code: closeReasons[reason].code, message: closeReasons[reason].reason },
      });
    }
    expect(endingOf(new TidewireError({ code: 777, temporary: true }, "later")).code).toBe(503);
    expect(endingOf(new TidewireError({ code: 777 }, "no")).code).toBe(422);
  });
});

describe("what the server would subscribe a user to", () => {
  const access: FakeNodeOptions["access"] = { connect: () => ({ user: "ann", subscriptions: ["lobby", "news"] }) };

  it("does not reach a client that has no word for channels", async () => {
    const node = await begin({ access });
    const stream = await opened(node, "news");
    const socket = node.raw("news");
    await node.settle();
    await say(node, "lobby", "elsewhere");
    await say(node, "news", "here");
    expect(data(stream)).toEqual(["here"]);
    expect(socket.messages.map(({ payload }) => payload.toString())).toEqual(["here"]);
    expect([stream.ended, socket.ended, node.hub.subscriptions]).toEqual([null, null, 2]);
  });
});
