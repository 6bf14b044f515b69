"use client";
// The door of @tidewire/react.
export { TidewireProvider, type TidewireProviderProps, useClient } from "./provider.tsx";
export { useCall } from "./use-call.ts";
export { type ChannelView, useChannel, type UseChannelOptions } from "./use-channel.ts";
export { useConnection } from "./use-connection.ts";
export { type JobView, useJob } from "./use-job.ts";
export {
  type LatestKeysView,
  type LatestView,
  useLatest,
  useLatestKey,
  useLatestKeys,
  type UseLatestOptions,
} from "./use-latest.ts";
export { type LogView, useLog, type UseLogOptions } from "./use-log.ts";
export { type PresenceView, usePresence } from "./use-presence.ts";
export { type NewestCall, useNewestCall } from "./use-newest-call.ts";
