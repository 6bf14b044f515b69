// Server-side subscriptions from the wire: at connect, recovered, and live.
import { defineChannel } from "@tidewire/protocol";
import { describe, expect, it } from "vitest";
import type { FakeConnection } from "../testing/fake-connection.ts";
import { FakeNode, type FakeNodeOptions } from "../testing/fake-node.ts";
import { ScriptedEngine } from "../testing/scripted-engine.ts";
import { tokenOf, tokenSecret } from "../testing/token.ts";

const stream = defineChannel("s:{id}", { history: { size: 10_000, ttlMs: 600_000 }, presence: true });
const signal = defineChannel("signal", { mode: "signal" });
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
    channels: [stream, signal, room],
    access: { connect: () => ({ user: "42", subscriptions }), subscribe: () => false },
    ...options,
  });

async function said(node: FakeNode, frame: string, connection = node.centrifuge()): Promise<FakeConnection> {
  connection.say(frame);
  await node.settle();
  return connection;
}

const hello = '{"id":1,"connect":{}}';

describe("at connect", () => {
  it("are in the reply, without the rule, and what is published follows it", async () => {
    const node = await begin(["s:1", "signal"]);
    await node.publish("s:1", "before");
    const connection = await said(node, hello);
    await node.publish("s:1", "after");
    await node.publish("signal", "now");
    await node.settle();
    const [reply] = linesOf(connection);
    expect(reply?.connect?.subs).toMatchObject({
      "s:1": { recoverable: true, positioned: true, offset: 1 },
      signal: {},
    });
    expect(Object.keys(reply?.connect?.subs?.["signal"] ?? {})).toEqual([]);
    expect([valuesOf(connection, "s:1"), valuesOf(connection, "signal")]).toEqual([["after"], ["now"]]);
    expect(node.hub.channel("s:1")?.members.counts.clients).toBe(1);
  });

  it("are told of members where the channel announces them, one's own join after the reply", async () => {
    const node = await begin(["room", "s:1"]);
    const ann = await said(node, hello);
    const bob = await said(node, hello);
    bob.opened?.closed(1006, "");
    await node.settle();
    const pushes = linesOf(ann).map(({ push }) => push);
    const told = pushes.map((push) => (push?.join ? "join" : push?.leave ? "leave" : "reply"));
    expect(told).toEqual(["reply", "join", "join", "leave"]);
    expect(pushes.slice(1).every((push) => push?.channel === "room")).toBe(true);
    expect(pushes[3]?.leave?.info.client).toBe(pushes[2]?.join?.info.client);
  });

  it("come from the token's channels and subs too, each once", async () => {
    const node = await begin([], {
      access: { connect: () => ({ user: "42", subscriptions: ["s:1", "s:1", "s:2"] }) },
      tokens: { secret: tokenSecret },
    });
    const connection = node.centrifuge();
    const token = tokenOf({ sub: "42", channels: ["s:2", "s:3"], subs: { "s:4": {} } });
    connection.say(JSON.stringify({ id: 1, connect: { token } }));
    await node.until(() => connection.lines.length > 0);
    const [reply] = linesOf(connection);
    expect(Object.keys(reply?.connect?.subs ?? {})).toEqual(["s:1", "s:2", "s:3", "s:4"]);
  });

  it("are recovered from the positions in the request; what was not subscribed again is left out", async () => {
    const node = await begin(["s:1", "s:2", "s:3"]);
    for (const n of [1, 2, 3]) await node.publish("s:1", n);
    const { epoch } = linesOf(await said(node, hello))[0]?.connect?.subs?.["s:1"] ?? { epoch: "" };
    const subs = {
      "s:1": { recover: true, epoch, offset: 1 },
      "s:2": { recover: true, epoch: "another", offset: 7 },
      "s:9": { recover: true, epoch, offset: 1 },
    };
    const connection = await said(node, JSON.stringify({ id: 1, connect: { subs } }));
    const told = linesOf(connection)[0]?.connect?.subs;
    expect(Object.keys(told ?? {})).toEqual(["s:1", "s:2", "s:3"]);
    expect(told?.["s:1"]).toMatchObject({ was_recovering: true, recovered: true, offset: 1, epoch });
    expect(told?.["s:2"]).toMatchObject({ was_recovering: true });
    expect(told?.["s:2"]).not.toHaveProperty("recovered");
    expect(told?.["s:3"]).not.toHaveProperty("was_recovering");
    expect(valuesOf(connection, "s:1")).toEqual([2, 3]);
  });

  it("may be as many as a connection has; one more ends it with 3505", async () => {
    const names = Array.from({ length: 129 }, (_, at) => `s:${at}`);
    const all = await begin(names.slice(1));
    expect(Object.keys(linesOf(await said(all, hello))[0]?.connect?.subs ?? {}).length).toBe(128);
    const node = await begin(names);
    const connection = await said(node, hello);
    expect([connection.ended?.code, node.hub.subscriptions, connection.lines]).toEqual([3505, 0, []]);
  });

  it.each([
    [102, { subscriptions: ["s:1", "nowhere"] }, 0],
    [107, { subscriptions: ["s:1", ""] }, 0],
    [503, { subscriptions: ["s:1", "s:2"] }, 1],
    [413, { subscriptions: ["signal", "s:1"], info: "x".repeat(3_000) }, 0],
  ])("that cannot be opened refuse it with %i, and nothing is left behind", async (code, identity, failures) => {
    const engine = new ScriptedEngine();
    const node = await begin([], { engine, access: { connect: () => ({ user: "42", ...identity }) } });
    engine.failures = failures;
    const connection = await said(node, `${hello}\n{"id":2,"subscribe":{"channel":"s:1"}}`);
    expect(linesOf(connection)).toMatchObject([{ id: 1, error: { code } }]);
    expect([node.hub.subscriptions, node.sessions.size, node.node.users.size]).toEqual([0, 0, 0]);
    await said(node, hello, connection);
    expect(connection.ended?.code).toBe(code === 503 ? 3004 : 3501);
  });

  it("are closed when the connection ends before they were open", async () => {
    const engine = new ScriptedEngine();
    engine.holdsReads = true;
    const node = await begin(["s:1", "s:2"], { engine });
    const connection = await said(node, hello);
    connection.opened?.closed(1006, "");
    engine.holdsReads = false;
    for (const { answer } of engine.heldReads) answer();
    await node.settle();
    expect([node.hub.subscriptions, node.sessions.size, connection.writes]).toEqual([0, 0, 0]);
    expect(node.hub.channel("s:1")?.members.counts.clients ?? 0).toBe(0);
  });

  it("count for the limit of the user's connections, which others may reach meanwhile", async () => {
    const engine = new ScriptedEngine();
    engine.holdsReads = true;
    const node = await begin(["s:1"], { engine, limits: { connectionsPerUser: 1 } });
    const connections = [await said(node, hello), await said(node, hello)];
    engine.holdsReads = false;
    for (const { answer } of engine.heldReads) answer();
    await node.settle();
    expect(connections.map(({ ended }) => ended?.code)).toEqual([undefined, 3504]);
    expect(node.hub.subscriptions).toBe(1);
  });

  it("refuse a position that is none, as a malformed frame", async () => {
    const connection = await said(
      await begin(["s:1"]),
      '{"id":1,"connect":{"subs":{"s:1":{"recover":true,"offset":-1}}}}',
    );
    expect(connection.ended?.code).toBe(3501);
  });
});

describe("afterwards", () => {
  it("a subscribe by the client to one is 105, its unsubscribe is answered and ends it", async () => {
    const node = await begin(["s:1"]);
    const connection = await said(node, hello);
    await said(node, '{"id":2,"subscribe":{"channel":"s:1"}}', connection);
    await said(node, '{"id":3,"unsubscribe":{"channel":"s:1"}}', connection);
    await node.publish("s:1", 1);
    await node.settle();
    expect(linesOf(connection).slice(1)).toMatchObject([
      { id: 2, error: { code: 105 } },
      { id: 3, unsubscribe: {} },
    ]);
    expect([valuesOf(connection, "s:1"), node.hub.subscriptions, connection.ended]).toEqual([[], 0, null]);
  });

  it("a gap on one ends the connection with 3010, before anything newer", async () => {
    const engine = new ScriptedEngine();
    const node = await begin(["s:1", "s:2"], { engine });
    const connection = await said(node, hello);
    await node.publish("s:1", "seen");
    await node.settle();
    engine.clear("s:1");
    engine.sink.suspect("all");
    await node.publish("s:1", "newer");
    await node.publish("s:2", "other");
    await node.settle();
    expect(connection.ended?.code).toBe(3010);
    expect([valuesOf(connection, "s:1"), node.hub.subscriptions]).toEqual([["seen"], 0]);
  });
});

describe("112 for getState", () => {
  it("comes with flag 2 alone, and a subscription with the position follows without", async () => {
    const node = await begin([], { access: {} });
    await node.publish("s:1", 1);
    const connection = await said(node, hello);
    const subscribe = (id: number, more: object): string =>
      JSON.stringify({ id, subscribe: { channel: "s:1", recover: true, epoch: "x", offset: 1, ...more } });
    await said(node, subscribe(2, { flag: 2 }), connection);
    await said(node, subscribe(3, { flag: 3 }), connection);
    expect([linesOf(connection).slice(1), node.hub.subscriptions]).toMatchObject([
      [{ error: { code: 112 } }, { error: { code: 112 } }],
      0,
    ]);
    await said(node, subscribe(4, { flag: 1 }), connection);
    const { epoch } = linesOf(connection).at(-1)?.subscribe ?? { epoch: "" };
    expect(linesOf(connection).at(-1)?.subscribe).toMatchObject({ was_recovering: true, offset: 1 });
    await said(node, '{"id":5,"unsubscribe":{"channel":"s:1"}}', connection);
    await said(node, subscribe(6, { flag: 2, epoch }), connection);
    expect(linesOf(connection).at(-1)?.subscribe).toMatchObject({ recovered: true });
  });
});

describe("live", () => {
  const live = async (options: Partial<FakeNodeOptions> = {}) => {
    const node = await begin(["s:1"], options);
    const connection = await said(node, hello);
    const session = [...node.sessions.values()][0];
    if (session === undefined) throw new Error("expected a session");
    connection.messages.length = 0;
    return { node, connection, session };
  };

  it("a subscribe is pushed with its position before its publications, an unsubscribe with 2000 after them", async () => {
    const { node, connection, session } = await live();
    await node.publish("s:2", "before");
    expect(await session.subscribe("s:2")).toBe(true);
    await node.publish("s:2", "after");
    expect(await session.unsubscribe("s:2")).toBe(true);
    await node.publish("s:2", "later");
    await node.settle();
    expect(linesOf(connection)).toMatchObject([
      { push: { channel: "s:2", subscribe: { recoverable: true, positioned: true, offset: 1 } } },
      { push: { channel: "s:2", pub: { data: "after" } } },
      { push: { channel: "s:2", unsubscribe: { code: 2000 } } },
    ]);
    expect(await session.unsubscribe("s:2")).toBe(false);
  });

  it("a subscribe says nothing of a position where nothing is kept, and again says nothing at all", async () => {
    const { node, connection, session } = await live();
    expect([await session.subscribe("signal"), await session.subscribe("signal")]).toEqual([true, true]);
    expect(await session.subscribe("s:1")).toBe(true);
    await node.settle();
    expect(linesOf(connection)).toEqual([{ push: { channel: "signal", subscribe: {} } }]);
  });

  it("waits for the client's own commands on the channel, and ends those too", async () => {
    let open: (value: boolean) => void = () => undefined;
    const { node, connection, session } = await live({
      access: { subscribe: () => new Promise((resolve) => (open = resolve)) },
    });
    connection.say('{"id":2,"subscribe":{"channel":"s:2"}}');
    const [subscribed, unsubscribed] = [session.subscribe("s:2"), session.unsubscribe("s:2")];
    await node.settle();
    expect(connection.messages).toEqual([]);
    open(true);
    await expect(subscribed).rejects.toMatchObject({ reason: "already_subscribed" });
    expect(await unsubscribed).toBe(true);
    await node.settle();
    expect(linesOf(connection)).toMatchObject([{ id: 2 }, { push: { unsubscribe: { code: 2000 } } }]);
  });

  it("is refused for an unknown channel, above the limit, and answers false once the session has ended", async () => {
    const { node, connection, session } = await live({ limits: { channelsPerConnection: 2 } });
    await expect(session.subscribe("nowhere")).rejects.toMatchObject({ reason: "unknown_channel" });
    const outcomes = await Promise.allSettled([session.subscribe("s:2"), session.subscribe("s:3")]);
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
    await expect(session.subscribe("s:4")).rejects.toMatchObject({ reason: "limit_exceeded" });
    expect(node.hub.subscriptions).toBe(2);
    await session.unsubscribe("s:2");
    const late = session.subscribe("s:5");
    connection.opened?.closed(1006, "");
    expect([await late, await session.subscribe("s:6"), node.hub.subscriptions]).toEqual([false, false, 0]);
  });

  it("ends a client that reads none of its pushes as slow", async () => {
    const { node, connection, session } = await live({ limits: { controlFrames: 4 } });
    connection.stop();
    for (let at = 0; at < 40; at += 1) await node.publish("s:1", "x".repeat(2_000));
    await node.settle();
    for (let at = 0; at < 6; at += 1) await session.subscribe(`s:${at + 2}`);
    expect([connection.ended?.code, node.hub.subscriptions]).toEqual([3008, 0]);
  });

  it("is not for a dialect of one channel, which ends where it is unsubscribed", async () => {
    const node = await begin([], { access: {} });
    const connection = node.raw("s:1");
    await node.settle();
    const [session] = node.sessions.values();
    await expect(session?.subscribe("s:2")).rejects.toMatchObject({ reason: "not_available" });
    expect(node.hub.subscriptions).toBe(1);
    expect(await session?.unsubscribe("s:1")).toBe(true);
    expect([connection.ended?.code, node.hub.subscriptions]).toEqual([4403, 0]);
  });
});
