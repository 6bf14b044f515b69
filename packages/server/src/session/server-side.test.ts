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
    expect(connection.ended?.code).toBe(3501);
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
