// What `/metrics` tells, as data: the name of each figure, what it means, and the counter that it is read from.
import { closeReasons, requestErrors } from "@tidewire/protocol";
import type { CounterName, SingleName } from "../ports/metrics.ts";
import { dialectNames, endNames, limitNames, proxyEvents } from "../ports/metrics.ts";

/** What a node tells of itself at this moment. */
export interface Figures {
  readonly sessions: number;
  readonly channels: number;
  readonly subscriptions: number;
  readonly members: number;
  /** Connections that wait to be let in. */
  readonly queued: number;
  readonly tailBytes: number;
  readonly isEngineUp: boolean;
  readonly counters: Readonly<Record<string, number>>;
}

/** One value and its labels, all from closed sets. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly read: (figures: Figures) => number;
}

export interface Family {
  readonly name: string;
  readonly kind: "counter" | "gauge";
  readonly help: string;
  readonly labelNames: readonly string[];
  readonly samples: readonly Sample[];
}

interface Single {
  readonly name: string;
  readonly help: string;
  readonly labels?: Readonly<Record<string, string>>;
}

const tokensRefused = { name: "tidewire_tokens_refused_total", help: "Tokens that let nobody in, by what was wrong" };
const recoveries = {
  name: "tidewire_recoveries_total",
  help: "Subscribes that showed a position, by whether all they had missed follows",
};
const repairs = {
  name: "tidewire_channel_repairs_total",
  help: "Times a channel of this node read its engine's log anew, by what it found",
};
const callEnds = {
  name: "tidewire_calls_unanswered_total",
  help: "Calls that were not answered by their handler, by why",
};

/** Each counter that stands by itself. */
const singles: Readonly<Record<SingleName, Single>> = {
  upgrades: { name: "tidewire_upgrades_total", help: "Upgrades to WebSocket that were asked for" },
  requests: { name: "tidewire_requests_total", help: "Requests to /raw/" },
  connections_opened: { name: "tidewire_websockets_opened_total", help: "WebSocket handshakes completed" },
  event_streams: { name: "tidewire_event_streams_opened_total", help: "Event streams opened" },
  protocol_streams: {
    name: "tidewire_protocol_streams_opened_total",
    help: "Streams of the Centrifuge protocol opened by HTTP",
  },
  emulation_requests: {
    name: "tidewire_emulation_requests_total",
    help: "Requests with what a client says whose connection only hears",
  },
  connections_refused: { name: "tidewire_connections_refused_total", help: "Connections refused for being too many" },
  origins_refused: { name: "tidewire_origins_refused_total", help: "Connections refused for the page they came from" },
  connected: { name: "tidewire_sessions_total", help: "Sessions whose connect was accepted" },
  bad_frames: {
    name: "tidewire_bad_frames_total",
    help: "Messages that were none, each of which ended its connection",
  },
  messages_late: {
    name: "tidewire_messages_late_total",
    help: "Messages that waited for a later turn of the event loop",
  },
  reads_late: {
    name: "tidewire_reads_late_total",
    help: "Reads of sockets whose bytes waited for a later turn of the event loop",
  },
  sends_dropped: { name: "tidewire_sends_dropped_total", help: "Commands `send`, which nothing here takes" },
  subscribed: { name: "tidewire_subscribes_total", help: "Subscriptions begun" },
  subscriptions_expired: { name: "tidewire_subscriptions_expired_total", help: "Subscriptions ended with their token" },
  recovered: { ...recoveries, labels: { recovered: "true" } },
  not_recovered: { ...recoveries, labels: { recovered: "false" } },
  gaps: { name: "tidewire_gaps_total", help: "Times that readers were told that publications were lost for them" },
  history_pages: { name: "tidewire_history_pages_total", help: "Pages of history read for readers behind the tail" },
  published: { name: "tidewire_publications_total", help: "Publications that the engine accepted from this node" },
  cleared: { name: "tidewire_history_cleared_total", help: "Times that a channel's history was cleared" },
  reading_held: { name: "tidewire_reading_held_total", help: "Times a client was not read until it had read replies" },
  reading_resumed: { name: "tidewire_reading_resumed_total", help: "Times it was read again" },
  windows_full: { name: "tidewire_windows_full_total", help: "Writes that filled the window of a client with marks" },
  rate_refusals: { name: "tidewire_rate_refusals_total", help: "Commands refused for coming too fast" },
  calls_begun: { name: "tidewire_calls_total", help: "Calls begun" },
  calls_ended: { name: "tidewire_calls_ended_total", help: "Calls whose handlers ended" },
  calls_refused: { ...callEnds, labels: { why: "refused" } },
  calls_canceled: { ...callEnds, labels: { why: "canceled" } },
  calls_timed_out: { ...callEnds, labels: { why: "timed_out" } },
  call_results_dropped: { ...callEnds, labels: { why: "too_late" } },
  call_results_refused: { ...callEnds, labels: { why: "no_room" } },
  tokens_invalid: { ...tokensRefused, labels: { why: "invalid" } },
  tokens_expired: { ...tokensRefused, labels: { why: "expired" } },
  token_keys_unavailable: { ...tokensRefused, labels: { why: "keys_unavailable" } },
  internal_errors: {
    name: "tidewire_internal_errors_total",
    help: "Faults of the server or the application, which are logged",
  },
  renewals_failed: {
    name: "tidewire_renewals_failed_total",
    help: "Times the application was asked to prolong something, and could not say",
  },
  proxy_overloaded: {
    name: "tidewire_proxy_overloaded_total",
    help: "Events that were not sent to a backend, since too many waited for it",
  },
  engine_bad_answers: {
    name: "tidewire_engine_bad_answers_total",
    help: "Answers and announcements of the engine that cannot be, and were not believed",
  },
  engine_down: { name: "tidewire_engine_outages_total", help: "Times the engine stopped answering" },
  engine_up: { name: "tidewire_engine_returns_total", help: "Times it answered again" },
  tail_memory_tight: {
    name: "tidewire_tail_memory_tight_total",
    help: "Publishes while tails held more than four fifths of their memory",
  },
  channel_fills: { ...repairs, labels: { kind: "fill" } },
  channel_tables: { ...repairs, labels: { kind: "table" } },
  channel_breaks: { ...repairs, labels: { kind: "break" } },
  channel_rollbacks: { ...repairs, labels: { kind: "rollback" } },
  connections_compressed: {
    name: "tidewire_connections_compressed_total",
    help: "Connections that agreed on compression",
  },
  lifecycle_forgotten: {
    name: "tidewire_lifecycle_forgotten_total",
    help: "Ended connections, occupancies and memberships that nobody had read to tell of them",
  },
  messages_deflated: {
    name: "tidewire_messages_deflated_total",
    help: "Messages compressed, each once for all its readers",
  },
  deflate_bytes_before: { name: "tidewire_deflate_in_bytes_total", help: "Bytes that compression was given" },
  deflate_bytes_after: { name: "tidewire_deflate_out_bytes_total", help: "Bytes that it made of them" },
  inflations_too_large: {
    name: "tidewire_inflations_too_large_total",
    help: "Compressed messages that inflate to too much",
  },
  inflations_invalid: { name: "tidewire_inflations_invalid_total", help: "Compressed messages that are none" },
};

/** Counted on the way of every delivery. */
const hot: Readonly<Record<string, Single>> = {
  delivered: { name: "tidewire_deliveries_total", help: "Publications handed to subscribers, one for each of them" },
  bytes_sent: { name: "tidewire_sent_bytes_total", help: "Bytes written to sockets, framing included" },
  writes: { name: "tidewire_writes_total", help: "Writes to sockets" },
  messages_received: { name: "tidewire_received_messages_total", help: "Messages and bodies from clients" },
  bytes_received: {
    name: "tidewire_received_bytes_total",
    help: "Bytes of messages and bodies from clients, without framing",
  },
};

const ofCounter =
  (name: string) =>
  ({ counters }: Figures): number =>
    counters[name] ?? 0;

/** One sample for each of a closed set of names. */
function labelled<Name extends string>(
  names: readonly Name[],
  labels: (name: Name) => Readonly<Record<string, string>>,
  counter: (name: Name) => CounterName,
): Pick<Family, "samples" | "labelNames"> {
  const samples = names.map((name) => ({ labels: labels(name), read: ofCounter(counter(name)) }));
  return { samples, labelNames: Object.keys(samples[0]?.labels ?? {}) };
}

/** Counters by name, those of one name together. */
function counted(table: Readonly<Record<string, Single>>): Family[] {
  const families = new Map<string, Family & { readonly samples: Sample[] }>();
  for (const [counter, { name, help, labels = {} }] of Object.entries(table)) {
    const family = families.get(name) ?? { name, help, kind: "counter", labelNames: Object.keys(labels), samples: [] };
    family.samples.push({ labels, read: ofCounter(counter) });
    families.set(name, family);
  }
  return [...families.values()];
}

function gauge(name: string, help: string, read: (figures: Figures) => number): Family {
  return { name, help, kind: "gauge", labelNames: [], samples: [{ labels: {}, read }] };
}

const errorCodes = new Map(Object.entries(requestErrors).map(([name, { code }]) => [name, String(code)]));
const closeCodes = new Map(Object.entries(closeReasons).map(([name, { code }]) => [name, String(code)]));
const errorNames = [...(Object.keys(requestErrors) as (keyof typeof requestErrors)[]), "application"] as const;
const allEnds = [...(Object.keys(closeReasons) as (keyof typeof closeReasons)[]), ...endNames] as const;
const byDialect = (dialect: string): Readonly<Record<string, string>> => ({ dialect });

/** Everything but latencies and the process's own figures. */
export const families: readonly Family[] = [
  {
    name: "tidewire_connections",
    kind: "gauge",
    help: "Open connections, by what they speak",
    labelNames: ["dialect"],
    samples: dialectNames.map((dialect) => {
      const [opened, ended] = [ofCounter(`opened_${dialect}`), ofCounter(`ended_${dialect}`)];
      return { labels: { dialect }, read: (figures: Figures) => opened(figures) - ended(figures) };
    }),
  },
  gauge("tidewire_sessions", "Sessions that are connected", ({ sessions }) => sessions),
  gauge("tidewire_subscriptions", "Subscriptions", ({ subscriptions }) => subscriptions),
  gauge(
    "tidewire_channels",
    "Channels that somebody listens to, or did until a moment ago",
    ({ channels }) => channels,
  ),
  gauge("tidewire_members", "Members present in channels", ({ members }) => members),
  gauge("tidewire_admission_queue", "Connections that wait to be let in", ({ queued }) => queued),
  gauge("tidewire_tail_bytes", "Bytes held by the tails of all channels", ({ tailBytes }) => tailBytes),
  gauge("tidewire_engine_up", "1 while the engine answers", ({ isEngineUp }) => Number(isEngineUp)),
  gauge(
    "tidewire_calls_running",
    "Calls whose handlers have not ended",
    (figures) => ofCounter("calls_begun")(figures) - ofCounter("calls_ended")(figures),
  ),
  {
    name: "tidewire_connections_opened_total",
    kind: "counter",
    help: "Connections opened, by what they speak",
    ...labelled(dialectNames, byDialect, (name) => `opened_${name}`),
  },
  {
    name: "tidewire_connections_closed_total",
    kind: "counter",
    help: "Connections ended, by why",
    ...labelled(
      allEnds,
      (reason) => ({ reason, code: closeCodes.get(reason) ?? "" }),
      (name) => `closed_${name}`,
    ),
  },
  {
    name: "tidewire_request_errors_total",
    kind: "counter",
    help: "Commands answered with an error, by its name and code",
    ...labelled(
      errorNames,
      (reason) => ({ reason, code: errorCodes.get(reason) ?? "" }),
      (name) => `errors_${name}`,
    ),
  },
  {
    name: "tidewire_limit_hits_total",
    kind: "counter",
    help: "Times that a limit was met and its policy happened, by limit",
    ...labelled(
      limitNames,
      (limit) => ({ limit }),
      (name) => `limit_${name}`,
    ),
  },
  {
    name: "tidewire_proxy_failures_total",
    kind: "counter",
    help: "Events that a backend did not answer as it should, by event and why",
    labelNames: ["event", "why"],
    samples: proxyEvents.flatMap((event) =>
      (["failed", "timed_out"] as const).map((why) => ({
        labels: { event, why },
        read: ofCounter(`proxy_${event}_${why}`),
      })),
    ),
  },
  ...counted(hot),
  ...counted(singles),
];

/** How long the engine took. */
export const latencies: readonly {
  readonly name: string;
  readonly help: string;
  readonly of: "publishing" | "reading";
}[] = [
  {
    name: "tidewire_engine_publish_seconds",
    help: "Seconds until the engine had answered a publish",
    of: "publishing",
  },
  {
    name: "tidewire_engine_read_seconds",
    help: "Seconds until the engine had answered a read of history",
    of: "reading",
  },
];
