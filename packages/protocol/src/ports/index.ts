// The door @tidewire/protocol/ports: what our packages for Node ask of the world. Pages get nothing of it.
export { type Cancel, type Clock, systemClock, toDate } from "./clock.ts";
export { makeFolder, syncFolder } from "./folder.ts";
export { type Log, type LogFields, reasonOf, silentLog } from "./log.ts";
export { type Random, systemRandom } from "./random.ts";
export { httpPublish, httpPublishTogether, type HttpPublisherOptions } from "./server-api.ts";
export { threadFlags } from "./thread-flags.ts";
