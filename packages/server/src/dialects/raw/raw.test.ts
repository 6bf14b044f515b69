// The raw dialect, exactly: text, JSON and binary between it and the JSON dialect, its codes, pause and resume.
import { type CloseReasonName, closeReasons, defineChannel, requestErrors, TidewireError } from "@tidewire/protocol";
import { describe, expect, it } from "vitest";
import { defaultLimits } from "../../options.ts";
import type { FakeConnection } from "../../testing/fake-connection.ts";
import { FakeNode, type FakeNodeOptions } from "../../testing/fake-node.ts";
import { ScriptedEngine } from "../../testing/scripted-engine.ts";
import { webSocketFraming } from "../../transports/framing.ts";
import { raw } from "./raw.ts";

const news = defineChannel("news", { history: { size: 1_000, ttlMs: 60_000 } });
const lobby = defineChannel("lobby", { mode: "signal" });
const feed = defineChannel("feed", { publishers: "server", history: { size: 1_000, ttlMs: 60_000 } });
const begin = (options: Partial<FakeNodeOptions> = {}): Promise<FakeNode> =>
  FakeNode.start({ channels: [news, lobby, feed], ...options });

async function opened(
  node: FakeNode,
  channel: string,
  options: Parameters<FakeNode["raw"]>[1] = {},
): Promise<FakeConnection> {
  const connection = node.raw(channel, options);
  await node.settle();
  return connection;
}

const texts = (connection: FakeConnection): string[] => connection.messages.map(({ payload }) => payload.toString());

async function subscribed(node: FakeNode, channel: string): Promise<FakeConnection> {
  const connection = await node.connected();
  connection.say(`{"id":2,"subscribe":{"channel":"${channel}"}}`);
  await node.settle();
  connection.messages.length = 0;
  return connection;
}

describe("raw", () => {
  it("greets whoever opens a channel, and tells it nothing else by itself", async () => {
    const node = await begin();
    expect(texts(await opened(node, "lobby", { greeting: "Hello!" }))).toEqual(["Hello!"]);
    expect(texts(await opened(node, "lobby"))).toEqual([]);
  });

  it.each([
    ["hello", '"hello"'],
    ['"hello"', String.raw`"\"hello\""`],
    ['{"a": 12345678901234567890}', '{"a": 12345678901234567890}'],
    ["42", "42"],
    ["{broken", '"{broken"'],
    ["\u2028 🌊", '"\u2028 🌊"'],
    ["", '""'],
    ["\ufeff1", '"\ufeff1"'],
  ])("sends %j on as it is to raw, and as JSON to the JSON dialect", async (said, json) => {
    const node = await begin();
    const [sender, other, sdk] = [
      await opened(node, "news"),
      await opened(node, "news"),
      await subscribed(node, "news"),
    ];
    sender.say(said);
    await node.settle();
    expect([texts(sender), texts(other)]).toEqual([[said], [said]]);
    expect(sdk.messages[0]?.payload.toString()).toContain(`"data":${json},`);
  });

  it("gives a JSON string that was published elsewhere without its quotes", async () => {
    const node = await begin();
    const connection = await opened(node, "news");
    await node.publish("news", 'say "hi" \u{1F30A}');
    await node.publish("news", { text: "hi" });
    await node.settle();
    expect(texts(connection)).toEqual(['say "hi" \u{1F30A}', '{"text":"hi"}']);
  });

  it("sends binary on as binary to raw, and says nothing of it to JSON", async () => {
    const node = await begin();
    const [sender, other, sdk] = [
      await opened(node, "lobby"),
      await opened(node, "lobby"),
      await subscribed(node, "lobby"),
    ];
    const bytes = Buffer.from([0, 255, 10, 34]);
    sender.say(bytes);
    bytes[0] = 7;
    sender.say("after");
    await node.settle();
    expect(other.messages).toEqual([
      { form: "bytes", payload: Buffer.from([0, 255, 10, 34]) },
      { form: "text", payload: Buffer.from("after") },
    ]);
    expect(sdk.lines).toHaveLength(1);
  });

  it("takes pause and resume where clients do not publish, and refuses anything else", async () => {
    const node = await begin();
    const connection = await opened(node, "feed", { takesPublications: false });
    connection.say("pause");
    for (const value of [1, 2, 3]) await node.publish("feed", value);
    await node.settle();
    expect(texts(connection)).toEqual([]);
    connection.say(" resume\n");
    await node.settle();
    expect(texts(connection)).toEqual(["1", "2", "3"]);
    connection.say("hello");
    await node.settle();
    expect(connection.ended).toEqual({
      code: 4403,
      reason: 'this channel takes no publications; it understands "pause" and "resume"',
    });
  });

  it.each([
    ["4400 for an unknown channel", "nowhere", 4400, {}],
    ["4403 for guests in production", "lobby", 4403, { mode: "production" }],
    ["4403 for what the subscribe rule refuses", "lobby", 4403, { access: { subscribe: () => false } }],
    ["1011 for a rule that throws", "lobby", 1011, { access: { subscribe: () => Promise.reject(new Error("x")) } }],
  ] satisfies [string, string, number, Partial<FakeNodeOptions>][])("%s", async (...row) => {
    const [, channel, code, options] = row;
    const node = await begin(options);
    const connection = await opened(node, channel);
    expect(connection.ended?.code).toBe(code);
    expect([node.sessions.size, node.hub.subscriptions]).toEqual([0, 0]);
  });

  it("4429 above the rate; nothing that follows is published", async () => {
    const node = await begin({ isRated: true });
    const [connection, other] = [await opened(node, "lobby"), await opened(node, "lobby")];
    for (let at = 0; at < 101; at += 1) connection.say(`n${at}`);
    node.clock.advance(1_000);
    connection.say("after");
    await node.settle();
    expect(connection.ended?.code).toBe(4429);
    expect(texts(other)).toHaveLength(100);
    expect(node.sessions.size).toBe(1);
  });

  it("1013 while the engine is down", async () => {
    const engine = new ScriptedEngine();
    const node = await begin({ engine });
    engine.refusals.push(new TidewireError("engine_unavailable"));
    const connection = await opened(node, "lobby");
    connection.say("x");
    await node.settle();
    expect(connection.ended?.code).toBe(1013);
  });

  it("4410 for a gap, after what came before it and before anything newer", async () => {
    const engine = new ScriptedEngine();
    const node = await begin({ engine });
    const connection = await opened(node, "news");
    await node.publish("news", 1);
    engine.clear("news");
    engine.sink.suspect("all");
    await node.publish("news", 2);
    await node.settle();
    await node.publish("news", 3);
    await node.settle();
    expect([texts(connection), connection.ended?.code]).toEqual([["1"], 4410]);
  });

  it("pings by the transport, takes its pong, and is not offended by one that nobody asked for", async () => {
    const node = await begin();
    const [alive, dead] = [await opened(node, "lobby"), await opened(node, "lobby")];
    alive.opened?.pong();
    for (let second = 0; second < 60; second += 1) {
      const before = alive.messages.length;
      await node.pass(1_000);
      if (alive.messages.length > before) alive.opened?.pong();
    }
    expect(alive.messages.every(({ form }) => form === "ping")).toBe(true);
    expect([alive.ended, dead.ended?.code]).toEqual([null, 4408]);
  });

  it("has a code for every error and every close reason", () => {
    const speaker = raw(webSocketFraming, {
      channel: "c",
      token: "",
      greeting: undefined,
      takesPublications: true,
      limits: defaultLimits,
      opened: () => undefined,
    });
    const isApplication = (code: number): boolean =>
      (code >= 4400 && code < 4500) || [1000, 1001, 1011, 1012, 1013].includes(code);
    for (const reason of Object.keys(requestErrors) as (keyof typeof requestErrors)[]) {
      const ending = speaker.reply({ kind: "error", id: 1, error: new TidewireError(reason, "why") });
      if (ending === null || ending instanceof Uint8Array) throw new Error(`${reason} has no code`);
      expect([reason, isApplication(ending.code), ending.reason]).toEqual([reason, true, "why"]);
    }
    for (const reason of Object.keys(closeReasons) as CloseReasonName[]) {
      expect([reason, isApplication(speaker.closing(reason, undefined).code)]).toEqual([reason, true]);
    }
  });
});
