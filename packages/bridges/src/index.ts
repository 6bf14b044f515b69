// The door of @tidewire/bridges: what every bridge shares.
export type { Cancel, HttpPublisherOptions, Log, LogFields } from "@tidewire/protocol/ports";
export type { Clock } from "./ports/clock.ts";
export { type BridgedOptions, httpPublisher, type Publisher, serverPublisher } from "./publisher.ts";
