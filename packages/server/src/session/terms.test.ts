// On whose terms and for how long: what rules say beside yes and no.
import { defineChannel, TidewireError } from "@tidewire/protocol";
import { describe, expect, it } from "vitest";
import { type AccessRules, Disconnect, type PublishRuleContext, type Renewal } from "../access.ts";
import type { FakeConnection } from "../testing/fake-connection.ts";
import { FakeNode, type FakeNodeOptions } from "../testing/fake-node.ts";

const room = defineChannel("room:{id}", { presence: true });
const quotes = defineChannel("quotes", { mode: "latest", key: ({ symbol }) => symbol as string, data: anything() });

/** A schema that takes everything, so that the channel's values have a type. */
function anything(): { "~standard": { version: 1; vendor: string; validate: (value: unknown) => { value: Quote } } } {
  return { "~standard": { version: 1, vendor: "test", validate: (value) => ({ value: value as Quote }) } };
}
interface Quote {
  readonly symbol: string;
}

const begin = (access: AccessRules, more: Partial<FakeNodeOptions> = {}): Promise<FakeNode> =>
  // Nobody pings in these minutes: nobody here would answer.
  FakeNode.start({ channels: [room, quotes], access, limits: { pingIntervalMs: 3_600_000 }, ...more });

async function said(node: FakeNode, connection: FakeConnection, ...commands: object[]): Promise<unknown[]> {
  connection.messages.length = 0;
  connection.say(commands.map((command) => JSON.stringify(command)).join("\n"));
  await node.settle();
  return [...connection.lines];
}

const subscribe = { id: 2, subscribe: { channel: "room:1", data: { code: 7 } } };
const nowSeconds = (node: FakeNode): number => node.clock.wall() / 1_000;

describe("the subscribe rule", () => {
  it("sees what the client sent along; its info is shown to others, its data to the client", async () => {
    const seen: unknown[] = [];
    const node = await begin({
      subscribe: ({ data, dialect, user }) => {
        seen.push([data, dialect, user]);
        return { info: { role: "host" }, data: { topic: "tea" } };
      },
    });
    const connection = await node.connected();
    expect(await said(node, connection, subscribe)).toMatchObject([{ id: 2, subscribe: { data: { topic: "tea" } } }]);
    expect(seen).toEqual([[{ code: 7 }, "centrifuge-json/ws", ""]]);
    const [answer] = await said(node, connection, { id: 3, presence: { channel: "room:1" } });
    const { presence } = (answer as { presence: { presence: Record<string, unknown> } }).presence;
    expect(Object.values(presence)).toMatchObject([{ chan_info: { role: "host" } }]);
  });

  it("lets in for a time, after which the subscription ends with 2501", async () => {
    const node: FakeNode = await begin({ subscribe: () => ({ expiresAt: nowSeconds(node) + 60 }) });
    const connection = await node.connected();
    expect(await said(node, connection, subscribe)).toMatchObject([{ subscribe: { expires: true, ttl: 60 } }]);
    connection.messages.length = 0;
    await node.pass(86_000, 1_000);
    expect(connection.lines).toMatchObject([{ push: { channel: "room:1", unsubscribe: { code: 2501 } } }]);
  });

  it.each([[undefined], [null], ["yes"], [1], [0]])(
    "refuses with %j, which is no word of a rule's",
    async (verdict) => {
      const node = await begin({ subscribe: () => verdict as unknown as boolean });
      expect(await said(node, await node.connected(), subscribe)).toMatchObject([{ error: { code: 103 } }]);
    },
  );
});

describe("the publish rule", () => {
  it("sees the data and whether its author is subscribed, and puts other data, tags and a key in their place", async () => {
    const seen: PublishRuleContext[] = [];
    const node = await begin({
      publish: (context) => {
        seen.push(context);
        return Promise.resolve({ data: { clean: true }, tags: { by: "rule" }, idempotencyKey: "once" });
      },
    });
    const connection = await node.connected();
    const publish = { id: 3, publish: { channel: "room:1", data: { dirty: true } } };
    await said(node, connection, publish, subscribe);
    await said(node, connection, { ...publish, id: 4 });
    expect(seen.map(({ data, isSubscribed, removedKey }) => ({ data, isSubscribed, removedKey }))).toEqual([
      { data: { dirty: true }, isSubscribed: false, removedKey: null },
      { data: { dirty: true }, isSubscribed: true, removedKey: null },
    ]);
    const [answer] = await said(node, connection, { id: 5, history: { channel: "room:1", limit: -1 } });
    const { publications } = (answer as { history: { publications: unknown[] } }).history;
    expect(publications).toMatchObject([{ data: { clean: true }, tags: { by: "rule" }, offset: 1 }]);
  });

  it("is told the key that is to be removed", async () => {
    const seen: unknown[] = [];
    const node = await begin({ publish: ({ removedKey, data }) => seen.push([removedKey, data]) > 1 });
    const connection = await node.connected();
    const remove = { id: 3, rpc: { method: "tide.remove", data: { channel: "quotes", key: "A" } } };
    expect(await said(node, connection, remove)).toMatchObject([{ error: { code: 103 } }]);
    expect(await said(node, connection, remove)).toMatchObject([{ rpc: {} }]);
    expect(seen).toEqual([
      ["A", null],
      ["A", null],
    ]);
  });
});

describe("an end of the application's own", () => {
  const end = (): never => {
    throw new Disconnect(4_501, "banned");
  };
  const call = { id: 9, rpc: { method: "any" } };

  it.each<[string, AccessRules, object[]]>([
    ["subscribe", { subscribe: end }, [subscribe]],
    ["publish", { publish: end }, [{ id: 3, publish: { channel: "room:1", data: 1 } }]],
    ["a call", {}, [call]],
  ])("%s closes with its code and reason", async (_what, access, commands) => {
    const node = await begin(access, { otherCalls: end });
    const connection = await node.connected();
    await said(node, connection, ...commands);
    expect(connection.ended).toEqual({ code: 4_501, reason: "banned" });
    expect(node.metrics.snapshot()).toMatchObject({ closed_application: 1 });
  });

  it("connect does so too, in each dialect its own way", async () => {
    const node = await begin({ connect: end });
    const [centrifuge, raw, events] = [node.centrifuge(), node.raw("room:1"), node.events("room:1")];
    await said(node, centrifuge, { id: 1, connect: {} });
    expect(centrifuge.ended).toEqual({ code: 4_501, reason: "banned" });
    expect(raw.ended).toEqual({ code: 4_501, reason: "banned" });
    expect(events.ended).toEqual({ code: 403, reason: '{"error":{"code":4501,"message":"banned"}}' });
  });

  it("has a code from 4000 to 4999, and a reason that fits", () => {
    for (const code of [3_999, 5_000, 4_000.5, Number.NaN]) expect(() => new Disconnect(code, "")).toThrow(RangeError);
    expect(() => new Disconnect(4_000, "é".repeat(51))).toThrow("at most 100 bytes, got 102");
    expect(new Disconnect(4_999, "é".repeat(50)).code).toBe(4_999);
  });
});

describe("what connect leaves for the other rules", () => {
  it("is its meta, and the headers they want, and none of it is the client's to see", async () => {
    const seen: unknown[] = [];
    const node = await begin({
      keptHeaders: ["Cookie", "X-None"],
      connect: ({ session }) => ({ user: "42", meta: { tenant: "t" }, data: { yours: session.length > 0 } }),
      subscribe: ({ meta, headers, session }) => seen.push([meta, headers, session.length > 0]) > 0,
    });
    const connection = node.centrifuge({ info: { headers: { cookie: "a=b", authorization: "secret" } } });
    const lines = await said(node, connection, { id: 1, connect: {} }, subscribe);
    expect(seen).toEqual([[{ tenant: "t" }, { cookie: "a=b" }, true]]);
    expect(JSON.stringify(lines)).not.toMatch(/tenant|a=b|secret/);
  });
});

describe("renewal", () => {
  const ends = (connection: FakeConnection): unknown => connection.ended?.code;

  /** A connection for a minute, whose application answers one after the other. */
  async function aMinute(answers: (() => Renewal | Promise<Renewal>)[]): Promise<[FakeNode, FakeConnection, unknown]> {
    const node: FakeNode = await begin({
      connect: () => ({ user: "42", expiresAt: nowSeconds(node) + 60 }),
      refresh: () => (answers.shift() ?? (() => "expired" as const))(),
    });
    const connection = node.centrifuge();
    const [reply] = await said(node, connection, { id: 1, connect: {} });
    connection.messages.length = 0;
    return [node, connection, reply];
  }

  it("is asked for in the client's place, until the application says that it is over", async () => {
    const answers = [
      () => ({ expiresAt: nowSeconds(node) + 60 }),
      () => Promise.resolve({ expiresAt: nowSeconds(node) + 60 }),
    ];
    const [node, connection, reply] = await aMinute(answers);
    expect(reply).not.toHaveProperty("connect.ttl");
    await node.pass(59_000, 1_000);
    expect(answers).toHaveLength(2);
    await node.pass(2_000, 1_000);
    expect([answers.length, ends(connection)]).toEqual([1, undefined]);
    await node.pass(60_000, 1_000);
    expect([answers.length, ends(connection)]).toEqual([0, undefined]);
    await node.pass(60_000, 1_000);
    expect(ends(connection)).toBe(3005);
  });

  it("may be for good", async () => {
    const [node, connection] = await aMinute([() => ({ expiresAt: null })]);
    await node.pass(600_000, 5_000);
    expect(ends(connection)).toBeUndefined();
  });

  it.each<[string, () => Renewal | Promise<Renewal>, number]>([
    ["is asked for again while it fails", () => Promise.reject(new TidewireError("timed_out", "nobody answers")), 3],
    ["is asked for once while there is no answer", () => new Promise(() => undefined), 1],
  ])("%s, until the grace is over", async (_what, answer, times) => {
    let asked = 0;
    const counted = (): Renewal | Promise<Renewal> => {
      asked += 1;
      return answer();
    };
    const [node, connection] = await aMinute([counted, counted, counted, counted]);
    await node.pass(84_000, 500);
    expect([asked, ends(connection)]).toEqual([times, undefined]);
    await node.pass(2_000, 500);
    expect([asked, ends(connection)]).toEqual([times, 3005]);
  });

  it("of a subscription keeps that alone", async () => {
    const answers: (() => Renewal)[] = [() => ({ expiresAt: nowSeconds(node) + 60 })];
    const node: FakeNode = await begin({
      subscribe: () => ({ expiresAt: nowSeconds(node) + 60 }),
      subRefresh: ({ channel }) => (channel === "room:1" ? (answers.shift()?.() ?? "expired") : "expired"),
    });
    const connection = await node.connected();
    const [reply] = await said(node, connection, subscribe);
    expect(reply).not.toHaveProperty("subscribe.ttl");
    connection.messages.length = 0;
    await node.pass(100_000, 1_000);
    expect(connection.lines.filter((line) => "push" in line)).toEqual([]);
    await node.pass(30_000, 1_000);
    expect(connection.lines.filter((line) => "push" in line)).toMatchObject([
      { push: { unsubscribe: { code: 2501 } } },
    ]);
  });
});

describe("calls without a handler", () => {
  it("go to whoever answers the others", async () => {
    const node = await begin({}, { otherCalls: (method, input, { user }) => ({ method, input, user }) });
    const connection = await node.connected();
    expect(await said(node, connection, { id: 2, rpc: { method: "a b", data: [1] } })).toEqual([
      { id: 2, rpc: { data: { method: "a b", input: [1], user: "" } } },
    ]);
  });

  it("are not available where there is nobody", async () => {
    const node = await begin({});
    const answer = await said(node, await node.connected(), { id: 2, rpc: { method: "any" } });
    expect(answer).toMatchObject([{ error: { code: 108 } }]);
  });
});
