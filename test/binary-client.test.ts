// Our client over Protobuf, with the real server: bytes byte for byte, and everything else as it is in JSON.
import { type Channel, type Client, createClient, type Gap, webSocketTransport } from "@tidewire/client";
import { binaryTransport } from "@tidewire/client/binary";
import { latestOf } from "@tidewire/client/latest";
import { membersOf } from "@tidewire/client/members";
import { defineCall, defineChannel, type TidewireError } from "@tidewire/protocol";
import { expect, onTestFinished, test } from "vitest";
import { serve, type Served } from "./serving.ts";
import { bareSocket, Talk } from "./talk.ts";

const files = defineChannel("files:{name}", { data: "bytes", history: { size: 1_000, ttlMs: 60_000 } });
const frames = defineChannel("frames", { data: "bytes", mode: "signal" });
const news = defineChannel("news", { presence: true });
const market = defineChannel("market", {
  mode: "latest",
  key: (value) => (value as { readonly symbol: string }).symbol,
});
const double = defineCall("double");
const file = { name: "a" };

async function serveAll(): Promise<Served> {
  const served = await serve({ channels: [files, frames, news, market] });
  served.tide.handle(double, (input) => Number(input) * 2);
  return served;
}

function clientOf({ socketUrl }: Served, transport = binaryTransport): Client {
  const client = createClient({ url: `${socketUrl}/connection/websocket`, transport });
  onTestFinished(() => client.close());
  client.connect();
  return client;
}

/** Resolves with what `read` gives as soon as that is not `null`, looking again at each event. */
function holds<Value>(listen: (look: () => void) => () => void, read: () => Value | null): Promise<Value> {
  return new Promise((resolve) => {
    const stop = listen(() => look());
    function look(): void {
      const value = read();
      if (value === null) return;
      stop();
      resolve(value);
    }
    look();
  });
}

type Watched = Pick<Channel, "onState" | "status">;

const is = (channel: Watched, kind: string): Promise<true> =>
  holds(channel.onState, () => (channel.status.kind === kind ? true : null));

interface Reader {
  readonly heard: unknown[];
  readonly gaps: Gap[];
  readonly hears: (count: number) => Promise<true>;
}

async function opened(channel: Channel | Channel<Uint8Array>): Promise<Reader> {
  const heard: unknown[] = [];
  const gaps: Gap[] = [];
  channel.onPublication(({ data }: { readonly data: unknown }) => heard.push(data));
  channel.onGap((gap) => gaps.push(gap));
  channel.open();
  await is(channel, "live");
  const hears = (count: number): Promise<true> =>
    holds(channel.onPublication, () => (heard.length >= count ? true : null));
  return { heard, gaps, hears };
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const reasonOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "none",
    (error: unknown) => (error as TidewireError).reason,
  );

/** All there are, none, and what other forms would take for something else. */
const kinds: readonly Uint8Array[] = [
  Uint8Array.from({ length: 256 }, (_, index) => index),
  new Uint8Array(),
  text("1"),
  text('{"a":1}'),
  text("null"),
  text("\u{feff}1"),
  Uint8Array.of(0xff, 0xfe, 0x0a, 0x00),
];

test("bytes arrive as they are, whatever they are, from clients and from the server, and in history", async () => {
  const served = await serveAll();
  const [one, other] = [clientOf(served), clientOf(served)];
  const reading = await opened(other.channel(files, file));
  for (const bytes of kinds) {
    const published = await one.channel(files, file).publish(bytes);
    expect(published).toMatchObject({ duplicate: false, position: { epoch: expect.any(String) as string } });
  }
  for (const bytes of kinds) await served.tide.channel(files, file).publish(bytes);
  await reading.hears(2 * kinds.length);
  expect(reading.heard).toEqual([...kinds, ...kinds]);
  const page = await one.channel(files, file).history({ limit: 100 });
  expect(page.publications.map(({ data }) => data)).toEqual([...kinds, ...kinds]);
  const kept = await served.tide.channel(files, file).history(100);
  expect(kept.map(({ data }) => data)).toEqual([...kinds, ...kinds]);
});

test("bytes are what they were when publish was called, and a megabyte of them arrives", async () => {
  const served = await serveAll();
  const client = clientOf(served);
  const reading = await opened(client.channel(files, file));
  const draft = Uint8Array.of(1, 2, 3);
  // It waits for a connection, and its owner writes on in it.
  const late = createClient({ url: `${served.socketUrl}/connection/websocket`, transport: binaryTransport });
  onTestFinished(() => late.close());
  const publishing = late.channel(files, file).publish(draft);
  draft.fill(9);
  late.connect();
  await publishing;
  const large = Uint8Array.from({ length: 1_048_576 }, (_, index) => (index * 31) % 251);
  const own = served.tide.channel(files, file).publish(large);
  await own;
  await reading.hears(2);
  expect(reading.heard[0]).toEqual(Uint8Array.of(1, 2, 3));
  expect(Buffer.compare(reading.heard[1] as Uint8Array, large)).toBe(0);
  expect(await reasonOf(client.channel(files, file).publish(large))).toBe("too_large");
});

test("through five cuts bytes come once each, in order, and without a gap; publishes are repeated once", async () => {
  const served = await serveAll();
  const [reader, writer] = [clientOf(served), clientOf(served)];
  const reading = await opened(reader.channel(files, file));
  const sent: Uint8Array[] = [];
  const publish = (): Promise<unknown> => {
    sent.push(text(`${sent.length}`));
    return writer.channel(files, file).publish(sent.at(-1) ?? new Uint8Array());
  };
  for (let round = 0; round < 5; round++) {
    const publishing = Array.from({ length: 10 }, publish);
    for (const client of [reader, writer]) {
      await holds(client.onState, () => (client.state.kind === "connected" ? true : null));
      const { state } = client;
      served.tide.cut(state.kind === "connected" ? state.session : "");
      await holds(client.onState, () => (client.state.kind === "waiting" ? true : null));
      client.retry();
    }
    await Promise.all(publishing);
  }
  await reading.hears(sent.length);
  expect(reading.heard).toEqual(sent);
  expect(reading.gaps).toEqual([]);
}, 30_000);

test("the same key with the same bytes is published once, with others refused", async () => {
  const served = await serveAll();
  const channel = clientOf(served).channel(files, file);
  const first = await channel.publish(Uint8Array.of(1), { key: "k" });
  expect(await channel.publish(Uint8Array.of(1), { key: "k" })).toEqual({ ...first, duplicate: true });
  expect(await reasonOf(channel.publish(Uint8Array.of(2), { key: "k" }))).toBe("conflict");
});

test("who speaks JSON is refused on a channel of bytes, and JSON is refused there; raw clients carry bytes", async () => {
  const served = await serveAll();
  const json = clientOf(served, webSocketTransport);
  const refused = json.channel("files:a");
  refused.open();
  await is(refused, "refused");
  expect(await reasonOf(refused.history({ limit: 1 }))).toBe("bad_request");
  expect(await reasonOf(refused.publish("json"))).toBe("invalid_data");
  const binary = clientOf(served);
  expect(await reasonOf(binary.channel("files:a").publish({ not: "bytes" }))).toBe("invalid_data");
  const reading = await opened(binary.channel(files, file));
  const raw = new Talk(bareSocket(`${served.socketUrl}/raw/files:a`));
  await raw.opened;
  raw.send(Uint8Array.of(7, 8));
  const post = async (type: string, body: BodyInit): Promise<number> => {
    const options = { method: "POST", headers: { "Content-Type": type }, body };
    return (await fetch(`${served.httpUrl}/raw/files%3Aa`, options)).status;
  };
  expect(await post("application/octet-stream", Uint8Array.of(9))).toBe(200);
  expect(await post("text/plain", "text")).toBe(422);
  expect(await post("application/json", "{}")).toBe(422);
  await reading.hears(2);
  expect(reading.heard).toEqual([Uint8Array.of(7, 8), Uint8Array.of(9)]);
});

test("a stream of events has them in base64, each with the id to go on behind", async () => {
  const served = await serveAll();
  const { position } = await served.tide.channel(files, file).publish(Uint8Array.of(1));
  for (const byte of [2, 3]) await served.tide.channel(files, file).publish(Uint8Array.of(byte));
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const after = `${position?.epoch}:${position?.offset}`;
  const read = async (lastEventId: string, count: number): Promise<readonly (readonly [string, string])[]> => {
    const headers = { Accept: "text/event-stream", "Last-Event-ID": lastEventId };
    const response = await fetch(`${served.httpUrl}/raw/files%3Aa`, { headers, signal: stop.signal });
    let text = "";
    const found = (): readonly (readonly [string, string])[] =>
      text.split("\n\n").flatMap((event) => {
        const data = /^data: ?(.*)$/m.exec(event)?.[1];
        return data === undefined || !/^event: ?binary$/m.test(event)
          ? []
          : [[/^id: ?(.*)$/m.exec(event)?.[1] ?? "", data] as const];
      });
    for await (const chunk of response.body ?? []) {
      text += Buffer.from(chunk).toString();
      if (found().length >= count) break;
    }
    return found();
  };
  const [two, three] = await read(after, 2);
  expect([two?.[1], three?.[1]]).toEqual(["Ag==", "Aw=="]);
  expect(await read(two?.[0] ?? "", 1)).toEqual([three]);
});

test("on a signal channel bytes come while connected, and a pause says how many it passed over", async () => {
  const served = await serveAll();
  const client = clientOf(served);
  const channel = client.channel(frames);
  const reading = await opened(channel);
  const skipped: number[] = [];
  channel.onSkipped((count) => skipped.push(count));
  await served.tide.channel(frames).publish(Uint8Array.of(1));
  await reading.hears(1);
  channel.pause();
  await client.call(double, 1);
  for (const byte of [2, 3]) await served.tide.channel(frames).publish(Uint8Array.of(byte));
  channel.resume();
  await client.call(double, 1);
  expect(skipped).toEqual([2]);
  expect(reading.heard).toEqual([Uint8Array.of(1)]);
});

test("channels of JSON, calls, members and tables are as they are in JSON", async () => {
  const served = await serveAll();
  const [binary, json] = [clientOf(served), clientOf(served, webSocketTransport)];
  const readers = await Promise.all([binary, json].map((client) => opened(client.channel(news))));
  await binary.channel(news).publish({ from: "é😀漢", n: 1.5, none: null });
  await json.channel(news).publish([]);
  await Promise.all(readers.map(({ hears }) => hears(2)));
  expect(readers[0]?.heard).toEqual([{ from: "é😀漢", n: 1.5, none: null }, []]);
  expect(readers[0]?.heard).toEqual(readers[1]?.heard);
  const pages = await Promise.all([binary, json].map((client) => client.channel(news).history({ limit: 10 })));
  // The author's session is each time the same one.
  expect(pages[0]).toEqual({
    ...pages[1],
    publications: pages[1]?.publications.map((publication) => ({ ...publication, atMs: null })),
  });
  expect(await binary.call(double, 21)).toBe(42);
  expect(await binary.channel(news).presenceStats()).toEqual({ clients: 2, users: 1 });
  const members = membersOf(binary.channel(news));
  onTestFinished(members.subscribe(() => undefined));
  await holds(members.subscribe, () => (members.getSnapshot().count === 2 ? true : null));
  json.close();
  await holds(members.subscribe, () => (members.getSnapshot().count === 1 ? true : null));
  await served.tide.channel(market).publish({ symbol: "a", price: 1 });
  const table = latestOf(binary.channel(market), { rate: 7.5 });
  onTestFinished(table.subscribe(() => undefined));
  await holds(table.subscribe, () => (table.getSnapshot().keys.length === 1 ? true : null));
  await served.tide.channel(market).remove("a");
  await holds(table.subscribe, () => (table.getSnapshot().keys.length === 0 ? true : null));
});
