// The door of @tidewire/client.
export type { Channel, HistoryOptions, Published, PublishOptions } from "./channel.ts";
export { type CallOptions, type Client, type ClientOptions, createClient, type ParamArguments } from "./client.ts";
export type { Cancel, Clock, Random } from "./clock.ts";
export type { ConnectionState, EndReason } from "./connection-state.ts";
export type { Page, PageChange } from "./page.ts";
export type { PresenceStats } from "./presence.ts";
export type { Gap, HistoryPage, Publication } from "./publication.ts";
export type { Store } from "./store.ts";
export type { OpenOptions, PlainChannelOptions } from "./subscription-options.ts";
export type { MemberChange, SubscriptionStatus } from "./subscription-status.ts";
export type { TokenSource } from "./tokens.ts";
export type { Transport, TransportConnection, TransportEvents } from "./transport.ts";
export { webSocketTransport } from "./transports/websocket.ts";
