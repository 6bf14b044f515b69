// The trickiest scenarios of delivery: a wedged reader, history trimmed under it, its own publish from far behind.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { connect as connectSocket } from "node:net";
import { once } from "node:events";
import { defineChannel } from "@tidewire/protocol";
import { describe, expect, it } from "vitest";
import { memoryEngine } from "./engines/memory/memory-engine.ts";
import { createTidewire } from "./index.ts";
import type { FakeConnection } from "./testing/fake-connection.ts";
import { FakeNode } from "./testing/fake-node.ts";
import { splitFrames } from "./testing/frames.ts";
import { ScriptedEngine } from "./testing/scripted-engine.ts";

const stream = defineChannel("s:{id}", { history: { size: 100_000, ttlMs: 600_000 } });
const numbers = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, at) => from + at);

interface Line {
  readonly id?: number;
  readonly connect?: unknown;
  readonly subscribe?: { readonly recovered?: true; readonly epoch: string; readonly offset: number };
  readonly push?: {
    readonly channel: string;
    readonly pub?: { readonly offset: number; readonly data: { readonly n: number } };
    readonly unsubscribe?: { readonly code: number };
  };
}

const lines = (connection: FakeConnection): readonly Line[] => connection.lines as readonly Line[];

function told(given: readonly Line[], channel = "s:1"): (number | string)[] {
  return given.flatMap(({ id, push }) => {
    if (id !== undefined) return `reply ${id}`;
    if (push?.channel !== channel) return [];
    return push.pub?.data.n ?? `unsubscribed ${String(push.unsubscribe?.code)}`;
  });
}

const subscribe = (id: number, more = "", channel = "s:1"): string =>
  `{"id":${id},"subscribe":{"channel":"${channel}"${more}}}`;

describe("1 Wedge", () => {
  it.each([
    ["within its tail", 10_000_000],
    ["behind its tail", 50_000],
  ])(
    "a reader stops until full, 10,000 pass, it reads again: all in order, woken by nothing else (%s)",
    async (_, tailBytes) => {
      const node = await FakeNode.start({ channels: [stream], limits: { tailBytes } });
      const [slow, quick] = [await node.connected(), await node.connected()];
      for (const connection of [slow, quick]) connection.say(subscribe(2));
      await node.settle();
      slow.stop();
      for (const n of numbers(1, 10_000)) {
        await node.publish("s:1", { n, text: "x".repeat(100) });
        if (n % 50 === 0) await node.settle();
      }
      await node.settle();
      expect(told(lines(quick))).toEqual(["reply 2", ...numbers(1, 10_000)]);
      expect([slow.isFull, slow.mostUnsent < 200_000]).toEqual([true, true]);
      // In pieces, then freely.
      for (let piece = 0; piece < 20; piece += 1) {
        slow.read(10_000);
        await node.settle();
      }
      slow.resume();
      await node.settle();
      expect(told(lines(slow))).toEqual(["reply 2", ...numbers(1, 10_000)]);
      expect([slow.strayWrites, slow.ended]).toEqual([0, null]);
    },
  );

  it("over a real socket", async () => {
    const tide = createTidewire({ channels: [stream], limits: { tailBytes: 200_000 } });
    const server = createServer();
    tide.attach(server);
    await once(server.listen(0, "127.0.0.1"), "listening");
    const socket = connectSocket((server.address() as AddressInfo).port, "127.0.0.1");
    socket.write(
      "GET /connection/websocket HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n",
    );
    socket.write("Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    const [head] = (await once(socket, "data")) as [Buffer];
    expect(head.toString()).toContain("101 Switching Protocols");
    const received: Line[] = [];
    let unparsed: Buffer = Buffer.alloc(0);
    let wanted = { lines: 2, reached: (): void => undefined };
    socket.on("data", (chunk: Buffer) => {
      const { messages, rest } = splitFrames(Buffer.concat([unparsed, chunk]));
      unparsed = rest;
      for (const { payload } of messages)
        received.push(
          ...payload
            .toString()
            .split("\n")
            .map((line) => JSON.parse(line) as Line),
        );
      if (received.length >= wanted.lines) wanted.reached();
    });
    const until = (count: number): Promise<void> =>
      new Promise((reached) => {
        wanted = { lines: count, reached };
        if (received.length >= count) reached();
      });
    socket.write(masked(`{"id":1,"connect":{}}\n${subscribe(2)}`));
    await until(2);
    socket.pause();
    // 20 MB: more than the kernel takes on both sides.
    for (const n of numbers(1, 10_000)) await tide.channel(stream, { id: "1" }).publish({ n, text: "x".repeat(2_000) });
    const all = until(10_002);
    socket.resume();
    await all;
    expect(told(received)).toEqual(["reply 1", "reply 2", ...numbers(1, 10_000)]);
    socket.destroy();
    server.close();
    await tide.stop({ drainMs: 1 });
  });
});

describe("3 Trim during catch-up", () => {
  it("tells a gap before anything newer when history is trimmed after page two", async () => {
    const engine = new ScriptedEngine();
    const node = await FakeNode.start({ channels: [stream], engine, limits: { tailBytes: 20_000 } });
    const watcher = await node.connected();
    watcher.say(subscribe(2));
    for (const n of numbers(1, 2_000)) await node.publish("s:1", { n, text: "x".repeat(200) });
    await node.settle();
    const { epoch } = engine.top("s:1");
    const connection = await node.connected({ watermark: 30_000 });
    connection.stop();
    connection.say(subscribe(2, `,"recover":true,"offset":10,"epoch":"${epoch}"`));
    await node.settle();
    for (let read = 0; read < 2; read += 1) {
      connection.read(1_000_000);
      await node.settle();
    }
    engine.trim("s:1", 3);
    connection.resume();
    await node.settle();
    const [reply, ...after] = lines(connection);
    expect(reply?.subscribe).toMatchObject({ recovered: true, offset: 10, epoch });
    const got = told(after);
    expect(got.at(-1)).toBe("unsubscribed 2500");
    expect(got.slice(0, -1)).toEqual(numbers(11, 9 + got.length));
    expect(got.length).toBeLessThan(1_000);
    await node.publish("s:1", { n: 2_001 });
    await node.settle();
    expect(told(lines(connection).slice(1))).toEqual(got);
  });
});

describe("4 Own publish", () => {
  it("from 50 MB behind: the reply at once, the publication once and later", async () => {
    const node = await FakeNode.start({ channels: [stream] });
    const writer = await node.connected();
    writer.say(subscribe(2));
    await node.settle();
    writer.stop();
    const text = "x".repeat(50_000);
    for (const n of numbers(1, 1_000)) {
      await node.publish("s:1", { n, text });
      if (n % 50 === 0) await node.settle();
    }
    writer.say('{"id":3,"publish":{"channel":"s:1","data":{"n":1001}}}');
    await node.settle();
    // A second at 1 MB a second.
    for (let tenth = 0; tenth < 10; tenth += 1) {
      writer.read(100_000);
      await node.settle();
    }
    expect(told(lines(writer))).toContain("reply 3");
    expect(told(lines(writer))).not.toContain(1_001);
    writer.resume();
    await node.settle();
    const got = told(lines(writer)).filter((item) => item !== "reply 3");
    expect(got).toEqual(["reply 2", ...numbers(1, 1_001)]);
  });

  it.each(["memory", "scripted, which announces nothing"])("at the head: the publication first (%s)", async (kind) => {
    const scripted = new ScriptedEngine();
    scripted.isDirected = true;
    const engine = kind === "memory" ? memoryEngine() : scripted;
    const node = await FakeNode.start({ channels: [stream], engine });
    const writer = await node.connected();
    writer.say(subscribe(2));
    await node.settle();
    writer.say(
      numbers(3, 12)
        .map((id) => `{"id":${id},"publish":{"channel":"s:1","data":{"n":${id}}}}`)
        .join("\n"),
    );
    await node.settle();
    const got = told(lines(writer));
    for (const id of numbers(3, 12)) expect(got.indexOf(id)).toBeLessThan(got.indexOf(`reply ${id}`));
    expect(got.filter((item) => typeof item === "number")).toEqual(numbers(3, 12));
  });
});

describe("5 Three places, without delta", () => {
  it("live, with nothing missed, from the tail and from a page of history: each gets the same bytes in order", async () => {
    const node = await FakeNode.start({ channels: [stream], limits: { tailBytes: 4_000 } });
    const text = (n: number): string => "👩‍🚀é𝄞\u2028".repeat(1 + (n % 7));
    const live = await node.connected();
    live.say(subscribe(2));
    await node.settle();
    for (const n of numbers(1, 500)) await node.publish("s:1", { n, text: text(n) });
    await node.settle();
    const epoch = lines(live).find(({ id }) => id === 2)?.subscribe?.epoch ?? "";
    const places = [500, 495, 10];
    const returned = await Promise.all(
      places.map(async (offset) => {
        const connection = await node.connected();
        connection.say(subscribe(2, `,"recover":true,"offset":${offset},"epoch":"${epoch}"`));
        return connection;
      }),
    );
    for (const n of numbers(501, 600)) await node.publish("s:1", { n, text: text(n) });
    await node.settle();
    const published = (connection: FakeConnection): string[] =>
      lines(connection).flatMap(({ push }) => (push?.pub === undefined ? [] : JSON.stringify(push)));
    const all = published(live);
    expect(told(lines(live))).toEqual(["reply 2", ...numbers(1, 600)]);
    expect(all.every((line, at) => line.includes(JSON.stringify(text(at + 1))))).toBe(true);
    for (const [index, connection] of returned.entries()) {
      const offset = places[index] ?? 0;
      expect(lines(connection)[0]?.subscribe).toMatchObject({ recovered: true, offset });
      expect(published(connection)).toEqual(all.slice(offset));
    }
  });
});

describe("2 Crowded connect, without server-side subscriptions", () => {
  it("connect, 100 recoveries of 1 MB, subscribe, publish and unsubscribe in one go; one channel breaks meanwhile", async () => {
    const engine = new ScriptedEngine();
    const identity = Promise.withResolvers<{ user: string }>();
    const node = await FakeNode.start({
      channels: [stream],
      engine,
      limits: { tailBytes: 5_000 },
      access: { connect: () => identity.promise },
    });
    const data = { n: 0, text: "x".repeat(100) };
    for (const id of numbers(1, 100)) {
      for (const n of numbers(1, 100)) await node.publish(`s:${id}`, { ...data, n });
    }
    const connection = node.centrifuge();
    const recover = (id: number): string =>
      subscribe(id + 1, `,"recover":true,"offset":10,"epoch":"${engine.top(`s:${id}`).epoch}"`, `s:${id}`);
    connection.say([`{"id":1,"connect":{}}`, ...numbers(1, 50).map(recover)].join("\n"));
    connection.say(numbers(51, 100).map(recover).join("\n"));
    connection.say(
      [
        subscribe(200, "", "s:x"),
        '{"id":201,"publish":{"channel":"s:x","data":{"n":1}}}',
        '{"id":202,"unsubscribe":{"channel":"s:x"}}',
      ].join("\n"),
    );
    for (const id of numbers(1, 100)) await node.publish(`s:${id}`, { ...data, n: 101 });
    identity.resolve({ user: "" });
    engine.holdsReads = true;
    await node.settle();
    engine.clear("s:7");
    engine.sink.suspect(["s:7"]);
    engine.holdsReads = false;
    for (let round = 0; round < 10; round += 1) {
      for (const held of engine.heldReads.splice(0)) held.answer();
      await node.settle();
    }
    for (const id of numbers(1, 100)) await node.publish(`s:${id}`, { ...data, n: id === 7 ? 1 : 102 });
    await node.settle();
    await node.pass(3_000);
    const got = lines(connection);
    for (const id of numbers(1, 100)) {
      const reply = got.findIndex((line) => line.id === id + 1);
      const news = told(got.slice(reply + 1), `s:${id}`).filter((item) => !String(item).startsWith("reply"));
      expect(told(got.slice(0, reply), `s:${id}`).every((item) => String(item).startsWith("reply"))).toBe(true);
      if (id !== 7) expect([id, got[reply]?.subscribe?.recovered, news]).toEqual([id, true, numbers(11, 102)]);
      else if (news.at(-1) === "unsubscribed 2500") expect(news.slice(0, -1)).toEqual(numbers(11, 9 + news.length));
      else expect(news).toEqual([1]);
    }
    const own = told(got, "s:x").filter((item) => ["reply 200", "reply 201", "reply 202", 1].includes(item));
    // Its own unsubscribe discards what was ready, its own publication too.
    expect(own).toEqual(["reply 200", "reply 201", "reply 202"]);
  });
});

describe("8 Rollback", () => {
  it("under a new epoch while cursors are behind: a gap for each, and no recovery of what was", async () => {
    const engine = new ScriptedEngine();
    const node = await FakeNode.start({ channels: [stream], engine, limits: { tailBytes: 5_000 } });
    const slow = await node.connected({ watermark: 10_000 });
    slow.say(subscribe(2));
    await node.settle();
    slow.stop();
    for (const n of numbers(1, 500)) {
      await node.publish("s:1", { n, text: "x".repeat(100) });
      if (n % 50 === 0) await node.settle();
    }
    const { epoch } = engine.top("s:1");
    // Cut off: what the engine announces does not come.
    engine.isDirected = true;
    engine.clear("s:1");
    for (const n of numbers(1, 600)) engine.append("s:1", { data: Buffer.from(`{"n":${-n}}`), form: "json" });
    slow.resume();
    await node.settle();
    const got = told(lines(slow)).slice(1);
    expect(got.at(-1)).toBe("unsubscribed 2500");
    expect(got.slice(0, -1)).toEqual(numbers(1, got.length - 1));
    engine.sink.suspect("all");
    await node.pass(2_000);
    slow.messages.length = 0;
    slow.say(subscribe(3, `,"recover":true,"offset":${got.length - 1},"epoch":"${epoch}"`));
    await node.settle();
    expect(lines(slow)).toMatchObject([{ id: 3, subscribe: { was_recovering: true, offset: 600 } }]);
    expect(lines(slow)[0]?.subscribe?.recovered).toBeUndefined();
  });
});

/** RFC 6455 §5.3: what a client sends is masked. */
function masked(text: string): Buffer {
  const payload = Buffer.from(text);
  const head = Buffer.from([0x81, 0x80 | 126, payload.length >> 8, payload.length & 255, 0, 0, 0, 0]);
  return Buffer.concat([head, payload]);
}
