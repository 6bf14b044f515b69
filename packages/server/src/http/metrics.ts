// `/metrics`: what a node counts, in the text format of Prometheus.
//
// The node counts in plain numbers; they become metrics when somebody asks, and only then is `prom-client` loaded.
import type { Histogram, Registry } from "prom-client";
import { type Latency, latencyStepsMs } from "../ports/latency.ts";
import { families, type Family, type Figures, latencies } from "./metric-families.ts";

export interface MetricsSource {
  readonly figures: () => Figures;
  /** How long the engine took. */
  readonly publishing: Latency;
  readonly reading: Latency;
  /** Names this node among others, in a label of each figure; `null`: no label. */
  readonly node: string | null;
}

export interface MetricsPage {
  readonly type: string;
  readonly text: string;
}

type Client = typeof import("prom-client");

/** Figures of the whole process, however many nodes are in it: what watches it is begun once, and cannot be ended. */
let processRegistry: Registry | null = null;

/** Makes the page anew each time it is called. */
export function metricsPage(source: MetricsSource): () => Promise<MetricsPage> {
  let loading: Promise<{ readonly own: Registry; readonly shared: Registry }> | null = null;
  return async () => {
    loading ??= import("prom-client").then((client) => {
      processRegistry ??= processFigures(client);
      return { own: registryOf(client, source), shared: processRegistry };
    });
    const { own, shared } = await loading;
    if (source.node !== null) for (const each of [own, shared]) each.setDefaultLabels({ node: source.node });
    return { type: own.contentType, text: `${await own.metrics()}\n${await shared.metrics()}` };
  };
}

/** The pages of several nodes as one: a figure's lines stand together, as the format wants them. */
export function joinedText(texts: readonly string[]): string {
  const families = new Map<string, { readonly head: string[]; readonly samples: string[] }>();
  for (const text of texts) {
    let lines: string[] = [];
    for (const line of text.split("\n")) {
      const [, kind, name] = /^# (HELP|TYPE) (\S+)/.exec(line) ?? [];
      if (name !== undefined) {
        const family = families.get(name) ?? { head: [], samples: [] };
        families.set(name, family);
        if (!family.head.some((known) => known.startsWith(`# ${kind ?? ""} `))) family.head.push(line);
        lines = family.samples;
      } else if (line !== "") lines.push(line);
    }
  }
  return `${[...families.values()].flatMap(({ head, samples }) => [...head, ...samples]).join("\n")}\n`;
}

function processFigures({ Registry, collectDefaultMetrics }: Client): Registry {
  const register = new Registry();
  collectDefaultMetrics({ register });
  return register;
}

function registryOf(client: Client, source: MetricsSource): Registry {
  const registry = new client.Registry();
  for (const family of families) add(client, registry, { family, figures: source.figures });
  for (const told of latencies) addLatency(registry, { ...told, latency: source[told.of] });
  return registry;
}

function add(
  { Counter, Gauge }: Client,
  registry: Registry,
  { family, figures }: { readonly family: Family; readonly figures: () => Figures },
): void {
  const { name, help, kind, samples } = family;
  const options = { name, help, labelNames: [...family.labelNames], registers: [registry] };
  if (kind === "gauge") {
    const gauge = new Gauge({
      ...options,
      collect: () => {
        const now = figures();
        for (const { labels, read } of samples) gauge.set(labels, read(now));
      },
    });
    return;
  }
  const counter = new Counter({
    ...options,
    // A counter of this library can be added to, and begun anew; what is told is the sum that the node keeps.
    collect: () => {
      counter.reset();
      const now = figures();
      for (const { labels, read } of samples) counter.inc(labels, read(now));
    },
  });
}

interface Told {
  readonly name: string;
  readonly help: string;
  readonly latency: Latency;
}

/** What a registry is told by a metric that it asks. */
interface Asked {
  readonly name: string;
  readonly help: string;
  readonly type: "histogram";
  readonly values: readonly {
    readonly metricName: string;
    readonly labels: { readonly le?: string | number };
    readonly value: number;
  }[];
}

/** The steps are counted already, and the library's own histogram takes observations alone: so the registry asks this. */
function addLatency(registry: Registry, { name, help, latency }: Told): void {
  const get = async (): Promise<Asked> => {
    const counts = latency.cumulative();
    const steps = counts.map((value, index) => {
      const stepMs = latencyStepsMs[index];
      return { metricName: `${name}_bucket`, labels: { le: stepMs === undefined ? "+Inf" : stepMs / 1_000 }, value };
    });
    const sum = { metricName: `${name}_sum`, labels: {}, value: latency.sumMs / 1_000 };
    const count = { metricName: `${name}_count`, labels: {}, value: counts.at(-1) ?? 0 };
    return { name, help, type: "histogram", values: [...steps, sum, count] };
  };
  // A registry reads the name and calls `get` of what is registered, and nothing else.
  registry.registerMetric({ name, get } as unknown as Histogram);
}
