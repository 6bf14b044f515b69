// Sessions from the wire: order, limits of what may wait, and what is left behind at the end.
import { defineCall, defineChannel } from "@tidewire/protocol";
import { describe, expect, it } from "vitest";
import type { Identity } from "../access.ts";
import { FakeNode, type FakeNodeOptions } from "../testing/fake-node.ts";
import { ScriptedEngine } from "../testing/scripted-engine.ts";

const news = defineChannel("news", { history: { size: 10_000, ttlMs: 60_000 } });
const signal = defineChannel("signal:{id}", { mode: "signal", presence: true });
const begin = (options: Partial<FakeNodeOptions> = {}): Promise<FakeNode> =>
  FakeNode.start({ channels: [news, signal], ...options });

const hello = '{"id":1,"connect":{}}';
const subscribe = (channel: string, id = 2, more = ""): string =>
  `{"id":${id},"subscribe":{"channel":"${channel}"${more}}}`;
const unsubscribe = (channel: string, id: number): string => `{"id":${id},"unsubscribe":{"channel":"${channel}"}}`;
const publish = (channel: string, data: string, id: number): string =>
  `{"id":${id},"publish":{"channel":"${channel}","data":${data}}}`;

/** What a line is about, in a word or two. */
function gist(line: Readonly<Record<string, unknown>>): string {
  const push = line["push"] as { pub?: { data: unknown }; join?: unknown; leave?: unknown } | undefined;
  if (push?.pub !== undefined) return `pub ${JSON.stringify(push.pub.data)}`;
  if (push !== undefined) return push.join === undefined ? "leave" : "join";
  return line["id"] === undefined ? "ping" : `reply ${JSON.stringify(line["id"])}`;
}

function latch<T>(): { readonly promise: Promise<T>; readonly open: (value: T) => void } {
  let open: (value: T) => void = () => undefined;
  const promise = new Promise<T>((resolve) => (open = resolve));
  return { promise, open: (value) => open(value) };
}

describe("Session", () => {
  it("says why it refused a connect before it closes for what came after it", async () => {
    const node = await begin({ access: { connect: () => null } });
    const connection = node.centrifuge();
    connection.say(hello);
    // The refusal waits for the next turn, and the client has sent more before it could hear of it.
    await new Promise(setImmediate);
    connection.say(subscribe("news"));
    expect(connection.lines).toMatchObject([{ id: 1, error: { code: 103 } }]);
    expect(connection.ended?.code).toBe(3501);
  });

  it("finishes an asynchronous connect before what follows it in the frame", async () => {
    const { promise, open } = latch<Identity>();
    const node = await begin({ access: { connect: () => promise } });
    const connection = node.centrifuge();
    connection.say(`${hello}\n${subscribe("news")}\n${publish("news", "1", 3)}`);
    connection.say(publish("news", "2", 4));
    await node.settle();
    expect(connection.messages).toEqual([]);
    open({ user: "" });
    await node.settle();
    expect(connection.lines.map(gist)).toEqual(["reply 1", "reply 2", "pub 1", "pub 2", "reply 3", "reply 4"]);
  });

  it("queues publications before their publisher's reply, pipelined ones in order (P1)", async () => {
    const node = await begin();
    const connection = await node.connected();
    connection.say(subscribe("news"));
    await node.settle();
    connection.messages.length = 0;
    connection.say([publish("news", "1", 3), publish("news", "2", 4), publish("news", "3", 5)].join("\n"));
    await node.settle();
    expect(connection.lines.map(gist)).toEqual(["pub 1", "pub 2", "pub 3", "reply 3", "reply 4", "reply 5"]);
  });

  it("keeps publishes in order though the rule answers them in another", async () => {
    const latches = [latch<boolean>(), latch<boolean>()];
    let asked = 0;
    const node = await begin({ access: { publish: () => latches[asked++]?.promise ?? true } });
    const connection = await node.connected();
    connection.say([subscribe("news"), publish("news", "1", 3), publish("news", "2", 4)].join("\n"));
    await node.settle();
    latches[1]?.open(true);
    await node.settle();
    latches[0]?.open(true);
    await node.settle();
    expect(connection.lines.map(gist)).toEqual(["reply 2", "pub 1", "pub 2", "reply 3", "reply 4"]);
  });

  it("lets an unsubscribe wait for its subscribe, and sends nothing of the channel after its reply", async () => {
    const { promise, open } = latch<boolean>();
    const node = await begin({ access: { subscribe: () => promise } });
    const connection = await node.connected();
    connection.say(`${subscribe("news")}\n${unsubscribe("news", 3)}\n${unsubscribe("nowhere", 4)}`);
    await node.settle();
    expect(connection.lines.map(gist)).toEqual(["reply 4"]);
    open(true);
    await node.settle();
    await node.publish("news", 1);
    await node.settle();
    expect(connection.lines.map(gist)).toEqual(["reply 4", "reply 2", "reply 3"]);
    expect(node.hub.subscriptions).toBe(0);
  });

  it("runs 128 subscribes with a slow rule side by side", async () => {
    const { promise, open } = latch<boolean>();
    let asked = 0;
    const node = await begin({ access: { subscribe: () => ((asked += 1), promise) } });
    const connection = await node.connected();
    for (let half = 0; half < 2; half += 1) {
      connection.say(
        Array.from({ length: 64 }, (_, at) => subscribe(`signal:${half * 64 + at}`, half * 64 + at + 2)).join("\n"),
      );
    }
    await node.settle();
    expect(asked).toBe(128);
    open(true);
    await node.settle();
    expect(node.hub.subscriptions).toBe(128);
  });

  it("replies before one's own join, and tells others the net change (R4)", async () => {
    const node = await begin();
    const [ann, bob] = [await node.connected(), await node.connected()];
    ann.say(subscribe("signal:x", 2, ',"join_leave":true'));
    await node.settle();
    expect(ann.lines.map(gist)).toEqual(["reply 2", "join"]);
    ann.stop();
    bob.say(`${subscribe("signal:x")}\n${unsubscribe("signal:x", 3)}`);
    await node.settle();
    ann.resume();
    await node.settle();
    expect(ann.lines.map(gist)).toEqual(["reply 2", "join"]);
    bob.say(subscribe("signal:x", 4));
    await node.settle();
    bob.opened?.closed(1006, "");
    await node.settle();
    expect(ann.lines.map(gist)).toEqual(["reply 2", "join", "join", "leave"]);
  });

  it("forgets a subscribe whose connection ended meanwhile", async () => {
    const { promise, open } = latch<boolean>();
    const node = await begin({ access: { subscribe: () => promise } });
    const connection = await node.connected();
    connection.say(subscribe("signal:x"));
    connection.opened?.closed(1006, "");
    open(true);
    await node.settle();
    expect([node.hub.subscriptions, node.sessions.size, connection.writes]).toEqual([0, 0, 1]);
    expect(node.hub.channel("signal:x")?.members.counts.clients ?? 0).toBe(0);
  });

  it("keeps no more subscriptions than a connection may have, also of those that open in the same moment", async () => {
    const node = await begin({ limits: { channelsPerConnection: 2 } });
    const connection = await node.connected();
    connection.say([2, 3, 4, 5].map((id) => subscribe(`signal:${id}`, id)).join("\n"));
    await node.settle();
    const refused = connection.lines.filter(({ error }) => error !== undefined);
    expect(refused).toMatchObject([{ error: { code: 106 } }, { error: { code: 106 } }]);
    expect(node.hub.subscriptions).toBe(2);
  });

  it("aborts the calls of a connection that ends", async () => {
    const node = await begin();
    let signal: AbortSignal | null = null;
    const wait = defineCall("wait");
    node.calls.set("wait", {
      definition: wait,
      handler: (_, context) => ((signal = context.signal), new Promise(() => undefined)),
    });
    const connection = await node.connected();
    connection.say('{"id":2,"rpc":{"method":"wait"}}');
    await node.settle();
    expect((signal as AbortSignal | null)?.aborted).toBe(false);
    connection.opened?.closed(1006, "");
    expect((signal as AbortSignal | null)?.aborted).toBe(true);
  });
});

describe("what may wait for one connection", () => {
  it("stops reading from one who does not read its replies, and loses none of its commands", async () => {
    const node = await begin();
    const connection = await node.connected({ watermark: 1_000 });
    connection.stop();
    let sent = 0;
    for (let frame = 0; frame < 40 && !connection.isHeld; frame += 1) {
      const ids = Array.from({ length: 50 }, () => (sent += 1));
      connection.say(ids.map((id) => unsubscribe("news", id)).join("\n"));
      await node.settle();
    }
    expect(connection.isHeld).toBe(true);
    expect(connection.mostUnsent).toBeLessThan(20_000);
    expect(sent).toBeLessThan(1_000);
    connection.resume();
    await node.settle();
    expect(connection.lines.map((line) => line["id"])).toEqual(Array.from({ length: sent }, (_, at) => at + 1));
    expect([connection.isHeld, connection.ended, connection.strayWrites]).toEqual([false, null, 0]);
  });

  it("stops reading from one whose commands wait for each other", async () => {
    const { promise, open } = latch<boolean>();
    const node = await begin({ access: { subscribe: () => promise } });
    const connection = await node.connected();
    connection.say(subscribe("news"));
    for (let frame = 0; frame < 3; frame += 1) {
      const ids = Array.from({ length: 100 }, (_, at) => frame * 100 + at + 3);
      connection.say(ids.map((id) => unsubscribe("news", id)).join("\n"));
    }
    await node.settle();
    expect(connection.isHeld).toBe(true);
    open(true);
    await node.settle();
    expect([connection.isHeld, connection.lines.length]).toEqual([false, 301]);
  });

  it("stops reading from one that is not connected yet, and goes on in order", async () => {
    const { promise, open } = latch<Identity>();
    const node = await begin({ access: { connect: () => promise } });
    const connection = node.centrifuge();
    connection.say(hello);
    for (let frame = 0; frame < 3; frame += 1) {
      const ids = Array.from({ length: 100 }, (_, at) => frame * 100 + at + 2);
      connection.say(ids.map((id) => unsubscribe("news", id)).join("\n"));
    }
    expect(connection.isHeld).toBe(true);
    open({ user: "" });
    await node.settle();
    expect(connection.isHeld).toBe(false);
    expect(connection.lines.map((line) => line["id"])).toEqual(Array.from({ length: 301 }, (_, at) => at + 1));
  });

  it("makes one large reply at a time, the next when it has been read", async () => {
    const engine = new ScriptedEngine();
    const node = await begin({ engine });
    const connection = await node.connected();
    for (let at = 0; at < 10; at += 1) await node.publish("news", "x".repeat(60_000));
    connection.stop();
    const ids = Array.from({ length: 50 }, (_, at) => at + 2);
    connection.say(ids.map((id) => `{"id":${id},"history":{"channel":"news","limit":-1}}`).join("\n"));
    await node.settle();
    // One was written and fills the socket, one waits in the outbox.
    expect(engine.reads).toBeLessThanOrEqual(2);
    connection.resume();
    await node.settle();
    expect(connection.lines.map((line) => line["id"])).toEqual(ids);
  });

  it("does not judge by its pong one that it does not read", async () => {
    const { promise } = latch<boolean>();
    const node = await begin({ access: { subscribe: () => promise } });
    const connection = await node.connected();
    for (let frame = 0; frame < 3; frame += 1) {
      const ids = Array.from({ length: 100 }, (_, at) => frame * 100 + at + 2);
      connection.say(ids.map((id) => subscribe(`signal:${id}`, id)).join("\n"));
    }
    expect(connection.isHeld).toBe(true);
    await node.pass(90_000, 1_000);
    expect(connection.ended).toBeNull();
  });

  it("holds about a page in this process for a slow reader of many channels, history pages included", async () => {
    const node = await begin({ limits: { tailBytes: 20_000 } });
    const connection = await node.connected();
    connection.say(Array.from({ length: 20 }, (_, at) => subscribe(`signal:${at}`, at + 2)).join("\n"));
    connection.say(subscribe("news", 50));
    await node.settle();
    connection.stop();
    for (let at = 0; at < 3_000; at += 1) {
      await node.publish("news", { at, text: "x".repeat(at % 400) });
      await node.publish(`signal:${at % 20}`, "y".repeat(at % 700));
      if (at % 100 === 0) await node.settle();
    }
    await node.settle();
    // The watermark, and a page that was begun below it.
    expect(connection.mostUnsent).toBeLessThan(65_536 + 65_536 + 1_000);
    for (let round = 0; round < 100; round += 1) {
      connection.read(70_000);
      await node.settle();
    }
    expect(connection.mostUnsent).toBeLessThan(65_536 + 65_536 + 1_000);
    const got = connection.lines.map(
      (line) => (line["push"] as { channel?: string; pub?: { data: { at: number } } } | undefined) ?? {},
    );
    const numbers = got.filter(({ channel }) => channel === "news").map(({ pub }) => pub?.data.at);
    expect(numbers).toEqual(Array.from({ length: 3_000 }, (_, at) => at));
    expect(connection.strayWrites).toBe(0);
  });

  it("leaves nothing behind: no timer, no session, no subscription", async () => {
    const engine = new ScriptedEngine();
    const node = await begin({ engine });
    const connection = await node.connected();
    connection.say(subscribe("signal:x"));
    await node.settle();
    connection.opened?.closed(1000, "");
    await node.pass(60_000, 1_000);
    expect([node.sessions.size, node.hub.subscriptions, node.hub.channels, engine.followed.size]).toEqual([0, 0, 0, 0]);
    // The sweep of the tails is all the wheel still turns for.
    expect(node.hub.wheel.size).toBe(1);
    expect(node.clock.pending).toBe(1);
  });
});
