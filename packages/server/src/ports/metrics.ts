// Counters, by fixed names: no text that a user chose ever becomes a name or a label.
import type { CloseReasonName, RequestErrorName } from "@tidewire/protocol";
import { Latency } from "./latency.ts";

/** Limits whose policy is counted each time it happens; docs/limits.md says what it is. */
export const limitNames = [
  "headerMs",
  "headerBytes",
  "firstCommandMs",
  "unansweredRequests",
  "messageBytes",
  "requestBodyBytes",
  "fragments",
  "pendingPongs",
  "commandsPerFrame",
  "jsonDepth",
  "jsonKeys",
  "channelNameBytes",
  "channelsPerConnection",
  "controlFrames",
  "controlBytes",
  "replyBytes",
  "watermarkBytes",
  "pongTimeoutMs",
  "expiryGraceMs",
  "stalledMs",
  "closeTimeoutMs",
  "connections",
  "connectionsPerAddress",
  "newPerAddressPerSecond",
  "newPerSecond",
  "admissionQueue",
  "admissionQueueMs",
  "connectionsPerUser",
  "subscribesPerSecond",
  "publishesPerSecond",
  "publishBytesPerSecond",
  "userPublishesPerSecond",
  "channelPublishes",
  "callsPerSecond",
  "refusalsInARow",
  "callsPerConnection",
  "callDeadlineMs",
  "membersShown",
  "memberBytes",
  "tailsBytes",
  "publicationBytes",
  "latestTable",
  "historyReads",
  "historyPublications",
] as const;

export type LimitName = (typeof limitNames)[number];

/** What connections speak. */
export const dialectNames = [
  "centrifuge-json",
  "centrifuge-protobuf",
  "centrifuge-unidirectional",
  "raw-websocket",
  "raw-events",
  "raw-request",
  "echo",
] as const;

export type DialectName = (typeof dialectNames)[number];

/** Why a connection ended, beside the server's reasons; docs/metrics.md says when. */
export const endNames = ["application", "answered", "client", "cut", "error", "lost", "protocol"] as const;

export type EndName = (typeof endNames)[number];

/** What a backend of the application is asked. */
export const proxyEvents = ["connect", "refresh", "subscribe", "sub_refresh", "publish", "rpc"] as const;

export type ProxyEvent = (typeof proxyEvents)[number];

/** Counters that stand by themselves. */
export type SingleName =
  | "bad_frames"
  | "call_results_dropped"
  | "call_results_refused"
  | "calls_begun"
  | "calls_canceled"
  | "calls_ended"
  | "calls_refused"
  | "calls_timed_out"
  | "channel_breaks"
  | "channel_fills"
  | "channel_rollbacks"
  | "channel_tables"
  | "cleared"
  | "connected"
  | "connections_compressed"
  | "connections_opened"
  | "connections_refused"
  | "deflate_bytes_after"
  | "deflate_bytes_before"
  | "engine_bad_answers"
  | "engine_down"
  | "emulation_requests"
  | "engine_up"
  | "event_streams"
  | "gaps"
  | "history_pages"
  | "inflations_invalid"
  | "inflations_too_large"
  | "internal_errors"
  | "lifecycle_forgotten"
  | "messages_deflated"
  | "not_recovered"
  | "origins_refused"
  | "protocol_streams"
  | "proxy_overloaded"
  | "published"
  | "rate_refusals"
  | "reading_held"
  | "reading_resumed"
  | "recovered"
  | "renewals_failed"
  | "requests"
  | "messages_late"
  | "reads_late"
  | "sends_dropped"
  | "subscribed"
  | "subscriptions_expired"
  | "tail_memory_tight"
  | "token_keys_unavailable"
  | "tokens_expired"
  | "tokens_invalid"
  | "upgrades"
  | "windows_full";

export type CounterName =
  | SingleName
  | `closed_${CloseReasonName | EndName}`
  | `ended_${DialectName}`
  | `errors_${RequestErrorName | "application"}`
  | `limit_${LimitName}`
  | `proxy_${ProxyEvent}_${"failed" | "timed_out"}`
  | `opened_${DialectName}`;

/** Counts what happened since the start. */
export class Metrics {
  // What each delivery counts has a field of its own: a look into a table would cost more than the rest of it.
  /** Publications handed to subscribers, one for each. */
  delivered = 0;
  /** Bytes and writes to sockets, framing included. */
  bytesSent = 0;
  writes = 0;
  /** Messages and bodies from clients, and their bytes without framing. */
  messagesReceived = 0;
  bytesReceived = 0;
  /** How long the engine took. */
  readonly publishing: Latency = new Latency();
  readonly reading: Latency = new Latency();
  readonly #counts = new Map<CounterName, number>();

  add(name: CounterName, amount = 1): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + amount);
  }

  /** A limit was met, and its policy happens. */
  hit(limit: LimitName): void {
    this.add(`limit_${limit}`);
  }

  /** 0 for what has not happened. */
  get(name: CounterName): number {
    return this.#counts.get(name) ?? 0;
  }

  snapshot(): Readonly<Record<string, number>> {
    return {
      ...Object.fromEntries(this.#counts),
      delivered: this.delivered,
      bytes_sent: this.bytesSent,
      writes: this.writes,
      messages_received: this.messagesReceived,
      bytes_received: this.bytesReceived,
    };
  }
}
