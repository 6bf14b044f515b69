// What tests of subscriptions ask: what an application hears of a channel, and when it is live.
import { expect } from "vitest";
import type { Channel, SubscriptionStatus } from "../src/index.ts";
import type { Json, Script } from "./scripted-server.ts";
import { connected, holds, reaches, type Stage } from "./stage.ts";

/** What an application hears of a channel, in order. */
export interface Log {
  readonly entries: unknown[];
  readonly offsets: (number | null)[];
}

export function record(channel: Channel): Log {
  const log: Log = { entries: [], offsets: [] };
  channel.onState((status) => {
    log.entries.push(
      "recovered" in status ? `${status.kind} ${status.recovered ? "recovered" : "unrecovered"}` : status.kind,
    );
  });
  channel.onPublication(({ data, position }) => {
    log.entries.push(data);
    log.offsets.push(position?.offset ?? null);
  });
  channel.onGap((gap) => log.entries.push({ gap }));
  return log;
}

export function is(channel: Channel, kind: SubscriptionStatus["kind"]): Promise<SubscriptionStatus> {
  return holds(channel.onState, () => (channel.status.kind === kind ? channel.status : null));
}

export async function live(stage: Stage, name = "news"): Promise<Channel> {
  const channel = stage.client.channel(name);
  channel.open();
  await connected(stage);
  await is(channel, "live");
  return channel;
}

/** Breaks the connection and waits for the next one's subscribe. */
export async function comeBack({ client, clock, server }: Stage, channel: Channel): Promise<Json> {
  const before = server.all("subscribe").length;
  server.link.cut();
  await reaches(client, "waiting");
  expect(channel.status.kind).toBe("waiting");
  clock.advance(clock.nextMs ?? 0);
  await reaches(client, "connected");
  return server.hears("subscribe", before + 1);
}

export function answering(subscribe: (params: Json) => Json): Script {
  return (method, params) => (method === "subscribe" ? { subscribe: subscribe(params) } : undefined);
}

/** A subscribe reply of a stream with ten publications. */
export const atTen: Json = { recoverable: true, positioned: true, epoch: "e1", offset: 10 };
