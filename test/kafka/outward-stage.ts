// A server whose channels are written into a topic; each for one test.
import { type ChannelRelay, type ChannelRelayOptions, relayChannelsToKafka } from "@tidewire/bridges/kafka";
import { defineChannel } from "@tidewire/protocol";
import { onTestFinished, type TestContext, vi } from "vitest";
import { RecordedLog, type Served, type ServerOptions, serve } from "../serving.ts";
import { KafkaServer } from "../services/kafka.ts";
import { readTopic, type TopicRecord, writersOf } from "./writers.ts";

export const orders = defineChannel("orders:{id}", { history: { size: 5_000, ttlMs: 300_000 } });
export const few = defineChannel("few:{id}", { history: { size: 10, ttlMs: 300_000 } });
export const prices = defineChannel("prices", {
  mode: "latest",
  key: (value: unknown) => String((value as { readonly of: string }).of),
});
export const blobs = defineChannel("blobs", { data: "bytes", history: { size: 10, ttlMs: 300_000 } });
export const apiKey = "a key for tests";
const calls = defineChannel("calls", { mode: "signal" });

export const waited = { timeout: 40_000, interval: 50 };

export interface OutwardStage {
  readonly kafka: KafkaServer;
  readonly topic: string;
  readonly served: Served;
  readonly log: RecordedLog;
  readonly relay: (options?: Partial<ChannelRelayOptions>) => ChannelRelay;
  /** What the topic has of a channel. */
  readonly written: (channel: string) => Promise<readonly TopicRecord[]>;
}

let topics = 0;

export async function outward(
  context: TestContext,
  given: { readonly kafka?: KafkaServer | undefined; readonly server?: Partial<ServerOptions> } = {},
): Promise<OutwardStage> {
  const kafka = given.kafka ?? (await KafkaServer.forTest(context));
  topics += 1;
  const topic = `out-${topics}`;
  await kafka.topic(topic, 3);
  const served = await serve({ channels: [orders, few, prices, blobs, calls], apiKey, ...given.server });
  const log = new RecordedLog();
  return {
    kafka,
    topic,
    served,
    log,
    relay(options = {}) {
      const given = { kafka: writersOf(kafka.address), topic, histories: served.tide.histories, pollMs: 20, log };
      const relay = relayChannelsToKafka({ ...given, channels: [], takeoverMs: 2_000, ...options });
      onTestFinished(() => relay.stop());
      return relay;
    },
    written: async (channel) => (await readTopic(kafka.address, topic)).filter(({ key }) => key === channel),
  };
}

export async function publishAll({ tide }: Served, id: string, values: readonly unknown[]): Promise<void> {
  const channel = tide.channel(orders, { id });
  for (const value of values) await channel.publish(value);
}

export const valuesOf = (records: readonly TopicRecord[]): readonly unknown[] =>
  records.map(({ value }) => (value === null ? null : (JSON.parse(value) as unknown)));

/** Waits until a relay has written so many publications. */
export const untilWritten = (relay: ChannelRelay, count: number): Promise<void> =>
  vi.waitFor(() => {
    const { written } = relay.stats();
    if (written < count) throw new Error(`${written} of ${count} are written`);
  }, waited);
