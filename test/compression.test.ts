// permessage-deflate over real sockets: agreed on or not, once per view, bounded.
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { constants, deflateRawSync } from "node:zlib";
import { createClient } from "@tidewire/client";
import { createTidewire } from "@tidewire/server";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket as WsSocket } from "ws";
import { Client } from "./rfc6455/client.ts";
import { bytesOf, fragments, frame, op } from "./rfc6455/frames.ts";
import { open, serve, type Served } from "./serving.ts";
import { dial, readUntil, upgradeRequest } from "./wire.ts";

const offer = "permessage-deflate; client_max_window_bits";
const long = "the tide goes out, the tide comes in; ".repeat(200);
const counter = ({ tide }: Served, name: string): number => tide.stats().counters[name] ?? 0;

async function client(
  served: Served,
  path: string,
  given: { offer?: string; windowBits?: number } = {},
): Promise<Client> {
  const opened = await Client.open({ port: served.port, path, offer, windowBits: 15, ...given });
  onTestFinished(() => opened.destroy());
  return opened;
}

const deflated = (data: Uint8Array): Buffer =>
  deflateRawSync(data, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
const compressed = (data: Uint8Array): Buffer => bytesOf(frame(op.binary, deflated(data), { reserved: 4 }));

test("it is off unless the server says otherwise, and then an offer is not even read", async () => {
  const served = await serve();
  expect((await client(served, "/echo")).extension).toBe("");
  expect((await client(served, "/echo", { offer: "permessage-deflate;;" })).extension).toBe("");
});

test("what is no number of bytes is refused at once", () => {
  for (const fromBytes of [0, -1, 1.5, Number.NaN]) {
    expect(() => createTidewire({ channels: [], compression: { fromBytes } })).toThrow(RangeError);
  }
});

test("an offer that cannot be taken leaves the connection without compression; a malformed one gets 400", async () => {
  const served = await serve({ compression: true });
  const declined = await client(served, "/echo", { offer: "permessage-deflate; server_max_window_bits=8" });
  expect(declined.extension).toBe("");
  declined.write(bytesOf(frame(op.text, "plain")));
  await declined.until(() => declined.events.length === 1);
  expect(declined.events).toEqual([{ kind: "message", form: "text", payload: Buffer.from("plain") }]);
  const socket = await dial(served.port);
  socket.write(upgradeRequest("/echo", { "Sec-WebSocket-Extensions": "permessage-deflate;;" }));
  expect(await readUntil(socket, () => false)).toContain("HTTP/1.1 400 Bad Request");
});

test("a publication is compressed once for all who agreed, and reaches those who did not as it is", async () => {
  const served = await serve({ compression: true });
  const offers = [offer, "permessage-deflate", "permessage-deflate; server_no_context_takeover", ""];
  const readers = await Promise.all(
    Array.from({ length: 40 }, (_, index) =>
      client(served, "/raw/public:tide", { offer: offers[index % offers.length] ?? "" }),
    ),
  );
  for (const reader of readers) {
    reader.write(bytesOf(frame(op.ping)));
    await reader.until(() => reader.events.length === 1);
  }
  await served.tide.channel(open, { name: "tide" }).publish({ long });
  await Promise.all(readers.map((reader) => reader.until(() => reader.events.length === 2)));
  for (const { events } of readers) {
    expect(events[1]).toEqual({ kind: "message", form: "text", payload: Buffer.from(JSON.stringify({ long })) });
  }
  expect(counter(served, "connections_compressed")).toBe(30);
  expect(counter(served, "messages_deflated")).toBe(1);
  expect(counter(served, "deflate_bytes_after")).toBeLessThan(counter(served, "deflate_bytes_before") / 20);
});

test("readers with a small window have a view of their own, and only one", async () => {
  const served = await serve({ compression: true });
  const offers = ["server_max_window_bits=9", "server_max_window_bits=12", "server_max_window_bits=15"];
  const readers = await Promise.all(
    offers.map((wanted, index) =>
      client(served, "/raw/public:tide", { offer: `${offer}; ${wanted}`, windowBits: index < 2 ? 9 : 15 }),
    ),
  );
  for (const reader of readers) {
    reader.write(bytesOf(frame(op.ping)));
    await reader.until(() => reader.events.length === 1);
  }
  const data = Array.from({ length: 50 }, (_, at) => `${at} ${long.slice(at, at + 900)}`);
  await served.tide.channel(open, { name: "tide" }).publish({ data });
  await Promise.all(readers.map((reader) => reader.until(() => reader.events.length === 2)));
  for (const { events } of readers) {
    expect(events[1]).toEqual({ kind: "message", form: "text", payload: Buffer.from(JSON.stringify({ data })) });
  }
  expect(counter(served, "messages_deflated")).toBe(2);
});

test("a small message that inflates to 100 MiB is refused with 1009, at no more memory than a message may have", async () => {
  const served = await serve({ compression: true });
  const bomb = compressed(Buffer.alloc(104_857_600));
  expect(bomb.length).toBeLessThan(110_000);
  const roomy = await serve({ compression: true, limits: { messageBytes: 1_048_576 } });
  const before = process.memoryUsage().rss;
  for (const each of [served, roomy]) {
    const attacker = await client(each, "/echo");
    attacker.write(bomb);
    await attacker.until(() => !attacker.isOpen);
    expect(attacker.closing).toBe(1009);
  }
  expect(process.memoryUsage().rss - before).toBeLessThan(60_000_000);
  expect(counter(roomy, "inflations_too_large")).toBe(1);
  const neighbour = await client(roomy, "/echo");
  neighbour.write(compressed(Buffer.from("still here")));
  await neighbour.until(() => neighbour.events.length === 1);
  expect(neighbour.events).toHaveLength(1);
});

test("the limit counts inflated bytes: just at it a message passes, one above does not", async () => {
  const served = await serve({ compression: true });
  const within = await client(served, "/echo");
  within.write(compressed(Buffer.alloc(65_536)));
  await within.until(() => within.events.length === 1 || !within.isOpen);
  expect(within.events).toEqual([{ kind: "message", form: "binary", payload: Buffer.alloc(65_536) }]);
  within.write(compressed(Buffer.alloc(65_537)));
  await within.until(() => !within.isOpen);
  expect(within.closing).toBe(1009);
});

test("what is no compressed data is refused with 1007, and nobody else notices", async () => {
  const served = await serve({ compression: true });
  const wrong = await client(served, "/echo");
  wrong.write(bytesOf(frame(op.binary, Buffer.from("ffffffff", "hex"), { reserved: 4 })));
  await wrong.until(() => !wrong.isOpen);
  expect(wrong.closing).toBe(1007);
  expect(counter(served, "inflations_invalid")).toBe(1);
  expect(served.log.troubles).toEqual([]);
});

test("compressed and plain messages, whole and in fragments, a ping between them, come back in order", async () => {
  const served = await serve({ compression: { fromBytes: 1 } });
  const one = await client(served, "/echo");
  const payloads = Array.from({ length: 60 }, (_, index) => randomBytes(index * 37).toString("hex"));
  for (const [index, payload] of payloads.entries()) {
    const isCompressed = index % 3 !== 0;
    const bytes = isCompressed ? deflated(Buffer.from(payload)) : Buffer.from(payload);
    const parts = fragments(op.text, bytes, {
      bytes: index % 2 === 0 ? 1 + Math.ceil(bytes.length / 5) : Number.MAX_SAFE_INTEGER,
      reserved: isCompressed ? 4 : 0,
    });
    one.write(Buffer.concat(parts.map(bytesOf)));
  }
  one.write(bytesOf(frame(op.ping, "last")));
  await one.until(() => one.events.length === payloads.length + 1 || !one.isOpen);
  const messages = one.events.filter((event) => event.kind === "message");
  expect(messages.map(({ payload }) => payload.toString())).toEqual(payloads);
});

test("`ws` with its defaults, and Tidewire's client on Node's own WebSocket, work with it", async () => {
  const served = await serve({ compression: true });
  const socket = new WsSocket(`${served.socketUrl}/echo`);
  onTestFinished(() => socket.terminate());
  await once(socket, "open");
  expect(socket.extensions).toBe("permessage-deflate");
  for (const round of [1, 2, 3]) {
    socket.send(`${round}: ${long}`);
    const [data] = (await once(socket, "message")) as [Buffer];
    expect(data.toString()).toBe(`${round}: ${long}`);
  }
  const tide = createClient({ url: `${served.socketUrl}/connection/websocket` });
  onTestFinished(() => tide.close());
  tide.connect();
  const channel = tide.channel(open, { name: "tide" });
  const heard: unknown[] = [];
  const texts = [long, "short", `${long}!`];
  const all = new Promise<void>((resolve) => {
    channel.onPublication(({ data }) => {
      heard.push(data);
      if (heard.length === texts.length) resolve();
    });
  });
  channel.open();
  await new Promise<void>((resolve) => {
    channel.onState(({ kind }) => {
      if (kind === "live") resolve();
    });
  });
  for (const text of texts) await channel.publish({ text });
  await all;
  expect(heard).toEqual(texts.map((text) => ({ text })));
  expect(counter(served, "connections_compressed")).toBe(2);
});
