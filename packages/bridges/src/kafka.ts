// Kafka topics into channels.
export type { KafkaConsumer, KafkaMessage, KafkaRecord } from "./kafka/consumer.ts";
export {
  type KafkaRelay,
  type KafkaRelayOptions,
  type KafkaRelayStats,
  type KafkaRoute,
  relayKafkaTopics,
} from "./kafka/relay.ts";
