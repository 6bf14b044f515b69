// The door of @tidewire/bridges: what every bridge shares.
export type { Cancel, Clock } from "./ports/clock.ts";
export { httpPublisher, type HttpPublisherOptions } from "./ports/http-publisher.ts";
export type { Log, LogFields } from "./ports/log.ts";
export { type BridgedOptions, type Publisher, serverPublisher } from "./publisher.ts";
