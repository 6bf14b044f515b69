// A member of a group far from the server: `relay-process.ts BROKER TOPIC URL KEY`.
import { httpPublisher } from "@tidewire/bridges";
import { relayKafkaTopics } from "@tidewire/bridges/kafka";
import { consumerOf } from "./consumer.ts";

const [broker = "", topic = "", url = "", apiKey = ""] = process.argv.slice(2);
relayKafkaTopics({
  consumer: () => consumerOf(broker, topic),
  topics: [topic],
  route: ({ key, value }) => ({ channel: `orders:${String(key)}`, data: JSON.parse(String(value)) as unknown }),
  publisher: httpPublisher({ url, apiKey }),
});
console.log("started");
