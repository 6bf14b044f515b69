// What two nodes of one engine are to those who use them: the same, whichever has the connection. A suite for each engine that joins nodes.
import { once } from "node:events";
import { defineChannel } from "@tidewire/protocol";
import { expect, test, type TestContext } from "vitest";
import { connected, listening, sessionOf } from "./centrifuge-client.ts";
import { emulate, emulatedClient } from "./emulated-client.ts";
import { ask } from "./requesting.ts";
import { open, serve, type Served, type ServerOptions } from "./serving.ts";
import { bareSocket } from "./talk.ts";

const feed = defineChannel("feed", { history: { size: 100, ttlMs: 60_000 }, publishers: "server" });
const apiKey = "0123456789abcdef";

type Engine = NonNullable<ServerOptions["engine"]>;

/** One of the two, called by this name. */
export function serveNode(nodeName: string, engine: Engine): Promise<Served> {
  return serve({ channels: [open, feed], engine, apiKey, nodeName, mode: "development" });
}

export type TwoNodes = (context: TestContext) => Promise<readonly [Served, Served]>;

async function api({ httpUrl }: Served, method: string, parameters: object = {}): Promise<unknown> {
  const headers = { "x-api-key": apiKey };
  const { body } = await ask(`${httpUrl}/api/${method}`, { method: "POST", headers, body: JSON.stringify(parameters) });
  return body;
}

/** @param twoNodes Named "1" and "2". */
export function nodesTogether(twoNodes: TwoNodes): void {
  test("what is published on one is read on the other", async (context) => {
    const [one, two] = await twoNodes(context);
    const [writer, reader] = [await connected(one.socketUrl), await connected(two.socketUrl)];
    const [here, there] = [await listening(writer, "public:a"), await listening(reader, "public:a")];
    for (let n = 1; n <= 50; n += 1) await (n % 2 === 0 ? writer : reader).publish("public:a", n);
    for (const listener of [here, there]) {
      await listener.until(({ offsets }) => offsets.length === 50);
      expect(listener.values).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
    }
  });

  test("presence is the same on both, and for a channel that nobody listens to there", async (context) => {
    const [one, two] = await twoNodes(context);
    const ann = await connected(one.socketUrl);
    await listening(ann, "public:a");
    await expect
      .poll(() => api(two, "presence_stats", { channel: "public:a" }))
      .toEqual({
        result: { num_clients: 1, num_users: 1 },
      });
    const ben = await connected(two.socketUrl);
    const { subscription } = await listening(ben, "public:a");
    const { clients } = await subscription.presence();
    expect(Object.keys(clients).sort()).toEqual([sessionOf(ann), sessionOf(ben)].sort());
    await expect
      .poll(() => api(one, "presence_stats", { channel: "public:a" }))
      .toMatchObject({ result: { num_clients: 2 } });
    await two.stop();
    await expect
      .poll(() => api(one, "presence_stats", { channel: "public:a" }))
      .toMatchObject({ result: { num_clients: 1 } });
  });

  test("a source runs on one of them, and on the other when that one is gone", async (context) => {
    const [one, two] = await twoNodes(context);
    const started: string[] = [];
    for (const [name, { tide }] of [
      ["one", one],
      ["two", two],
    ] as const) {
      tide.source(feed, async function* ({ signal, sleep }) {
        started.push(name);
        yield name;
        while (!signal.aborted) await sleep(60_000);
      });
    }
    const first = await listening(await connected(one.socketUrl), "feed");
    await first.until(({ values }) => values.length === 1);
    const second = await listening(await connected(two.socketUrl), "feed");
    // Whatever is asked after it waited: its turn has not come.
    await api(two, "history", { channel: "feed" });
    expect(started).toEqual(["one"]);
    await one.stop();
    await second.until(({ values }) => values.includes("two"));
    expect(started).toEqual(["one", "two"]);
  });

  test("requests of an emulated connection find it on the other node", async (context) => {
    const [one, two] = await twoNodes(context);
    const client = await emulatedClient(one);
    const body = { ...client.place, data: '{"id":2,"subscribe":{"channel":"public:a"}}' };
    expect((await emulate(two.httpUrl, JSON.stringify(body))).status).toBe(204);
    await client.until((lines) => lines.some(({ id }) => id === 2));
    const strange = { ...body, session: "another" };
    expect((await emulate(two.httpUrl, JSON.stringify(strange))).status).toBe(404);
    expect((await emulate(two.httpUrl, JSON.stringify({ ...body, node: "gone" }))).status).toBe(404);
    await one.stop();
    expect((await emulate(two.httpUrl, JSON.stringify(body))).status).toBe(404);
  });

  test("the server API speaks for both, whichever is asked", async (context) => {
    const [one, two] = await twoNodes(context);
    const ann = await connected(one.socketUrl);
    const client = sessionOf(ann);
    await listening(ann, "public:a");
    await listening(await connected(two.socketUrl), "public:a");
    expect(await api(two, "channels")).toEqual({ result: { channels: { "public:a": { num_clients: 2 } } } });
    const { result } = (await api(two, "info")) as { readonly result: { readonly nodes: readonly object[] } };
    expect(result.nodes).toMatchObject([
      { name: "2", num_clients: 1 },
      { name: "1", num_clients: 1 },
    ]);
    const subscribed = new Promise((resolve) => void ann.once("subscribed", resolve));
    expect(await api(two, "subscribe", { client, channel: "public:b" })).toEqual({ result: {} });
    await subscribed;
    expect(await api(two, "subscribe", { client, channel: "public:a" })).toMatchObject({ error: { code: 105 } });
    const gone = new Promise((resolve) => void ann.once("disconnected", resolve));
    expect(await api(two, "disconnect", { client })).toEqual({ result: {} });
    await gone;
  });

  test("/metrics has both, each with its name, and each family once", async (context) => {
    const [one, two] = await twoNodes(context);
    await connected(one.socketUrl);
    const { body } = await ask(`${two.httpUrl}/metrics`);
    const lines = String(body).split("\n");
    const sessions = lines.filter((line) => line.startsWith("tidewire_sessions{"));
    expect(sessions.sort()).toEqual(['tidewire_sessions{node="1"} 1', 'tidewire_sessions{node="2"} 0']);
    const heads = lines.filter((line) => line.startsWith("# TYPE"));
    expect(new Set(heads).size).toBe(heads.length);
    // Lines of one family stand together.
    const families = lines.flatMap(
      (line) => /^# TYPE (\S+)/.exec(line)?.[1] ?? /^(tidewire_sessions|tidewire_channels)\b/.exec(line)?.[1] ?? [],
    );
    expect(families.filter((name, index) => name !== families[index - 1]).length).toBe(heads.length);
  });

  test("whose node stops is told to come back at once; whose is the last one, when somebody may be there again", async (context) => {
    const [one, two] = await twoNodes(context);
    const [early, late] = [await ownClient(one), await ownClient(two)];
    await one.tide.stop({ drainMs: 1 });
    expect(await early.told).toEqual([]);
    await two.tide.stop({ drainMs: 1 });
    expect(await late.told).toMatchObject([{ push: { return: {} } }]);
  });
}

/** A bare socket that says it is our client's. @returns what it is told after it was welcomed, when it has ended. */
async function ownClient({ socketUrl }: Served): Promise<{ readonly told: Promise<readonly unknown[]> }> {
  const socket = bareSocket(`${socketUrl}/connection/websocket`);
  socket.on("open", () => socket.send('{"id":1,"connect":{"tide":1}}'));
  await once(socket, "message");
  const told: unknown[] = [];
  socket.on("message", (data: Buffer) => told.push(JSON.parse(String(data))));
  return { told: once(socket, "close").then(() => told) };
}
