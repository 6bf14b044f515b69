// Delivery's scenario 2: one frame with an asynchronous connect, a hundred server-side subscriptions to recover, and more.
import { defineChannel } from "@tidewire/protocol";
import { describe, expect, it } from "vitest";
import type { Identity } from "../access.ts";
import type { FakeConnection } from "../testing/fake-connection.ts";
import { FakeNode } from "../testing/fake-node.ts";
import { ScriptedEngine } from "../testing/scripted-engine.ts";

const stream = defineChannel("s:{id}", { history: { size: 10_000, ttlMs: 600_000 }, presence: true });

interface Line {
  readonly id?: number;
  readonly connect?: {
    readonly subs?: Readonly<Record<string, { readonly offset: number; readonly recovered?: true }>>;
  };
  readonly push?: { readonly channel: string; readonly pub?: { readonly data: unknown } };
}

const linesOf = (connection: FakeConnection): readonly Line[] => connection.lines as readonly Line[];
const valuesOf = (connection: FakeConnection, channel: string): unknown[] =>
  linesOf(connection).flatMap(({ push }) => (push?.channel === channel && push.pub ? [push.pub.data] : []));

describe("2 Crowded connect", () => {
  const channels = Array.from({ length: 100 }, (_, at) => `s:${at}`);
  const text = "x".repeat(1_000);

  it.each([
    ["from the tails", 1_048_576],
    ["from history", 2_000],
  ])("loses nothing, doubles nothing and keeps every order (%s)", async (_, tailBytes) => {
    const engine = new ScriptedEngine();
    let open: (identity: Identity) => void = () => undefined;
    const node = await FakeNode.start({
      channels: [stream],
      engine,
      limits: { tailBytes },
      access: { connect: () => new Promise((resolve) => (open = resolve)) },
    });
    // A megabyte was missed: ten of a kilobyte in each of a hundred channels, after one that was seen.
    for (let n = 0; n <= 10; n += 1) for (const channel of channels) await node.publish(channel, { n, text });
    const subs = Object.fromEntries(
      channels.map((channel) => [channel, { recover: true, epoch: engine.top(channel).epoch, offset: 1 }]),
    );
    const connection = node.centrifuge();
    connection.say(
      [
        JSON.stringify({ id: 1, connect: { subs } }),
        '{"id":2,"subscribe":{"channel":"s:own"}}',
        '{"id":3,"publish":{"channel":"s:own","data":{"n":"mine"}}}',
        '{"id":4,"unsubscribe":{"channel":"s:own"}}',
      ].join("\n"),
    );
    await node.settle();
    engine.holdsReads = true;
    open({ user: "42", subscriptions: channels });
    await node.settle();
    // Publications while some channels are open and the others are not.
    const letGo = async (count: number): Promise<void> => {
      for (const { answer } of engine.heldReads.splice(0, count)) answer();
      await node.settle();
    };
    await letGo(30);
    for (const channel of channels) await node.publish(channel, { n: 11 });
    await letGo(30);
    for (const channel of channels) await node.publish(channel, { n: 12 });
    expect(connection.messages).toEqual([]);
    engine.holdsReads = false;
    while (engine.heldReads.length > 0) await letGo(30);
    for (const channel of channels) await node.publish(channel, { n: 13 });
    await node.settle();
    const lines = linesOf(connection);
    expect(lines[0]?.id).toBe(1);
    const told = lines[0]?.connect?.subs ?? {};
    expect(Object.values(told).every(({ recovered, offset }) => recovered === true && offset === 1)).toBe(true);
    const numbers = Array.from({ length: 13 }, (_, at) => at + 1);
    for (const channel of channels) {
      expect(valuesOf(connection, channel).map((value) => (value as { n: number }).n)).toEqual(numbers);
    }
    const own = lines.flatMap(({ id, push }) => id ?? (push?.channel === "s:own" ? "pub" : []));
    // Its own unsubscribe, in the same frame, discards what was not written yet.
    expect(own).toEqual([1, 2, 3, 4]);
    expect(engine.kept("s:own").length).toBe(1);
    expect([connection.ended, connection.strayWrites, connection.mostUnsent < 200_000]).toEqual([null, 0, true]);
  });

  it("ends with 3010 when one channel's epoch breaks before the reply; nothing of it is told, and back it is honest", async () => {
    const engine = new ScriptedEngine();
    const node = await FakeNode.start({
      channels: [stream],
      engine,
      access: { connect: () => ({ user: "42", subscriptions: channels }) },
    });
    for (let n = 0; n <= 3; n += 1) for (const channel of channels) await node.publish(channel, { n });
    const seen = new Map(channels.map((channel) => [channel, { epoch: engine.top(channel).epoch, offset: 1 }]));
    const frame = (): string => {
      const subs = Object.fromEntries(
        [...seen].map(([channel, position]) => [channel, { recover: true, ...position }]),
      );
      return `${JSON.stringify({ id: 1, connect: { subs } })}\n{"id":2,"subscribe":{"channel":"s:own"}}`;
    };
    engine.holdsReads = true;
    const connection = node.centrifuge();
    connection.say(frame());
    await node.settle();
    const held = engine.heldReads.splice(0, 30);
    for (const { answer } of held) answer();
    await node.settle();
    // The first channel is open, its cursor held; its log is lost, and goes on under another epoch.
    engine.clear("s:0");
    engine.holdsReads = false;
    engine.sink.suspect(["s:0"]);
    await node.publish("s:0", { n: "newer" });
    await node.settle();
    expect(connection.messages).toEqual([]);
    while (engine.heldReads.length > 0) {
      for (const { answer } of engine.heldReads.splice(0)) answer();
      await node.settle();
    }
    expect(connection.ended?.code).toBe(3010);
    expect(valuesOf(connection, "s:0")).not.toContainEqual({ n: "newer" });
    expect([node.hub.subscriptions, connection.strayWrites]).toEqual([0, 0]);
    const back = node.centrifuge();
    back.say(frame());
    await node.settle();
    const told = linesOf(back)[0]?.connect?.subs ?? {};
    expect(told["s:0"]).toMatchObject({ was_recovering: true, offset: 1, epoch: engine.top("s:0").epoch });
    expect(told["s:0"]).not.toHaveProperty("recovered");
    expect(channels.slice(1).every((channel) => told[channel]?.recovered === true)).toBe(true);
    expect(valuesOf(back, "s:0")).toEqual([]);
    for (const channel of channels.slice(1)) expect(valuesOf(back, channel)).toEqual([1, 2, 3].map((n) => ({ n })));
    expect(back.ended).toBeNull();
  });
});
