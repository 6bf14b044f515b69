// What the dashboard shows, as data: its rows, their panels, and what each asks Prometheus.
import { now, quantile, rate, stored, total } from "./queries.ts";

export interface Query {
  readonly expr: string;
  /** What its lines are called; `{{label}}` stands for a label's value. */
  readonly legend: string;
}

export interface Panel {
  readonly title: string;
  /** What it is for: what to see in it, and what that means. */
  readonly about: string;
  /** As Grafana names it. */
  readonly unit: string;
  /** Lines that add up to something. */
  readonly isStacked?: true;
  readonly queries: readonly Query[];
}

export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

const half = "half of them";
const most = "all but one in a hundred";

/** How long something takes: half of them, and all but one in a hundred. */
function times(histogram: string, label?: string): readonly Query[] {
  const labels = label === undefined ? [] : [label];
  const whose = label === undefined ? "" : `{{${label}}}, `;
  return [
    { expr: quantile(0.5, histogram, ...labels), legend: `${whose}${half}` },
    { expr: quantile(0.99, histogram, ...labels), legend: `${whose}${most}` },
  ];
}

const connections: Row = {
  title: "Connections and sessions",
  panels: [
    {
      title: "Sessions by node",
      about: "Clients that are connected. After a node has drained the others have what it had.",
      unit: "short",
      isStacked: true,
      queries: [{ expr: now("tidewire_sessions"), legend: "{{node}}" }],
    },
    {
      title: "Connections by dialect",
      about:
        "What open connections speak. Many streams or emulated ones mean that something on the way lets no WebSocket through.",
      unit: "short",
      isStacked: true,
      queries: [{ expr: total(now("tidewire_connections", "dialect"), "dialect"), legend: "{{dialect}}" }],
    },
    {
      title: "Subscriptions, channels, members",
      about: "A member is counted once for each channel.",
      unit: "short",
      queries: [
        { expr: total(now("tidewire_subscriptions")), legend: "subscriptions" },
        { expr: total(now("tidewire_channels")), legend: "channels" },
        { expr: total(now("tidewire_members")), legend: "members" },
      ],
    },
    {
      title: "Connections opened and ended",
      about:
        "Opened ones above ended ones for long: somebody comes. Both high: somebody comes and goes, often one who cannot get in.",
      unit: "cps",
      queries: [
        { expr: total(rate("tidewire_connections_opened_total", "dialect")), legend: "opened" },
        { expr: total(rate("tidewire_connections_closed_total", "reason")), legend: "ended" },
      ],
    },
    {
      title: "Ends by reason",
      about:
        "slow: did not read for a minute. no_pong: the line was dead. shutdown: a drain. docs/errors.md has them all.",
      unit: "cps",
      isStacked: true,
      queries: [
        { expr: `${total(rate("tidewire_connections_closed_total", "reason"), "reason")} > 0`, legend: "{{reason}}" },
      ],
    },
    {
      title: "Commands answered with an error",
      about:
        "indeterminate: nobody can know whether it was done. engine_unavailable: the log does not answer. internal: look at the server's log.",
      unit: "cps",
      isStacked: true,
      queries: [
        { expr: `${total(rate("tidewire_request_errors_total", "reason"), "reason")} > 0`, legend: "{{reason}}" },
      ],
    },
  ],
};

const deliveries: Row = {
  title: "Publications and deliveries",
  panels: [
    {
      title: "Publications and deliveries",
      about:
        "A publication is delivered once to each subscriber. Publications without deliveries: nobody listens, or nobody is reached.",
      unit: "cps",
      queries: [
        { expr: total(rate("tidewire_publications_total")), legend: "publications" },
        { expr: total(rate("tidewire_deliveries_total")), legend: "deliveries" },
      ],
    },
    {
      title: "Until a publication is accepted",
      about:
        "From the publish until the engine has answered it: what a publisher waits for. Steps from half a millisecond to five seconds.",
      unit: "s",
      queries: times("tidewire_engine_publish_seconds"),
    },
    {
      title: "Bytes to and from clients",
      about: "To clients with framing, from them without.",
      unit: "Bps",
      queries: [
        { expr: total(rate("tidewire_sent_bytes_total")), legend: "to clients" },
        { expr: total(rate("tidewire_received_bytes_total")), legend: "from clients" },
      ],
    },
    {
      title: "Recoveries",
      about:
        "Clients that came back, by whether all they had missed followed. Those that were not recovered were away for longer than history reaches.",
      unit: "cps",
      queries: [
        {
          expr: total(rate("tidewire_recoveries_total", "recovered"), "recovered"),
          legend: "recovered: {{recovered}}",
        },
      ],
    },
    {
      title: "Readers that fall behind",
      about:
        "Full windows and held reading are backpressure at work; pages of history feed who is behind the tail. Gaps are losses that readers were told of.",
      unit: "cps",
      queries: [
        { expr: total(rate("tidewire_windows_full_total")), legend: "windows full" },
        { expr: total(rate("tidewire_reading_held_total")), legend: "not read until they read" },
        { expr: total(rate("tidewire_history_pages_total")), legend: "pages of history" },
        { expr: total(rate("tidewire_gaps_total")), legend: "gaps" },
      ],
    },
    {
      title: "Calls",
      about: "Calls that run, and those that were not answered by their handler, by why.",
      unit: "short",
      queries: [
        { expr: total(now("tidewire_calls_running")), legend: "running" },
        { expr: total(rate("tidewire_calls_total")), legend: "begun a second" },
        { expr: `${total(rate("tidewire_calls_unanswered_total", "why"), "why")} > 0`, legend: "{{why}} a second" },
      ],
    },
  ],
};

const loop: Row = {
  title: "Event loop and memory",
  panels: [
    {
      title: "Event loop: how late",
      about:
        "All but one in a hundred turns were at most so late. About a hundredth of a second is how exactly it is measured. Everything a node does waits so long.",
      unit: "s",
      queries: [{ expr: now("nodejs_eventloop_lag_p99_seconds"), legend: "{{node}}" }],
    },
    {
      title: "Processor",
      about:
        "Cores that a process keeps busy. One event loop has one, and garbage is collected and TLS done beside it: near 1, more nodes or workers help.",
      unit: "short",
      queries: [{ expr: rate("process_cpu_seconds_total"), legend: "{{node}}" }],
    },
    {
      title: "Memory",
      about: "What the system gave each process, and what of it the heap holds.",
      unit: "bytes",
      queries: [
        { expr: now("process_resident_memory_bytes"), legend: "{{node}}, resident" },
        { expr: now("nodejs_heap_size_used_bytes"), legend: "{{node}}, heap" },
      ],
    },
    {
      title: "Memory of tails",
      about:
        "What channels hold for readers that come back. At four fifths of the limit tailsBytes tails are cut short.",
      unit: "bytes",
      queries: [{ expr: now("tidewire_tail_bytes"), legend: "{{node}}" }],
    },
    {
      title: "Descriptors",
      about:
        "Share of the files and sockets that the process may open. At nine tenths the limit connections refuses whoever comes, unless it was set.",
      unit: "percentunit",
      queries: [{ expr: `${now("process_open_fds")} / ${now("process_max_fds")}`, legend: "{{node}}" }],
    },
    {
      title: "Collecting garbage",
      about: "Seconds of each second, by kind; major ones stop everything.",
      unit: "s",
      queries: [{ expr: rate("nodejs_gc_duration_seconds_sum", "kind"), legend: "{{node}}, {{kind}}" }],
    },
  ],
};

const refusals: Row = {
  title: "Refusals",
  panels: [
    {
      title: "Limits that were met",
      about: "By limit; docs/limits.md says what each does, and which option it is.",
      unit: "cps",
      isStacked: true,
      queries: [{ expr: `${total(rate("tidewire_limit_hits_total", "limit"), "limit")} > 0`, legend: "{{limit}}" }],
    },
    {
      title: "Connections that were not let in",
      about: "For being too many, and for the page they came from. The queue is those that wait to be let in.",
      unit: "short",
      queries: [
        { expr: total(rate("tidewire_connections_refused_total")), legend: "too many, a second" },
        { expr: total(rate("tidewire_origins_refused_total")), legend: "foreign origin, a second" },
        { expr: total(now("tidewire_admission_queue")), legend: "in the queue" },
      ],
    },
    {
      title: "Tokens, rates, malformed messages",
      about: "keys_unavailable: the issuer's keys cannot be fetched, and nobody with a token gets in.",
      unit: "cps",
      queries: [
        { expr: total(rate("tidewire_tokens_refused_total", "why"), "why"), legend: "token: {{why}}" },
        { expr: total(rate("tidewire_rate_refusals_total")), legend: "too fast" },
        { expr: total(rate("tidewire_bad_frames_total")), legend: "no message" },
      ],
    },
    {
      title: "A backend that does not answer",
      about:
        "Events that a backend decides and did not, by event and why; those above what may wait for it are not sent.",
      unit: "cps",
      queries: [
        {
          expr: `${total(rate("tidewire_proxy_failures_total", "event", "why"), "event", "why")} > 0`,
          legend: "{{event}}: {{why}}",
        },
        { expr: total(rate("tidewire_proxy_overloaded_total")), legend: "not sent" },
      ],
    },
  ],
};

const engine: Row = {
  title: "Engine",
  panels: [
    {
      title: "Engine answers",
      about:
        "1 while it does. Without it a node publishes nothing and says that it is not ready; the clients it has stay.",
      unit: "short",
      queries: [{ expr: now("tidewire_engine_up"), legend: "{{node}}" }],
    },
    {
      title: "Until history is read",
      about: "From asking the engine for a page of history until it came. Who comes back waits for it.",
      unit: "s",
      queries: times("tidewire_engine_read_seconds"),
    },
    {
      title: "Repairs, faults, bad answers",
      about:
        "Repairs after an outage are how nothing is lost; a rollback is a log that came back older than it was. Faults are in the server's log.",
      unit: "cps",
      queries: [
        { expr: total(rate("tidewire_channel_repairs_total", "kind"), "kind"), legend: "repair: {{kind}}" },
        { expr: total(rate("tidewire_engine_outages_total")), legend: "outages" },
        { expr: total(rate("tidewire_engine_bad_answers_total")), legend: "bad answers" },
        { expr: total(rate("tidewire_internal_errors_total")), legend: "faults" },
      ],
    },
  ],
};

const jobs: Row = {
  title: "Jobs",
  panels: [
    {
      title: "Queues",
      about: "What is in the store, by name and state. Jobs that wait for a time wait too.",
      unit: "short",
      queries: [{ expr: stored("tidewire_jobs", "name", "state"), legend: "{{name}}: {{state}}" }],
    },
    {
      title: "Oldest job that waits",
      about: "Since it could begin, or be tried again. Grows second by second: nobody takes jobs of that name.",
      unit: "s",
      queries: [{ expr: stored("tidewire_jobs_oldest_waiting_seconds", "name"), legend: "{{name}}" }],
    },
    {
      title: "How long jobs wait",
      about: "From when a job could begin until a worker took it first. Grows: more workers, or more of them at once.",
      unit: "s",
      queries: times("tidewire_job_wait_seconds", "name"),
    },
    {
      title: "How long runs take",
      about: "However they end. A run that takes as long as it may hangs, or needs more time.",
      unit: "s",
      queries: times("tidewire_job_run_seconds", "name"),
    },
    {
      title: "Runs by outcome",
      about:
        "lost: another worker took the job over, since this one had been silent for its lease. dead: given up, and kept for thirty days.",
      unit: "cps",
      isStacked: true,
      queries: [
        {
          expr: `${total(rate("tidewire_job_runs_total", "name", "outcome"), "name", "outcome")} > 0`,
          legend: "{{name}}: {{outcome}}",
        },
      ],
    },
    {
      title: "Handlers that run",
      about: "At a worker's concurrency for long: it has as much as it can do.",
      unit: "short",
      queries: [{ expr: now("tidewire_jobs_running", "name"), legend: "{{node}}: {{name}}" }],
    },
    {
      title: "Store of jobs answers",
      about: "1 while it does, for each process that has it open.",
      unit: "short",
      queries: [{ expr: now("tidewire_jobs_store_up"), legend: "{{node}}" }],
    },
  ],
};

const webhooks: Row = {
  title: "Webhooks",
  panels: [
    {
      title: "Deliveries that wait",
      about: "And dead letters, which were given up and are kept.",
      unit: "short",
      queries: [
        { expr: stored("tidewire_webhook_waiting", "endpoint"), legend: "{{endpoint}}: waiting" },
        { expr: stored("tidewire_webhook_dead_letters", "endpoint"), legend: "{{endpoint}}: dead letters" },
      ],
    },
    {
      title: "Oldest that waits",
      about: "Since it was taken, or tried anew.",
      unit: "s",
      queries: [{ expr: stored("tidewire_webhook_oldest_waiting_seconds", "endpoint"), legend: "{{endpoint}}" }],
    },
    {
      title: "Attempts by outcome",
      about: "Requests to endpoints. One that fails is tried again for a day.",
      unit: "cps",
      queries: [
        {
          expr: total(rate("tidewire_webhook_attempts_total", "endpoint", "outcome"), "endpoint", "outcome"),
          legend: "{{endpoint}}: {{outcome}}",
        },
      ],
    },
    {
      title: "How long endpoints take",
      about: "However the request ends. What an endpoint does before it answers is waited for.",
      unit: "s",
      queries: times("tidewire_webhook_attempt_seconds", "endpoint"),
    },
    {
      title: "Events that nobody has read",
      about: "Ended connections, occupancies and memberships that were forgotten before anybody could be told.",
      unit: "cps",
      queries: [{ expr: total(rate("tidewire_lifecycle_forgotten_total")), legend: "forgotten" }],
    },
  ],
};

export const rows: readonly Row[] = [connections, deliveries, loop, refusals, engine, jobs, webhooks];
