// What `/metrics` tells of webhooks, as data: figures of each endpoint that is configured, and of nobody else.
import type { EndpointFigures } from "../lifecycle/desk.ts";

/** One value and its labels. */
export interface Labelled {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A metric whose values are read from figures when somebody asks. */
export interface Family<Figures> {
  readonly name: string;
  readonly kind: "counter" | "gauge";
  readonly help: string;
  readonly labelNames: readonly string[];
  readonly samples: (figures: Figures) => readonly Labelled[];
}

type WebhookFamily = Family<EndpointFigures>;

/** @param outcomes Values of the label `outcome`, and what is counted for each. */
function byOutcome(
  outcomes: Readonly<Record<string, (figures: EndpointFigures) => number>>,
): Pick<WebhookFamily, "labelNames" | "samples"> {
  return {
    labelNames: ["endpoint", "outcome"],
    samples: (figures) =>
      Object.entries(outcomes).map(([outcome, read]) => ({
        labels: { endpoint: figures.name, outcome },
        value: read(figures),
      })),
  };
}

function gauge(name: string, help: string, read: (figures: EndpointFigures) => number): WebhookFamily {
  const samples = (figures: EndpointFigures): readonly Labelled[] => [
    { labels: { endpoint: figures.name }, value: read(figures) },
  ];
  return { name, help, kind: "gauge", labelNames: ["endpoint"], samples };
}

export const webhookFamilies: readonly WebhookFamily[] = [
  {
    name: "tidewire_webhook_deliveries_total",
    kind: "counter",
    help: "Deliveries that ended, by endpoint and how",
    ...byOutcome({ delivered: ({ delivered }) => delivered, dead: ({ givenUp }) => givenUp }),
  },
  {
    name: "tidewire_webhook_attempts_total",
    kind: "counter",
    help: "Requests to endpoints, by endpoint and how they ended",
    ...byOutcome({ delivered: ({ delivered }) => delivered, failed: ({ failed }) => failed }),
  },
  gauge("tidewire_webhook_waiting", "Deliveries that wait or are under way", ({ waiting }) => waiting),
  gauge(
    "tidewire_webhook_oldest_waiting_seconds",
    "Age of the oldest delivery that waits, since it was taken or tried anew",
    ({ oldestWaitingMs }) => oldestWaitingMs / 1_000,
  ),
  gauge("tidewire_webhook_dead_letters", "Dead letters that are kept", ({ dead }) => dead),
];

export const webhookTimes = {
  name: "tidewire_webhook_attempt_seconds",
  help: "Seconds that a request to an endpoint took, however it ended",
  labelNames: ["endpoint"],
} as const;
