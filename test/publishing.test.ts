// Every door to publish says what became of it: where it stands, how safe it is, and whether it was there already (P2, P4).
import { Centrifuge as ProtobufCentrifuge } from "centrifuge/build/protobuf";
import { TidewireError } from "@tidewire/protocol";
import { describe, expect, onTestFinished, test } from "vitest";
import { clientOf } from "./centrifuge-client.ts";
import { engineNames, engines } from "./engines.ts";
import { lobby, open, serve, type Served } from "./serving.ts";

const apiKey = "test-key";

interface Outcome {
  readonly epoch: string;
  readonly offset: number;
  readonly duplicate: boolean;
  readonly durability: string;
}

interface Publish {
  readonly channel: string;
  readonly data: unknown;
  readonly key?: string;
}

/** Each answers in the words of `tide.publish`; an error has a code. */
type Door = (publish: Publish) => Promise<Outcome>;

const durable = { memory: "volatile", sqlite: "fsync" } as const;

async function doorsOf({ socketUrl, httpUrl, tide }: Served): Promise<Record<string, Door>> {
  const json = clientOf(socketUrl);
  const protobuf = new ProtobufCentrifuge(`${socketUrl}/connection/websocket`, { websocket: WebSocket });
  onTestFinished(() => protobuf.disconnect());
  for (const client of [json, protobuf]) {
    client.connect();
    await client.ready();
  }
  return {
    "tide.publish in JSON": async (publish) => (await json.rpc("tide.publish", publish)).data as Outcome,
    "tide.publish in Protobuf": async (publish) => {
      const result = await protobuf.rpc("tide.publish", new TextEncoder().encode(JSON.stringify(publish)));
      return JSON.parse(new TextDecoder().decode(result.data as Uint8Array)) as Outcome;
    },
    "/api/publish": async ({ channel, data, key }) => {
      const response = await fetch(`${httpUrl}/api/publish`, {
        method: "POST",
        headers: { "X-API-Key": apiKey },
        body: JSON.stringify({ channel, data, ...(key !== undefined && { idempotency_key: key }) }),
      });
      const { result, error } = (await response.json()) as {
        result?: Partial<Outcome>;
        error?: { code: number; message: string };
      };
      if (error !== undefined) throw new TidewireError({ received: { temporary: false, ...error } });
      return { epoch: "", offset: 0, duplicate: false, durability: "", ...result };
    },
    "POST to /raw": async ({ channel, data, key }) => {
      const headers = { "Content-Type": "application/json", ...(key !== undefined && { "Idempotency-Key": key }) };
      const url = `${httpUrl}/raw/${encodeURIComponent(channel)}`;
      const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(data) });
      const { error, ...result } = (await response.json()) as Partial<Outcome> & {
        error?: { code: number; message: string };
      };
      if (error !== undefined) throw new TidewireError({ received: { temporary: false, ...error } });
      return { epoch: "", offset: 0, duplicate: false, durability: "", ...result };
    },
    "the application's channel": async ({ channel, data, key }) => {
      const handle = channel === "lobby" ? tide.channel(lobby) : tide.channel(open, { name: channel.slice(7) });
      const { position, duplicate, durability } = await handle.publish(
        data,
        key === undefined ? {} : { idempotencyKey: key },
      );
      return { ...position, duplicate, durability };
    },
  };
}

describe.each(engineNames)("on %s", (name) => {
  const serveOn = (): Promise<Served> => serve({ ...engines[name](), apiKey });

  test("every door names position and durability of what is kept, and volatile for what is not", async () => {
    const served = await serveOn();
    let offset = 0;
    for (const [door, publish] of Object.entries(await doorsOf(served))) {
      const kept = await publish({ channel: "public:a", data: { door } });
      offset += 1;
      expect(kept, door).toEqual({
        epoch: expect.any(String) as string,
        offset,
        duplicate: false,
        durability: durable[name],
      });
      expect(await publish({ channel: "lobby", data: door }), door).toMatchObject({
        offset: 0,
        durability: "volatile",
      });
    }
    const history = await served.tide.channel(open, { name: "a" }).history(10);
    expect(history.map(({ position }) => position.offset)).toEqual([1, 2, 3, 4, 5]);
  });

  test("a key used at any door is known at every other: one entry, one position, duplicate from the second on", async () => {
    const served = await serveOn();
    const doors = Object.entries(await doorsOf(served));
    for (const [first] of doors) {
      const publish = { channel: `public:${encodeURIComponent(first)}`, data: { n: 1 }, key: "k" };
      const inTurn = [...doors.filter(([door]) => door === first), ...doors];
      const outcomes: Outcome[] = [];
      for (const [, through] of inTurn) outcomes.push(await through(publish));
      expect(outcomes.map(({ duplicate }) => duplicate)).toEqual([false, true, true, true, true, true]);
      expect(new Set(outcomes.map(({ epoch, offset }) => `${epoch} ${offset}`)).size).toBe(1);
      for (const [door, through] of doors) {
        await expect(through({ ...publish, data: { n: 2 } }), door).rejects.toMatchObject({ code: 409 });
      }
      const history = await served.tide.channel(open, { name: publish.channel.slice(7) }).history(10);
      expect(history.map(({ data }) => data)).toEqual([{ n: 1 }]);
    }
  });

  test("a hundred publishes under one key, through all doors at once, are one", async () => {
    const served = await serveOn();
    const doors = Object.values(await doorsOf(served));
    const publish = { channel: "public:race", data: 1, key: "k" };
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, () => doors.map((through) => through(publish))).flat(),
    );
    expect(outcomes.filter(({ duplicate }) => !duplicate)).toHaveLength(1);
    expect(new Set(outcomes.map(({ offset }) => offset))).toEqual(new Set([1]));
    expect(await served.tide.channel(open, { name: "race" }).history(10)).toHaveLength(1);
  });

  test("parallel publishes of many have no promised order, but one order for all who listen", async () => {
    const served = await serveOn();
    const doors = Object.values(await doorsOf(served));
    const listeners = [clientOf(served.socketUrl), clientOf(served.socketUrl)].map((client) => {
      client.connect();
      const heard: unknown[] = [];
      const subscription = client.newSubscription("public:order");
      const all = new Promise<void>((resolve) => {
        subscription.on("publication", ({ data }) => {
          heard.push(data);
          if (heard.length === 100) resolve();
        });
      });
      subscription.subscribe();
      return { heard, all, ready: subscription.ready() };
    });
    await Promise.all(listeners.map(({ ready }) => ready));
    const publishes = Array.from({ length: 100 }, (_, n) =>
      (doors[n % doors.length] ?? expect.fail("a door was expected"))({ channel: "public:order", data: n }),
    );
    const outcomes = await Promise.all(publishes);
    await Promise.all(listeners.map(({ all }) => all));
    const order = outcomes.map(({ offset }, data) => ({ offset, data }));
    const expected = order.toSorted((a, b) => a.offset - b.offset).map(({ data }) => data);
    for (const { heard } of listeners) expect(heard).toEqual(expected);
  });
});
