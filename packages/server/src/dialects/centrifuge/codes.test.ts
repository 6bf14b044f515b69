// Every code of A7, A8 and A9.6 that this server can produce, provoked from the wire.
import {
  closeReasons,
  defineCall,
  defineChannel,
  requestErrors,
  TidewireError,
  unsubscribeReasons,
} from "@tidewire/protocol";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { AccessRules } from "../../access.ts";
import type { FakeConnection } from "../../testing/fake-connection.ts";
import { FakeNode, type FakeNodeOptions } from "../../testing/fake-node.ts";
import { ScriptedEngine } from "../../testing/scripted-engine.ts";
import type { Subscriber } from "../../hub/subscriber.ts";
import { encodeClosing, encodeEvent, encodeReply } from "./encode.ts";

const news = defineChannel("news", { history: { size: 1_000, ttlMs: 60_000 } });
const room = defineChannel("room:{id}", { presence: z.object({ name: z.string() }) });
const typed = defineChannel("typed", { data: z.object({ n: z.number() }) });
const signal = defineChannel("signal", { mode: "signal", presence: true });
const readOnly = defineChannel("feed", { publishers: "server" });
const channels = [news, room, typed, signal, readOnly];

const begin = (options: Partial<FakeNodeOptions> = {}): Promise<FakeNode> => FakeNode.start({ channels, ...options });

/** The code of the error that answers `command`. */
async function errorOf(node: FakeNode, command: string, opening?: string): Promise<number | undefined> {
  const connection = node.centrifuge();
  connection.say(opening ?? '{"id":1,"connect":{}}');
  await node.settle();
  connection.messages.length = 0;
  connection.say(command);
  await node.settle();
  const answer = connection.lines.find((line) => line["id"] === 2) as { error?: { code: number } } | undefined;
  return answer?.error?.code;
}

async function said(
  node: FakeNode,
  frames: readonly string[],
  connection = node.centrifuge(),
): Promise<FakeConnection> {
  for (const frame of frames) {
    connection.say(frame);
    await node.settle();
  }
  return connection;
}

const hello = '{"id":1,"connect":{}}';
const subscribe = (channel: string, id = 2): string => `{"id":${id},"subscribe":{"channel":"${channel}"}}`;
const publish = (channel: string, data: string, id = 2): string =>
  `{"id":${id},"publish":{"channel":"${channel}","data":${data}}}`;
const many = <T>(count: number, make: (at: number) => T): T[] => Array.from({ length: count }, (_, at) => make(at));

describe("request errors (A8)", () => {
  it("100 for anything that is no TidewireError, whose text is not told", async () => {
    const access = { subscribe: () => Promise.reject(new Error("secret")) };
    const node = await begin({ access });
    const connection = await said(node, [hello, subscribe("news")]);
    const error = { code: 100, message: "internal server error", temporary: true };
    expect(connection.lines.at(-1)).toEqual({ id: 2, error });
  });

  it("100 for an identity that is not JSON: on connect, not when others are told of it", async () => {
    const node = await begin({ access: { connect: () => ({ user: "u", info: { big: 1n } }) } });
    const connection = await said(node, [hello]);
    expect(connection.lines).toMatchObject([{ id: 1, error: { code: 100 } }]);
  });

  it("101 for guests in production, 103 for whom the connect rule does not know", async () => {
    const guest = await said(await begin({ mode: "production" }), [hello]);
    expect(guest.lines).toMatchObject([{ id: 1, error: { code: 101 } }]);
    const unknown = await said(await begin({ access: { connect: () => null } }), [hello]);
    expect(unknown.lines).toMatchObject([{ id: 1, error: { code: 103 } }]);
  });

  it.each([
    [102, "an unknown channel", subscribe("nowhere")],
    [102, "a publish to one", publish("nowhere", "1")],
    [103, "a publish where only the server publishes", publish("feed", "1")],
    [103, "pausing what is not subscribed", '{"id":2,"rpc":{"method":"tide.pause","data":{"channel":"news"}}}'],
    [104, "an unknown method of ours", '{"id":2,"rpc":{"method":"tide.fly","data":{"channel":"news"}}}'],
    [107, "a channel name of 256 bytes", subscribe("x".repeat(256))],
    [107, "a name with a control character", '{"id":2,"subscribe":{"channel":"a\\u0000"}}'],
    [107, "a publish without data", '{"id":2,"publish":{"channel":"news"}}'],
    [107, "a position that is none", '{"id":2,"subscribe":{"channel":"news","recover":true,"offset":-1}}'],
    [107, "a limit that is none", '{"id":2,"history":{"channel":"news","limit":1.5}}'],
    [
      107,
      "what lies before the beginning",
      '{"id":2,"history":{"channel":"news","since":{"offset":0},"reverse":true}}',
    ],
    [108, "history where nothing is kept", '{"id":2,"history":{"channel":"signal"}}'],
    [108, "presence where there is none", '{"id":2,"presence":{"channel":"news"}}'],
    [108, "its counts", '{"id":2,"presence_stats":{"channel":"news"}}'],
    [108, "a call nobody handles", '{"id":2,"rpc":{"method":"sum","data":1}}'],
    [108, "a refresh", '{"id":2,"refresh":{"token":"t"}}'],
    [108, "a refresh of a subscription", '{"id":2,"sub_refresh":{"channel":"news","token":"t"}}'],
    [
      112,
      "history of another epoch",
      '{"id":2,"history":{"channel":"news","limit":1,"since":{"offset":1,"epoch":"x"}}}',
    ],
    [
      112,
      "a position to recover from or not at all",
      '{"id":2,"subscribe":{"channel":"news","recover":true,"epoch":"x","flag":2}}',
    ],
    [422, "what the schema refuses", publish("typed", '{"n":"one"}')],
  ])("%i for %s", async (code, _, command) => {
    expect(await errorOf(await begin(), command)).toBe(code);
  });

  it("103 for what the rules do not allow: subscribe, publish, presence, history, call", async () => {
    const access = { subscribe: () => false, publish: () => Promise.resolve(false), call: () => false };
    const node = await begin({ access });
    const sum = defineCall("sum");
    node.calls.set("sum", { definition: sum, handler: () => 1 });
    const commands = [subscribe("news"), publish("news", "1"), '{"id":2,"presence":{"channel":"signal"}}'];
    commands.push('{"id":2,"history":{"channel":"news"}}', '{"id":2,"rpc":{"method":"sum"}}');
    for (const command of commands) expect([command, await errorOf(node, command)]).toEqual([command, 103]);
  });

  it("105 for a second subscribe, whether the first is open or still under way", async () => {
    const node = await begin();
    const connection = await said(node, [
      hello,
      `${subscribe("news", 2)}\n${subscribe("news", 3)}`,
      subscribe("news", 4),
    ]);
    const codes = connection.lines.slice(1).map((line) => (line["error"] as { code: number } | undefined)?.code);
    expect(codes).toEqual([undefined, 105, 105]);
  });

  it("106 for the 129th channel, also when all are asked for at once", async () => {
    for (const isAtOnce of [true, false]) {
      const node = await begin({ access: { connect: () => ({ user: "u", info: { name: "n" } }) } });
      const commands = many(130, (at) => subscribe(`room:${at}`, at + 2));
      const frames = isAtOnce ? [commands.slice(0, 65).join("\n"), commands.slice(65).join("\n")] : commands;
      const connection = node.centrifuge();
      connection.say(hello);
      for (const frame of frames) {
        connection.say(frame);
        if (!isAtOnce) await node.settle();
      }
      await node.settle();
      const refused = connection.lines.filter((line) => (line["error"] as { code: number } | undefined)?.code === 106);
      expect([refused.length, node.hub.subscriptions]).toEqual([2, 128]);
    }
  });

  it("106 for presence of more than are shown, and for a reply above its limit", async () => {
    const node = await begin({ limits: { membersShown: 2, replyBytes: 500 } });
    for (let at = 0; at < 3; at += 1) await said(node, [hello, subscribe("signal")]);
    expect(await errorOf(node, '{"id":2,"presence":{"channel":"signal"}}')).toBe(106);
    expect(await errorOf(node, '{"id":2,"presence_stats":{"channel":"signal"}}')).toBeUndefined();
    await node.publish("news", "x".repeat(600));
    expect(await errorOf(node, '{"id":2,"history":{"channel":"news","limit":1}}')).toBe(106);
  });

  it("109, 110 and codes of the application's own, as its rules throw them", async () => {
    const thrown = [new TidewireError("token_expired"), new TidewireError("expired")];
    thrown.push(new TidewireError({ code: 1_234, temporary: true }, "later"), new TidewireError({ code: 400 }));
    for (const error of thrown) {
      const access = {
        subscribe: () => {
          throw error;
        },
      };
      expect(await errorOf(await begin({ access }), subscribe("news"))).toBe(error.code);
    }
  });

  it("111 for publishes and subscribes above the rate; 3013 after ten in a row", async () => {
    const node = await begin({ isRated: true });
    const connection = await said(node, [hello, many(100, (at) => publish("signal", "1", at + 2)).join("\n")]);
    expect(connection.lines.some((line) => "error" in line)).toBe(false);
    connection.say(many(9, (at) => publish("signal", "1", at + 200)).join("\n"));
    await node.settle();
    const errors = connection.lines.filter((line) => (line["error"] as { code: number } | undefined)?.code === 111);
    expect([errors.length, connection.ended]).toEqual([9, null]);
    connection.say(publish("signal", "1", 300));
    await node.settle();
    expect(connection.ended?.code).toBe(3013);
    const subscriber = await said(node, [hello]);
    subscriber.say(
      many(64, (at) => `${subscribe("news", 2 * at + 2)}\n{"id":${2 * at + 3},"unsubscribe":{"channel":"news"}}`)
        .slice(0, 50)
        .join("\n"),
    );
    subscriber.say(many(80, (at) => subscribe(`x${at}`, at + 300)).join("\n"));
    await node.settle();
    expect(
      subscriber.lines.filter((line) => (line["error"] as { code: number } | undefined)?.code === 111),
    ).not.toEqual([]);
  });

  it("409 for a key that was used with another payload, and its first position for the same", async () => {
    const keyed = (id: number, data: string): string =>
      `{"id":${id},"rpc":{"method":"tide.publish","data":{"channel":"news","key":"k","data":${data}}}}`;
    const connection = await said(await begin(), [hello, keyed(2, "1"), keyed(3, "1"), keyed(4, "2")]);
    expect(connection.lines.slice(1)).toMatchObject([
      { rpc: { data: { offset: 1, duplicate: false } } },
      { rpc: { data: { offset: 1, duplicate: true } } },
      { id: 4, error: { code: 409 } },
    ]);
  });

  it("413 and 422 for what a member shows", async () => {
    const show = (info: unknown): AccessRules => ({ connect: () => ({ user: "u", info }) });
    expect(await errorOf(await begin({ access: show({ name: "n".repeat(3_000) }) }), subscribe("room:1"))).toBe(413);
    expect(await errorOf(await begin({ access: show({ name: 7 }) }), subscribe("room:1"))).toBe(422);
    expect(await errorOf(await begin({ access: show({ name: "n" }) }), subscribe("room:1"))).toBeUndefined();
  });

  it("503, 504 and 529 as the engine says them", async () => {
    const engine = new ScriptedEngine();
    const node = await begin({ engine });
    for (const reason of ["engine_unavailable", "indeterminate", "overloaded"] as const) {
      engine.refusals.push(new TidewireError(reason));
      expect(await errorOf(node, publish("news", "1"))).toBe(requestErrors[reason].code);
    }
    engine.failures = 1;
    expect(await errorOf(node, subscribe("news"))).toBe(503);
    expect(await errorOf(node, subscribe("news"))).toBeUndefined();
  });
});

describe("close codes (A7)", () => {
  it.each([
    ["a first command that is not connect", [subscribe("news")]],
    ["a pong as the first command", ["{}"]],
    ["a second connect", [hello, '{"id":2,"connect":{}}']],
    ["a second connect in the same frame", [`${hello}\n{"id":2,"connect":{}}`]],
    ["a pong that no ping asked for", [hello, "{}"]],
    ["a method with id 0, which is a pong", [hello, '{"subscribe":{"channel":"news"}}']],
    ["an unknown method", [hello, '{"id":2,"fly":{}}']],
    ["a ping", [hello, '{"id":2,"ping":{}}']],
    ["no method", [hello, '{"id":2}']],
    ["an empty frame", [hello, ""]],
    ["what is not JSON", [hello, "hello"]],
    ["what is no object", [hello, "[1]"]],
    ["null", [hello, "null"]],
    ["an id that is none", [hello, '{"id":1.5,"subscribe":{"channel":"news"}}']],
    ["a method that is no object", [hello, '{"id":2,"subscribe":[]}']],
    ["a channel that is no text", [hello, '{"id":2,"subscribe":{"channel":1}}']],
    ...["subscribe", "unsubscribe", "publish", "presence", "presence_stats", "history", "sub_refresh"].map(
      (method): [string, string[]] => [`an empty channel in ${method}`, [hello, `{"id":2,"${method}":{"data":1}}`]],
    ),
  ] satisfies [string, string[]][])("3501 for %s", async (_, frames) => {
    const connection = await said(await begin(), frames);
    expect(connection.ended?.code).toBe(3501);
    expect(connection.ended?.reason).toMatch(/^bad request: ./);
    expect(Buffer.byteLength(connection.ended?.reason ?? "")).toBeLessThanOrEqual(123);
  });

  it("3501 for a binary message", async () => {
    const connection = await said(await begin(), [hello]);
    connection.say(Buffer.from("{}"));
    expect(connection.ended).toEqual({ code: 3501, reason: "bad request: expected a text message, got a binary one" });
  });

  it("3501 for a frame after a connect that was refused; what else was in its own frame is ignored", async () => {
    const connection = await said(await begin({ mode: "production" }), [`${hello}\n${subscribe("news")}\n${hello}`]);
    expect([connection.lines.length, connection.ended]).toEqual([1, null]);
    connection.say(subscribe("news"));
    expect(connection.ended?.code).toBe(3501);
  });

  it("3502 when no connect comes, and when a refused one stays", async () => {
    const node = await begin({ mode: "production" });
    const [silent, refused] = [node.centrifuge(), node.centrifuge()];
    refused.say(hello);
    await node.pass(9_900);
    expect([silent.ended, refused.ended]).toEqual([null, null]);
    await node.pass(200);
    expect([silent.ended?.code, refused.ended?.code]).toEqual([3502, 3502]);
  });

  it("3001, 3011 and 3503 as the operator says", async () => {
    const node = await begin();
    for (const reason of ["shutdown", "force_reconnect", "force_disconnect"] as const) {
      const connection = await node.connected();
      for (const session of node.sessions.values()) session.close(reason);
      expect(connection.ended).toEqual({ code: closeReasons[reason].code, reason: closeReasons[reason].reason });
      expect(node.sessions.size).toBe(0);
    }
  });

  it("3004 for bytes that cannot be made, and only for whom", async () => {
    const node = await begin();
    const [json, raw] = [await said(node, [hello, subscribe("news")]), node.raw("news")];
    await node.settle();
    // No engine of ours lets this in: it says it is JSON.
    await node.hub.publish("news", { data: Buffer.from('"no JSON'), form: "json" });
    await node.publish("signal", 1);
    await node.settle();
    expect([json.ended, raw.ended?.code]).toEqual([null, 1011]);
    await node.publish("news", 2);
    await node.settle();
    expect(json.messages.at(-1)?.payload.toString()).toContain('"data":2');
  });

  it("3008 for a reader that takes no byte for a minute", async () => {
    const node = await begin();
    const connection = await said(node, [hello, subscribe("news")]);
    connection.stop();
    for (let at = 0; at < 100; at += 1) await node.publish("news", "x".repeat(2_000));
    await node.pass(59_000, 1_000);
    expect(connection.ended).toBeNull();
    await node.pass(3_000, 1_000);
    expect(connection.ended?.code).toBe(3008);
    expect(connection.strayWrites).toBe(0);
  });

  it("3012 without a pong; none for who answers", async () => {
    const node = await begin();
    const [dead, alive] = [await node.connected(), await node.connected()];
    for (let second = 0; second < 70; second += 1) {
      const before = alive.messages.length;
      await node.pass(1_000);
      if (alive.messages.length > before) alive.say("{}");
    }
    expect([dead.ended?.code, alive.ended]).toEqual([3012, null]);
    expect(alive.lines.every((line) => Object.keys(line).length === 0)).toBe(true);
  });

  it("3504 for the eleventh connection of a user, and room again when one has left", async () => {
    const node = await begin({ access: { connect: () => ({ user: "ann" }) } });
    const connections = await Promise.all(many(11, () => said(node, [hello])));
    expect(connections.map(({ ended }) => ended?.code)).toEqual([...many(10, () => undefined), 3504]);
    connections[0]?.opened?.closed(1006, "");
    expect((await said(node, [hello])).ended).toBeNull();
  });
});

describe("unsubscribes by the server (A9.6)", () => {
  it("2500 in place of what was lost", async () => {
    const engine = new ScriptedEngine();
    const node = await begin({ engine });
    const connection = await said(node, [hello, subscribe("news")]);
    await node.publish("news", 1);
    engine.clear("news");
    engine.sink.suspect("all");
    await node.settle();
    await node.publish("news", 2);
    await node.settle();
    expect(connection.lines.slice(2)).toMatchObject([
      { push: { pub: { data: 1 } } },
      { push: { channel: "news", unsubscribe: { code: 2500, reason: "insufficient state" } } },
    ]);
    expect(node.hub.subscriptions).toBe(0);
  });

  it("2000 after what was ready, and nothing after it", async () => {
    const node = await begin();
    const connection = await said(node, [hello, subscribe("news")]);
    await node.publish("news", 1);
    const [session] = node.sessions.values();
    (session as unknown as Subscriber).end("news", "unsubscribed");
    await node.publish("news", 2);
    await node.settle();
    expect(connection.lines.slice(2)).toMatchObject([
      { push: { pub: { data: 1 } } },
      { push: { channel: "news", unsubscribe: { code: 2000, reason: "server unsubscribe" } } },
    ]);
  });
});

describe("the tables", () => {
  it("have a word for every error, close reason and unsubscribe", () => {
    for (const reason of Object.keys(requestErrors) as (keyof typeof requestErrors)[]) {
      const error = new TidewireError(reason);
      expect(JSON.parse(encodeReply({ kind: "error", id: 7, error }))).toEqual({
        id: 7,
        error: { ...requestErrors[reason], message: error.message },
      });
    }
    for (const reason of Object.keys(closeReasons) as (keyof typeof closeReasons)[]) {
      expect(encodeClosing(reason, undefined)).toEqual({
        code: closeReasons[reason].code,
        reason: closeReasons[reason].reason,
      });
    }
    for (const reason of Object.keys(unsubscribeReasons) as (keyof typeof unsubscribeReasons)[]) {
      expect(encodeEvent({ kind: "unsubscribed", channel: "c", reason })).toContain(
        `"code":${unsubscribeReasons[reason].code}`,
      );
    }
  });
});
