// Patches, filters and channel numbers with the unmodified Centrifuge SDK, in JSON and in Protobuf.
import { defineChannel } from "@tidewire/protocol";
import { Centrifuge } from "centrifuge";
import { Centrifuge as ProtobufCentrifuge } from "centrifuge/build/protobuf";
import { expect, onTestFinished, test } from "vitest";
import { Listener } from "./centrifuge-client.ts";
import { serve } from "./serving.ts";

const documents = defineChannel("doc:{name}", { deltas: true, filters: true, history: { size: 100, ttlMs: 60_000 } });

const decode = (data: unknown): unknown => JSON.parse(new TextDecoder().decode(data as Uint8Array)) as unknown;
const valuesOf = ({ values }: Listener): unknown[] =>
  values.map((value) => (value instanceof Uint8Array ? decode(value) : value));

function textOf(n: number): { readonly text: string; readonly n: number } {
  const faces = ["😀", "😁", "👩‍👩‍👧", "é"];
  return {
    text: `a document that hardly changes, ${faces[n % 4] ?? ""} and goes on for a while ${faces[(n + 1) % 4] ?? ""}`,
    n,
  };
}

test("patches of texts with emoji make what was published, over cuts, behind history and at the head", async () => {
  const served = await serve({ channels: [documents], limits: { tailBytes: 5_000 } });
  const channel = served.tide.channel(documents, { name: "a" });
  const url = `${served.socketUrl}/connection/websocket`;
  const options = { websocket: WebSocket, minReconnectDelay: 1, maxReconnectDelay: 20 };
  const clients = [new Centrifuge(url, options), new ProtobufCentrifuge(url, options)];
  const listeners: Listener[] = [];
  for (const client of clients) {
    onTestFinished(() => client.disconnect());
    client.connect();
    await client.ready();
    const listener = new Listener(client as Centrifuge, "doc:a", { delta: "fossil" });
    await listener.subscription.ready();
    listeners.push(listener);
  }
  let n = 0;
  const say = async (count: number): Promise<void> => {
    for (let index = 0; index < count; index += 1) await channel.publish(textOf(n++));
  };
  const all = (): unknown[] => Array.from({ length: n }, (_, index) => textOf(index));
  const heard = async (): Promise<void> => {
    for (const listener of listeners) await listener.until(({ values }) => values.length >= n);
    for (const listener of listeners) expect(valuesOf(listener)).toEqual(all());
  };
  await say(20);
  await heard();
  // Back where nothing was missed, and where some was.
  for (const missed of [0, 7]) {
    for (const client of clients) client.disconnect();
    await say(missed);
    for (const client of clients) client.connect();
    for (const listener of listeners)
      await listener.until(({ establishments }) => establishments.length > (missed === 0 ? 1 : 2));
    await say(5);
    await heard();
  }
  for (const { establishments } of listeners) {
    expect(establishments.slice(1)).toEqual(Array(2).fill({ wasRecovering: true, recovered: true }));
  }
});

test("a filter lets through what has the tags it asks for", async () => {
  const { tide, socketUrl } = await serve({ channels: [documents] });
  const client = new Centrifuge(`${socketUrl}/connection/websocket`, { websocket: WebSocket });
  onTestFinished(() => client.disconnect());
  client.connect();
  const listener = new Listener(client, "doc:a", { tagsFilter: { key: "team", cmp: "in", vals: ["red", "blue"] } });
  await listener.subscription.ready();
  const channel = tide.channel(documents, { name: "a" });
  for (const [n, team] of ["red", "green", "blue", "green", "red"].entries()) {
    await channel.publish({ n }, { tags: { team } });
  }
  await listener.until(({ values }) => values.length === 3);
  expect([listener.values, listener.offsets]).toEqual([
    [{ n: 0 }, { n: 2 }, { n: 4 }],
    [1, 3, 5],
  ]);
});
