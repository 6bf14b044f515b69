// Tokens and server-side subscriptions, as the official JavaScript SDK uses them: unmodified, in JSON and in Protobuf.
import { defineChannel } from "@tidewire/protocol";
import type { Clock } from "@tidewire/server";
import { tokenOf, tokenSecret } from "@tidewire/server/testing";
import { Centrifuge, type Options, type Subscription } from "centrifuge";
import { Centrifuge as ProtobufCentrifuge } from "centrifuge/build/protobuf";
import { describe, expect, onTestFinished, test } from "vitest";
import WebSocket from "ws";
import { open, serve, type Served } from "./serving.ts";

const orders = defineChannel("$orders:{id}", { history: { size: 100, ttlMs: 300_000 }, presence: true });

/** The machine's clock, whose time of day a test may set. */
class SettableClock implements Clock {
  aheadMs = 0;

  now(): number {
    return performance.now();
  }

  wall(): number {
    return Date.now() + this.aheadMs;
  }

  /** Seconds since 1970, `seconds` from now. */
  in(seconds: number): number {
    return this.wall() / 1_000 + seconds;
  }

  after(ms: number, act: () => void): () => void {
    const timer = setTimeout(act, ms).unref();
    return () => clearTimeout(timer);
  }

  defer(act: () => void): void {
    setImmediate(act);
  }
}

// The Protobuf form is a subclass, in a build of its own with classes of its own.
const forms = { JSON: Centrifuge, Protobuf: ProtobufCentrifuge as unknown as typeof Centrifuge } as const;
const utf8 = new TextDecoder();

/** What was published, in either form. */
const valueOf = (data: unknown): unknown =>
  data instanceof Uint8Array ? (JSON.parse(utf8.decode(data)) as unknown) : data;

/** Waits for conditions; looks whenever it is told to. */
class Watch {
  #waiting: (() => void)[] = [];

  readonly look = (): void => {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  };

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => void this.#waiting.push(resolve));
  }
}

describe.each(Object.keys(forms) as (keyof typeof forms)[])("the SDK in %s", (form) => {
  const clientOf = ({ socketUrl }: Served, options: Partial<Options>): Centrifuge => {
    const client = new forms[form](`${socketUrl}/connection/websocket`, {
      websocket: WebSocket,
      minReconnectDelay: 1,
      maxReconnectDelay: 20,
      ...options,
    });
    onTestFinished(() => client.disconnect());
    return client;
  };
  const begin = async (clock = new SettableClock()): Promise<{ served: Served; clock: SettableClock }> => {
    const served = await serve({
      channels: [open, orders],
      tokens: { secret: tokenSecret },
      mode: "production",
      clock,
    });
    return { served, clock };
  };

  test("connects with a token from getToken, and shows what it says", async () => {
    const { served } = await begin();
    const client = clientOf(served, { getToken: async () => tokenOf({ sub: "42", info: { name: "Ann" } }) });
    client.connect();
    await client.ready();
    const subscription = client.newSubscription("public:a");
    subscription.subscribe();
    await subscription.ready();
    const [member] = Object.values((await client.presence("public:a")).clients);
    expect([member?.user, valueOf(member?.connInfo)]).toEqual(["42", { name: "Ann" }]);
  });

  test("is told for good that a forged token is none", async () => {
    const { served } = await begin();
    const client = clientOf(served, { token: `${tokenOf({ sub: "42" })}x` });
    const ended = new Promise<number>((resolve) => client.on("disconnected", ({ code }) => resolve(code)));
    client.connect();
    expect(await ended).toBe(3500);
  });

  test("refreshes at its ttl, again and again, without losing its connection", async () => {
    const { served, clock } = await begin();
    const watch = new Watch();
    let asked = 0;
    const clients: string[] = [];
    const getToken = async (): Promise<string> => {
      asked += 1;
      watch.look();
      return tokenOf({ sub: "42", exp: clock.in(asked > 2 ? 600 : 2) });
    };
    const client = clientOf(served, { getToken });
    client.on("connected", (context) => void clients.push(context.client));
    client.connect();
    await watch.until(() => asked === 3);
    await client.ready();
    await client.history("public:a");
    expect(clients.length).toBe(1);
    expect(served.tide.stats().counters["closed_connection_expired"]).toBeUndefined();
  });

  test("fetches a new token when its own has expired, at first and after a cut", async () => {
    const { served, clock } = await begin();
    const watch = new Watch();
    let [asked, connections, session] = [0, 0, ""];
    const getToken = async (): Promise<string> => {
      asked += 1;
      return tokenOf({ sub: "42", exp: clock.in(600) });
    };
    const client = clientOf(served, { token: tokenOf({ sub: "42", exp: clock.in(-10) }), getToken });
    client.on("connected", (context) => {
      connections += 1;
      session = context.client;
      watch.look();
    });
    client.connect();
    await watch.until(() => connections === 1);
    expect(asked).toBe(1);
    // The time of day goes on by an hour.
    clock.aheadMs = 3_600_000;
    served.tide.cut(session);
    await watch.until(() => connections === 2);
    expect(asked).toBe(2);
    expect(served.tide.stats().counters["tokens_expired"]).toBe(2);
  });

  test("subscribes to a private channel with a token of its own, and refreshes that", async () => {
    const { served, clock } = await begin();
    const client = clientOf(served, { token: tokenOf({ sub: "42" }) });
    client.connect();
    await client.ready();
    const watch = new Watch();
    let asked = 0;
    const getToken = async ({ channel }: { channel: string }): Promise<string> => {
      asked += 1;
      watch.look();
      return tokenOf({ sub: "42", channel, exp: clock.in(asked > 2 ? 600 : 2), info: { role: "buyer" } });
    };
    const stale = tokenOf({ sub: "42", channel: "$orders:1", exp: clock.in(-10) });
    const subscription: Subscription = client.newSubscription("$orders:1", { getToken, token: stale });
    const states: string[] = [];
    subscription.on("state", ({ newState }) => void states.push(newState));
    subscription.subscribe();
    await watch.until(() => asked === 3);
    const [member] = Object.values((await subscription.presence()).clients);
    expect(valueOf(member?.chanInfo)).toEqual({ role: "buyer" });
    expect(states).toEqual(["subscribing", "subscribed"]);
    const refused = client.newSubscription("$orders:2");
    const code = new Promise<number>((resolve) => refused.on("unsubscribed", (context) => resolve(context.code)));
    refused.subscribe();
    expect(await code).toBe(103);
  });

  test("is subscribed by the server, recovers after cuts, and is subscribed and unsubscribed live", async () => {
    const { served } = await begin();
    const watch = new Watch();
    const told: unknown[] = [];
    const values: unknown[] = [];
    let session = "";
    const token = tokenOf({ sub: "42", channels: ["$orders:1"] });
    const client = clientOf(served, { token });
    client.on("connected", (context) => void (session = context.client));
    client.on("subscribed", ({ channel, wasRecovering, recovered }) => {
      told.push([channel, wasRecovering, recovered]);
      watch.look();
    });
    client.on("unsubscribed", ({ channel }) => {
      told.push(channel);
      watch.look();
    });
    client.on("publication", ({ channel, data }) => {
      values.push(channel === "$orders:1" ? valueOf(data) : [channel, valueOf(data)]);
      watch.look();
    });
    client.connect();
    await watch.until(() => told.length === 1);
    const channel = served.tide.channel(orders, { id: "1" });
    for (let round = 0; round < 3; round += 1) {
      for (let n = 0; n < 3; n += 1) await channel.publish(round * 6 + n);
      expect(served.tide.cut(session)).toBe(true);
      for (let n = 3; n < 6; n += 1) await channel.publish(round * 6 + n);
      await watch.until(() => told.length === round + 2 && values.length === round * 6 + 6);
    }
    expect(values).toEqual(Array.from({ length: 18 }, (_, n) => n));
    expect(told).toEqual([["$orders:1", false, false], ...Array.from({ length: 3 }, () => ["$orders:1", true, true])]);
    expect(await served.tide.subscribe(session, "public:a")).toBe(true);
    await served.tide.channel(open, { name: "a" }).publish("live");
    await watch.until(() => values.length === 19);
    expect(await served.tide.unsubscribe(session, "public:a")).toBe(true);
    await watch.until(() => told.length === 6);
    expect([told.slice(4), values.at(-1)]).toEqual([
      [["public:a", false, false], "public:a"],
      ["public:a", "live"],
    ]);
    expect(await served.tide.subscribe("nobody", "public:a")).toBe(false);
    expect(await served.tide.unsubscribe("nobody", "public:a")).toBe(false);
  });
});
