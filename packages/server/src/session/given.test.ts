// What the server subscribed and its client took over: whose it is then, for how long, and what it costs when something fails.
import { defineChannel } from "@tidewire/protocol";
import { describe, expect, it } from "vitest";
import type { FakeConnection } from "../testing/fake-connection.ts";
import { FakeNode, type FakeNodeOptions } from "../testing/fake-node.ts";
import { ScriptedEngine } from "../testing/scripted-engine.ts";

const stream = defineChannel("s:{id}", { history: { size: 10_000, ttlMs: 600_000 }, presence: true });
const room = defineChannel("room", { presence: true, announceMembers: true });

interface Result {
  readonly recoverable?: true;
  readonly epoch: string;
  readonly offset: number;
  readonly was_recovering?: true;
  readonly recovered?: true;
}

interface Line {
  readonly id?: number;
  readonly error?: { readonly code: number };
  readonly connect?: { readonly subs?: Readonly<Record<string, Result>> };
  readonly subscribe?: Result;
  readonly push?: {
    readonly channel: string;
    readonly pub?: { readonly offset?: number; readonly data: unknown };
    readonly subscribe?: Partial<Result>;
    readonly join?: { readonly info: { readonly client: string } };
    readonly leave?: { readonly info: { readonly client: string } };
    readonly unsubscribe?: { readonly code: number };
  };
}

const linesOf = (connection: FakeConnection): readonly Line[] => connection.lines as readonly Line[];
const valuesOf = (connection: FakeConnection, channel: string): unknown[] =>
  linesOf(connection).flatMap(({ push }) => (push?.channel === channel && push.pub ? [push.pub.data] : []));

const begin = (subscriptions: readonly string[], options: Partial<FakeNodeOptions> = {}): Promise<FakeNode> =>
  FakeNode.start({
    channels: [stream, room],
    access: { connect: () => ({ user: "42", subscriptions }), subscribe: () => false },
    ...options,
  });

async function said(node: FakeNode, frame: string, connection = node.centrifuge()): Promise<FakeConnection> {
  connection.say(frame);
  await node.settle();
  return connection;
}

const hello = '{"id":1,"connect":{}}';

describe("taken over by a client that knows how (PROTOCOL 1.11)", () => {
  const tide = '{"id":1,"connect":{"tide":1}}';
  const subscribe = (id: number, channel: string, more: object = {}): string =>
    JSON.stringify({ id, subscribe: { channel, ...more } });
  const unsubscribe = (id: number, channel: string): string => JSON.stringify({ id, unsubscribe: { channel } });

  it("by a subscribe in the same frame, recovered, without the rule, each publication once", async () => {
    const node = await begin(["s:1"]);
    for (const n of [1, 2, 3]) await node.publish("s:1", n);
    const { epoch } = linesOf(await said(node, hello))[0]?.connect?.subs?.["s:1"] ?? { epoch: "" };
    const connection = await said(node, `${tide}\n${subscribe(2, "s:1", { recover: true, epoch, offset: 1 })}`);
    await node.publish("s:1", 4);
    await node.settle();
    const [, reply] = linesOf(connection).filter(({ id }) => id !== undefined);
    expect(reply).toMatchObject({ id: 2, subscribe: { was_recovering: true, recovered: true, offset: 1 } });
    expect(valuesOf(connection, "s:1")).toEqual([2, 3, 4]);
    expect(node.hub.subscriptions).toBe(2);
  });

  it("as one member, who is told of once", async () => {
    const node = await begin(["room"]);
    const ann = await said(node, hello);
    const bob = await said(node, `${tide}\n${subscribe(2, "room", { join_leave: true })}`);
    expect(node.hub.channel("room")?.members.counts.clients).toBe(2);
    const joins = linesOf(ann).filter(({ push }) => push?.join);
    expect([joins.length, linesOf(ann).filter(({ push }) => push?.leave).length]).toEqual([2, 0]);
    bob.opened?.closed(1006, "");
    await node.settle();
    expect(node.hub.channel("room")?.members.counts.clients).toBe(1);
  });

  it("and again after its own unsubscribe, as often as it likes; a third at once is 105", async () => {
    const node = await begin(["s:1"]);
    const connection = await said(node, tide);
    for (const id of [2, 4, 6]) {
      await said(node, subscribe(id, "s:1"), connection);
      await said(node, unsubscribe(id + 1, "s:1"), connection);
    }
    await said(node, `${subscribe(8, "s:1")}\n${subscribe(9, "s:1")}`, connection);
    await node.publish("s:1", 1);
    await node.settle();
    const errors = linesOf(connection).filter(({ error }) => error !== undefined);
    expect(errors).toMatchObject([{ id: 9, error: { code: 105 } }]);
    expect([valuesOf(connection, "s:1"), node.hub.subscriptions]).toEqual([[1], 1]);
  });

  it("not once the server has taken it back, whether or not it had it open", async () => {
    const node = await begin(["s:1", "s:2"]);
    const connection = await said(node, `${tide}\n${subscribe(2, "s:1")}`);
    const [session] = node.sessions.values();
    await said(node, `${subscribe(3, "s:2")}\n${unsubscribe(4, "s:2")}`, connection);
    await session?.unsubscribe("s:1");
    await session?.unsubscribe("s:2");
    await said(node, `${subscribe(5, "s:1")}\n${subscribe(6, "s:2")}`, connection);
    expect(linesOf(connection).slice(-2)).toMatchObject([
      { id: 5, error: { code: 103 } },
      { id: 6, error: { code: 103 } },
    ]);
    expect(node.hub.subscriptions).toBe(0);
  });

  it("of what the server began later; it begins that no second time", async () => {
    const node = await begin([]);
    const connection = await said(node, tide);
    const [session] = node.sessions.values();
    await said(node, subscribe(2, "s:1"), connection);
    expect(await session?.subscribe("s:1")).toBe(true);
    await said(node, subscribe(3, "s:1"), connection);
    expect(await session?.subscribe("s:1")).toBe(true);
    await node.publish("s:1", 1);
    await node.settle();
    const said103 = linesOf(connection).find(({ id }) => id === 2);
    expect([said103?.error?.code, valuesOf(connection, "s:1"), node.hub.subscriptions]).toEqual([103, [1], 1]);
  });

  it("a gap ends the subscription alone, and the next one is let in", async () => {
    const engine = new ScriptedEngine();
    const node = await begin(["s:1"], { engine });
    const connection = await said(node, `${tide}\n${subscribe(2, "s:1")}`);
    await node.publish("s:1", "seen");
    await node.settle();
    engine.clear("s:1");
    engine.sink.suspect("all");
    await node.publish("s:1", "newer");
    await node.settle();
    expect(linesOf(connection).at(-1)).toMatchObject({ push: { unsubscribe: { code: 2500 } } });
    await said(node, subscribe(3, "s:1"), connection);
    await node.publish("s:1", "newest");
    await node.settle();
    expect([valuesOf(connection, "s:1"), connection.ended]).toEqual([["seen", "newest"], null]);
  });

  it("may be tried again when the engine did not answer the first time", async () => {
    const engine = new ScriptedEngine();
    const node = await begin(["s:1"], { engine });
    const connection = await said(node, tide);
    engine.failures = 1;
    const recovering = { recover: true, epoch: "another", offset: 7 };
    await said(node, subscribe(2, "s:1", recovering), connection);
    await said(node, subscribe(3, "s:1"), connection);
    expect(linesOf(connection).at(-1)).toMatchObject({ id: 3, subscribe: {} });
    expect([node.hub.subscriptions, connection.ended]).toEqual([1, null]);
  });

  it("ends at the time that the server set, also after it was closed in between, and not before", async () => {
    const node = await begin([], { limits: { expiryGraceMs: 1 } });
    const connection = await said(node, tide);
    const [session] = node.sessions.values();
    const expiresAt = Math.ceil(node.clock.wall() / 1_000) + 10;
    await session?.subscribe("s:1", { expiresAt });
    await said(node, `${subscribe(2, "s:1")}\n${unsubscribe(3, "s:1")}\n${subscribe(4, "s:1")}`, connection);
    expect(linesOf(connection).find(({ id }) => id === 4)?.subscribe).not.toHaveProperty("ttl");
    node.clock.advance(5_000);
    await node.settle();
    expect(node.hub.subscriptions).toBe(1);
    node.clock.advance(12_000);
    await node.settle();
    expect(linesOf(connection).some(({ push }) => push?.unsubscribe?.code === 2501)).toBe(true);
    await said(node, subscribe(5, "s:1"), connection);
    expect(linesOf(connection).at(-1)).toMatchObject({ id: 5, error: { code: 103 } });
  });

  it("keeps no more of what was given than a connection may have", async () => {
    const node = await begin([], { limits: { channelsPerConnection: 2 } });
    const connection = await said(node, tide);
    const [session] = node.sessions.values();
    for (const channel of ["s:1", "s:2", "s:3"]) {
      await session?.subscribe(channel);
      await said(node, unsubscribe(2, channel), connection);
    }
    for (const [id, channel] of [
      [3, "s:3"],
      [4, "s:2"],
    ] as const) {
      await said(node, subscribe(id, channel), connection);
      await said(node, unsubscribe(2, channel), connection);
    }
    await said(node, subscribe(5, "s:1"), connection);
    const errors = linesOf(connection).filter(({ error }) => error !== undefined);
    expect(errors).toMatchObject([{ id: 5, error: { code: 103 } }]);
  });
});
