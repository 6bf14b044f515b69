// A topic, and a server whose channels it feeds; each for one test.
import { type Publisher, serverPublisher } from "@tidewire/bridges";
import { type KafkaRelay, type KafkaRelayOptions, type KafkaRoute, relayKafkaTopics } from "@tidewire/bridges/kafka";
import { defineChannel } from "@tidewire/protocol";
import type { Consumer } from "@platformatic/kafka";
import { onTestFinished, type TestContext } from "vitest";
import { KafkaServer } from "../services/kafka.ts";
import { consumerOf } from "./consumer.ts";
import { RecordedLog, serve } from "../serving.ts";

const orders = defineChannel("orders:{id}", {
  history: { size: 10_000, ttlMs: 300_000 },
  publishers: "server",
});

export interface Stage {
  readonly server: KafkaServer;
  readonly topic: string;
  readonly log: RecordedLog;
  readonly publisher: Publisher;
  readonly relay: (options?: Partial<KafkaRelayOptions>) => KafkaRelay;
  /** What a channel was given, in order. */
  readonly published: (id: string) => Promise<readonly unknown[]>;
}

let topics = 0;

/** The channel of a record is its key. */
const route: KafkaRelayOptions["route"] = ({ key, value }): KafkaRoute => ({
  channel: `orders:${String(key)}`,
  data: JSON.parse(String(value)) as unknown,
});

export async function stage(
  context: TestContext,
  given: { readonly server?: KafkaServer | undefined; readonly partitions?: number } = {},
): Promise<Stage> {
  const server = given.server ?? (await KafkaServer.forTest(context));
  topics += 1;
  const topic = `orders-${topics}`;
  await server.topic(topic, given.partitions);
  const { tide } = await serve({ channels: [orders] });
  const log = new RecordedLog();
  const publisher = serverPublisher(tide, [orders]);
  return {
    server,
    topic,
    log,
    publisher,
    relay(options = {}) {
      const consumer = (): Consumer => consumerOf(server.address, topic);
      const relay = relayKafkaTopics({ consumer, topics: [topic], route, publisher, log, ...options });
      onTestFinished(() => relay.stop());
      return relay;
    },
    published: async (id) => (await tide.channel(orders, { id }).history(1_000)).map(({ data }) => data),
  };
}

/** Records of one key, numbered. */
export const numbered = (
  key: string,
  count: number,
  partition = 0,
): readonly { readonly key: string; readonly value: string; readonly partition: number }[] =>
  Array.from({ length: count }, (_, n) => ({ key, value: String(n), partition }));

export const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, n) => n);
