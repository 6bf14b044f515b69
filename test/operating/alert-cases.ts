// For each alert what makes it fire and what does not, as Prometheus writes series: a value and what is added, every 15 seconds.

/** What every minute and node is told here, and the labels of what fires. */
export interface AlertCase {
  /** Labels of the alert beside its severity. */
  readonly labels: Readonly<Record<string, string>>;
  /** Values by series. Two nodes tell of `one`, as those of one engine do: it fires once. */
  readonly fires: Readonly<Record<string, string>>;
  /** As near to it as makes sense, and well. */
  readonly isWell: Readonly<Record<string, string>>;
  /** When both are looked at. Default: after 20 minutes. */
  readonly at?: string;
  /** It had not begun, or not for long enough. */
  readonly quietAt?: string;
}

const node = { job: "tidewire", node: "one" };
const ofNode = 'job="tidewire",node="one"';

/** What two nodes tell of the first of them. */
function told(figure: string, labels: string, values: string): Readonly<Record<string, string>> {
  const rest = labels === "" ? "" : `,${labels}`;
  const from = (instance: string): string => `${figure}{instance="${instance}:8080",${ofNode}${rest}}`;
  return { [from("one")]: values, [from("two")]: values };
}

/** A counter that grows from the sixth minute on: nothing is new at the beginning of a series. */
const grows = (by: number): string => `0x24 0+${by}x80`;

/** A histogram of which so many a step are slow: above `slow` seconds, below `above`. */
function histogram(
  name: string,
  labels: string,
  [fast, slow]: readonly [number, number],
): Readonly<Record<string, string>> {
  const at = (le: string, by: number): Readonly<Record<string, string>> =>
    told(`${name}_bucket`, [labels, `le="${le}"`].filter((each) => each !== "").join(","), `0+${by}x120`);
  return { ...at("0.1", fast), ...at("30", fast), ...at("300", fast + slow), ...at("+Inf", fast + slow) };
}

export const alertCases: Readonly<Record<string, AlertCase>> = {
  TidewireDown: {
    labels: { job: "tidewire", instance: "one:8080" },
    fires: { 'up{job="tidewire",instance="one:8080"}': "1x20 0x80" },
    // A restart that took a minute and a half, and somebody else's program.
    isWell: { 'up{job="tidewire",instance="one:8080"}': "1x20 0x6 1x80", 'up{job="mail",instance="x"}': "0x120" },
    at: "8m",
    quietAt: "6m",
  },
  TidewireEngineDown: {
    labels: node,
    fires: told("tidewire_engine_up", "", "1x20 0x80"),
    isWell: told("tidewire_engine_up", "", "1x20 0x1 1x80"),
    at: "6m",
    quietAt: "5m15s",
  },
  TidewireEngineFlaps: {
    labels: node,
    fires: told("tidewire_engine_outages_total", "", "0x24 1x8 2x8 3x8 5x60"),
    isWell: told("tidewire_engine_outages_total", "", "0x24 2x80"),
  },
  TidewirePublishSlow: {
    labels: node,
    fires: histogram("tidewire_engine_publish_seconds", "", [90, 10]),
    isWell: histogram("tidewire_engine_publish_seconds", "", [1_000, 1]),
    quietAt: "9m",
  },
  TidewireIndeterminate: {
    labels: node,
    fires: told("tidewire_request_errors_total", 'reason="indeterminate",code="504"', grows(1)),
    isWell: {
      ...told("tidewire_request_errors_total", 'reason="indeterminate",code="504"', "3x120"),
      ...told("tidewire_request_errors_total", 'reason="denied",code="103"', grows(5)),
    },
  },
  TidewireEventLoopLate: {
    labels: node,
    fires: told("nodejs_eventloop_lag_p99_seconds", "", "0.3x120"),
    isWell: {
      ...told("nodejs_eventloop_lag_p99_seconds", "", "0.011x40 0.3x8 0.012x80"),
      'nodejs_eventloop_lag_p99_seconds{job="another program",node="one"}': "2x120",
    },
    at: "13m",
    quietAt: "4m",
  },
  TidewireDescriptorsShort: {
    labels: node,
    fires: { ...told("process_open_fds", "", "850x120"), ...told("process_max_fds", "", "1000x120") },
    isWell: { ...told("process_open_fds", "", "700x120"), ...told("process_max_fds", "", "1000x120") },
    quietAt: "4m",
  },
  TidewireFull: {
    labels: node,
    fires: told("tidewire_limit_hits_total", 'limit="connections"', grows(2)),
    isWell: told("tidewire_limit_hits_total", 'limit="publishesPerSecond"', grows(50)),
  },
  TidewireTailMemoryShort: {
    labels: node,
    fires: told("tidewire_tail_memory_tight_total", "", grows(3)),
    isWell: told("tidewire_tail_memory_tight_total", "", "0x24 0+3x8 24x80"),
  },
  TidewireReadersTooSlow: {
    labels: node,
    fires: {
      ...told("tidewire_connections_closed_total", 'reason="slow",code="3008"', grows(1)),
      ...told("tidewire_sessions", "", "500x120"),
    },
    isWell: {
      ...told("tidewire_connections_closed_total", 'reason="slow",code="3008"', grows(1)),
      ...told("tidewire_sessions", "", "50000x120"),
    },
  },
  TidewireRecoveriesFail: {
    labels: node,
    fires: {
      ...told("tidewire_recoveries_total", 'recovered="true"', grows(4)),
      ...told("tidewire_recoveries_total", 'recovered="false"', grows(1)),
    },
    isWell: {
      ...told("tidewire_recoveries_total", 'recovered="true"', grows(40)),
      ...told("tidewire_recoveries_total", 'recovered="false"', grows(1)),
    },
  },
  TidewireFaults: {
    labels: node,
    fires: told("tidewire_internal_errors_total", "", grows(1)),
    isWell: told("tidewire_internal_errors_total", "", "7x120"),
  },
  TidewireBackendFails: {
    labels: { ...node, event: "connect" },
    fires: told("tidewire_proxy_failures_total", 'event="connect",why="timed_out"', grows(1)),
    isWell: told("tidewire_proxy_failures_total", 'event="connect",why="failed"', "0x24 0+4x8 32x80"),
  },
  TidewireTokenKeysMissing: {
    labels: node,
    fires: told("tidewire_tokens_refused_total", 'why="keys_unavailable"', grows(1)),
    isWell: told("tidewire_tokens_refused_total", 'why="expired"', grows(9)),
  },
  TidewireJobStoreDown: {
    labels: node,
    fires: told("tidewire_jobs_store_up", "", "1x20 0x80"),
    isWell: told("tidewire_jobs_store_up", "", "1x20 0x2 1x80"),
    at: "8m",
    quietAt: "5m30s",
  },
  TidewireJobsWaitLong: {
    labels: { name: "report" },
    fires: histogram("tidewire_job_wait_seconds", 'name="report"', [80, 20]),
    isWell: histogram("tidewire_job_wait_seconds", 'name="report"', [99, 1]),
    quietAt: "9m",
  },
  TidewireJobsLate: {
    labels: { name: "report" },
    fires: told("tidewire_jobs_oldest_waiting_seconds", 'name="report"', "0+15x120"),
    // Taken late, and taken: of a flood that was worked off in time, and of a queue that is always a little behind.
    isWell: {
      ...told("tidewire_jobs_oldest_waiting_seconds", 'name="report"', "0+15x30 0x90"),
      ...told("tidewire_jobs_oldest_waiting_seconds", 'name="mail"', "250x120"),
    },
    quietAt: "9m",
  },
  TidewireJobsPileUp: {
    labels: { name: "report" },
    fires: told("tidewire_jobs", 'name="report",state="waiting"', "200+5x240"),
    // Ordered for later, and done all the time.
    isWell: {
      ...told("tidewire_jobs", 'name="report",state="waiting"', "5000x240"),
      ...told("tidewire_jobs", 'name="mail",state="waiting"', "0+0.2x240"),
    },
    at: "50m",
  },
  TidewireJobsDie: {
    labels: { name: "report" },
    fires: told("tidewire_jobs", 'name="report",state="dead"', "3x40 4x80"),
    isWell: told("tidewire_jobs", 'name="report",state="dead"', "30x40 29x80"),
  },
  TidewireJobsTakenOver: {
    labels: { name: "report" },
    fires: told("tidewire_job_runs_total", 'name="report",outcome="lost"', grows(1)),
    isWell: told("tidewire_job_runs_total", 'name="report",outcome="done"', grows(9)),
  },
  TidewireWebhooksLate: {
    labels: { endpoint: "backend" },
    fires: told("tidewire_webhook_oldest_waiting_seconds", 'endpoint="backend"', "0+15x120"),
    isWell: told("tidewire_webhook_oldest_waiting_seconds", 'endpoint="backend"', "250x120"),
  },
  TidewireWebhooksFail: {
    labels: { endpoint: "backend" },
    fires: {
      ...told("tidewire_webhook_attempts_total", 'endpoint="backend",outcome="failed"', "0+3x160"),
      ...told("tidewire_webhook_attempts_total", 'endpoint="backend",outcome="delivered"', "0+2x160"),
    },
    isWell: {
      ...told("tidewire_webhook_attempts_total", 'endpoint="backend",outcome="failed"', "0+1x160"),
      ...told("tidewire_webhook_attempts_total", 'endpoint="backend",outcome="delivered"', "0+2x160"),
    },
    at: "35m",
    quietAt: "14m",
  },
  TidewireWebhooksGivenUp: {
    labels: { endpoint: "backend" },
    fires: told("tidewire_webhook_deliveries_total", 'endpoint="backend",outcome="dead"', grows(1)),
    isWell: told("tidewire_webhook_deliveries_total", 'endpoint="backend",outcome="delivered"', grows(9)),
  },
  TidewireEventsForgotten: {
    labels: node,
    fires: told("tidewire_lifecycle_forgotten_total", "", grows(1)),
    isWell: told("tidewire_lifecycle_forgotten_total", "", "4x120"),
  },
};
