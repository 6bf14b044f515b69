// The door "@tidewire/jobs/rabbitmq": jobs that are ordered, done and looked at through RabbitMQ.
export { rabbitmqKeeper, type RabbitmqKeeper, type RabbitmqKeeperOptions } from "./rabbitmq/keeper.ts";
export type { RabbitChannel, RabbitConnection, RabbitDelivery, RabbitPublishOptions } from "./rabbitmq/library.ts";
export { rabbitmqStore, type RabbitmqOptions } from "./rabbitmq/rabbitmq-store.ts";
