// A client of RabbitMQ as an application makes it.
import type { RabbitConnection } from "@tidewire/jobs/rabbitmq";
import { connect } from "amqplib";

export function connecting(url: string): () => Promise<RabbitConnection> {
  return () => connect(`${url}?heartbeat=5`, { noDelay: true });
}
