// Kafka topics into channels, and channels into a topic.
export { type ChannelRelay, relayChannelsToKafka } from "./kafka/channel-relay.ts";
export type { ChannelRelayOptions, ChannelRelayStats } from "./kafka/channel-relay-options.ts";
export type { KafkaConsumer, KafkaMessage, KafkaRecord } from "./kafka/consumer.ts";
export type { ChannelGap, GapReason } from "./kafka/continuation.ts";
export type { Histories, KeptPage, KeptPublication } from "./kafka/histories.ts";
export {
  type KafkaRelay,
  type KafkaRelayOptions,
  type KafkaRelayStats,
  type KafkaRoute,
  relayKafkaTopics,
} from "./kafka/relay.ts";
export type {
  KafkaDraft,
  KafkaMetadata,
  KafkaOperator,
  KafkaProducer,
  KafkaProducerSettings,
  KafkaReader,
  KafkaTransaction,
  KafkaWriters,
} from "./kafka/writers.ts";
