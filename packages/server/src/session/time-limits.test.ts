// Limits in time, and of what waits: one slot of the wheel before the end nothing happens, after it once what is named.
import { defineChannel } from "@tidewire/protocol";
import { describe, expect, it } from "vitest";
import { Wheel } from "../hub/wheel.ts";
import type { Limits } from "../options.ts";
import { type LimitName, Metrics } from "../ports/metrics.ts";
import { FakeClock } from "../testing/fake-clock.ts";
import type { FakeConnection } from "../testing/fake-connection.ts";
import { FakeNode } from "../testing/fake-node.ts";
import { answers, held, rpc } from "../testing/held-calls.ts";
import { ScriptedEngine } from "../testing/scripted-engine.ts";
import { Expiry } from "./expiry.ts";

const lobby = defineChannel("lobby", { mode: "signal", presence: true });
const news = defineChannel("news:{name}", { history: { size: 10, ttlMs: 60_000 } });
/** The wheel is at most one slot late, and `pass` ends before the last. */
const slotMs = 10;

const begin = (limits: Partial<Limits> = {}, engine?: ScriptedEngine): Promise<FakeNode> =>
  FakeNode.start({ channels: [lobby, news], limits, ...(engine && { engine }) });

const hits = (node: FakeNode, limit: LimitName): number => node.metrics.get(`limit_${limit}`);

/** Lets `ms` pass but for a moment: nothing has happened. Then it has, once. */
async function endsAfter(
  { node, connection }: { readonly node: FakeNode; readonly connection: FakeConnection },
  ms: number,
  limit: LimitName,
): Promise<number | undefined> {
  await node.pass(ms - 2 * slotMs, slotMs);
  expect([connection.ended, hits(node, limit)]).toEqual([null, 0]);
  await node.pass(4 * slotMs, slotMs);
  expect(hits(node, limit)).toBe(1);
  await node.pass(1_000, slotMs);
  expect(hits(node, limit)).toBe(1);
  return connection.ended?.code;
}

describe("times", () => {
  it("firstCommandMs: stale", async () => {
    const node = await begin({ firstCommandMs: 1_000 });
    expect(await endsAfter({ node, connection: node.centrifuge() }, 1_000, "firstCommandMs")).toBe(3502);
  });

  it("pongTimeoutMs: no pong", async () => {
    const node = await begin({ pongTimeoutMs: 1_000, pingIntervalMs: 1_000 });
    const connection = await node.connected();
    while (connection.messages.length === 0) await node.pass(slotMs, slotMs);
    expect(await endsAfter({ node, connection }, 1_000, "pongTimeoutMs")).toBe(3012);
  });

  it("pongTimeoutMs: not while what it has said waits for the server; firstCommandMs all the same", async () => {
    const node = await begin({ firstCommandMs: 1_000, pongTimeoutMs: 1_000, pingIntervalMs: 1_000 });
    const [stranger, connection] = [node.centrifuge(), await node.connected()];
    for (const late of [stranger, connection]) late.isLate = true;
    await node.pass(10_000, 100);
    expect([stranger.ended?.code, connection.ended]).toEqual([3502, null]);
    connection.isLate = false;
    await node.pass(3_000, 100);
    expect(connection.ended?.code).toBe(3012);
  });

  it("stalledMs: slow", async () => {
    const node = await begin({ stalledMs: 1_000 });
    const connection = await node.connected({ watermark: 100 });
    connection.say('{"id":2,"subscribe":{"channel":"lobby"}}');
    await node.settle();
    connection.stop();
    await node.publish("lobby", "x".repeat(200));
    await node.settle();
    expect(connection.isFull).toBe(true);
    expect(await endsAfter({ node, connection }, 1_000, "stalledMs")).toBe(3008);
  });

  it("callDeadlineMs: its caller is told, and the connection lives", async () => {
    const node = await begin({ callDeadlineMs: 1_000 });
    held(node);
    const connection = await node.connected();
    connection.say(rpc(2));
    await node.settle();
    expect(await endsAfter({ node, connection }, 1_000, "callDeadlineMs")).toBeUndefined();
    expect(answers(connection, 2)).toEqual([504]);
  });

  it("expiryGraceMs: after the end of a token", () => {
    const clock = new FakeClock();
    const metrics = new Metrics();
    let ends = 0;
    const limits = { expiryGraceMs: 2_000 };
    const expiry = new Expiry({ clock, metrics, limits, hub: { wheel: new Wheel(clock) } }, () => (ends += 1));
    expiry.set(clock.wall() / 1_000 + 5);
    clock.advance(7_000 - slotMs);
    expect([ends, metrics.get("limit_expiryGraceMs")]).toEqual([0, 0]);
    clock.advance(3 * slotMs);
    expect([ends, metrics.get("limit_expiryGraceMs")]).toEqual([1, 1]);
  });
});

describe("what waits for a client that does not read", () => {
  const ask = (id: number): string => JSON.stringify({ id, presence_stats: { channel: "lobby" } });

  /** A client that reads no more, and to which so many replies are owed. */
  async function owed(node: FakeNode, replies: number): Promise<FakeConnection> {
    const connection = await node.connected({ watermark: 1 });
    connection.stop();
    connection.say(ask(2));
    await node.settle();
    expect(connection.isFull).toBe(true);
    for (let n = 0; n < replies; n += 1) connection.say(ask(n + 3));
    await node.settle();
    return connection;
  }

  it.each([
    ["controlFrames", { controlFrames: 4 }],
    ["controlBytes", { controlBytes: 4 * 28 }],
  ] as const)("%s of replies: it is not read, and everything is answered", async (limit, limits) => {
    const node = await begin(limits);
    const connection = await owed(node, 4);
    expect([connection.isHeld, hits(node, limit)]).toEqual([false, 0]);
    for (const id of [7, 8]) connection.say(ask(id));
    await node.settle();
    expect([connection.isHeld, hits(node, limit)]).toEqual([true, 1]);
    connection.resume();
    await node.settle();
    expect(connection.lines.map(({ id }) => id)).toEqual([2, 3, 4, 5, 6, 7, 8]);
    expect(connection.isHeld).toBe(false);
  });

  it("controlFrames of the server's own: it is too slow", async () => {
    const node = await begin({ controlFrames: 3 });
    const connection = await node.connected({ watermark: 1 });
    for (const [index, name] of ["a", "b", "c", "d"].entries()) {
      connection.say(JSON.stringify({ id: index + 2, subscribe: { channel: `news:${name}` } }));
      await node.settle();
    }
    connection.stop();
    connection.say(ask(6));
    await node.settle();
    const [session] = node.sessions.values();
    for (const name of ["a", "b", "c"]) await session?.unsubscribe(`news:${name}`);
    expect([connection.ended, hits(node, "controlFrames")]).toEqual([null, 0]);
    await session?.unsubscribe("news:d");
    expect([connection.ended?.code, hits(node, "controlFrames")]).toEqual([3008, 1]);
  });
});

describe("what a node holds", () => {
  it("historyReads: those above wait, and are answered", async () => {
    const engine = new ScriptedEngine();
    const node = await begin({ historyReads: 2 }, engine);
    engine.append("news:a", { data: Buffer.from("1"), form: "json" });
    const readers = await Promise.all([1, 2, 3].map(() => node.connected()));
    engine.holdsReads = true;
    const answer = (): void => {
      for (const { answer: go } of engine.heldReads.splice(0)) go();
    };
    const read = async (reader: FakeConnection | undefined): Promise<void> => {
      reader?.say('{"id":2,"history":{"channel":"news:a","limit":1}}');
      await node.settle();
    };
    // Each asks for the top first.
    for (const reader of readers) await read(reader);
    answer();
    await node.settle();
    expect([engine.heldReads.length, hits(node, "historyReads")]).toEqual([2, 1]);
    for (let n = 0; n < 3; n += 1) {
      answer();
      await node.settle();
    }
    expect(readers.map(({ lines }) => lines.length)).toEqual([1, 1, 1]);
    expect(hits(node, "historyReads")).toBe(1);
  });

  it("tailsBytes: what only memory would keep is refused", async () => {
    const node = await begin({ tailsBytes: 20_000 });
    const connection = await node.connected();
    connection.say('{"id":2,"subscribe":{"channel":"lobby"}}');
    await node.settle();
    const outcomes: string[] = [];
    while (outcomes.length < 100 && outcomes.at(-1) !== "overloaded") {
      const publishing = node.publish("lobby", "x".repeat(1_000));
      outcomes.push(
        await publishing.then(
          () => "published",
          ({ reason }: { reason: string }) => reason,
        ),
      );
    }
    expect(new Set(outcomes)).toEqual(new Set(["published", "overloaded"]));
    expect(hits(node, "tailsBytes")).toBe(1);
  });
});
