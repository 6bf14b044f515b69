// `/metrics`: what a node counts, in the text format of Prometheus.
//
// The node counts in plain numbers; they become metrics when somebody asks, and only then is `prom-client` loaded.
import type { Histogram, Registry } from "prom-client";
import { type Latency, latencyStepsMs } from "../ports/latency.ts";
import type { AttemptTimes, EndpointFigures } from "../lifecycle/desk.ts";
import type { JobDesk, JobFigures } from "../lifecycle/job-desk.ts";
import { type Clock, systemClock } from "../ports/clock.ts";
import { jobFamilies, jobTimes } from "./job-families.ts";
import { families, type Figures, latencies } from "./metric-families.ts";
import { type Labelled, webhookFamilies, webhookTimes } from "./webhook-families.ts";

export interface MetricsSource extends DeskSource, NodeSource {}

interface NodeSource {
  readonly figures: () => Figures;
  /** How long the engine took. */
  readonly publishing: Latency;
  readonly reading: Latency;
}

/** What others tell the node to show. */
interface DeskSource {
  /** Of the endpoints that this node tells; `null` where it has none. */
  readonly webhooks: (() => Promise<readonly EndpointFigures[]>) | null;
  /** Of its store and its workers; `null` where it has none. */
  readonly jobs: (() => Promise<JobFigures>) | null;
  readonly clock: Clock;
  /** Names this node among others, in a label of each figure; `null`: no label. */
  readonly node: string | null;
}

/** A page of figures: what `/metrics` answers with. */
export interface MetricsPage {
  /** The answer's `content-type`. */
  readonly type: string;
  readonly text: string;
}

/** What `jobMetrics` takes. */
export interface JobMetricsOptions {
  /** `jobDesk` of `@tidewire/jobs`, with the workers of this process. */
  readonly jobs: JobDesk;
  /** Default: the machine's. */
  readonly clock?: Clock;
}

/** Who waits for a disk does not keep the page from being shown. */
const deskMs = 2_000;

type Client = typeof import("prom-client");

/** Figures of the whole process, however many nodes are in it: what watches it is begun once, and cannot be ended. */
let processRegistry: Registry | null = null;

/** Makes the page anew each time it is called. */
export function metricsPage(source: MetricsSource): () => Promise<MetricsPage> {
  return pageOf(source, (client) => registryOf(client, source));
}

/**
 * The figures of a process that does jobs and has no server: what `/metrics` of a server says of jobs and of the process.
 * The function makes the page anew each time it is called, and resolves also while the store of jobs is away.
 */
export function jobMetrics({ jobs, clock = systemClock }: JobMetricsOptions): () => Promise<MetricsPage> {
  const source = { jobs: jobs.figures.bind(jobs), webhooks: null, clock, node: null };
  return pageOf(source, ({ Registry }) => new Registry());
}

function pageOf(source: DeskSource, begin: (client: Client) => Registry): () => Promise<MetricsPage> {
  let loading: Promise<{ readonly own: Registry; readonly shared: Registry }> | null = null;
  let endpoints: readonly EndpointFigures[] = [];
  let jobs: JobFigures | null = null;
  return async () => {
    loading ??= import("prom-client").then((client) => {
      processRegistry ??= processFigures(client);
      const own = begin(client);
      if (source.webhooks !== null) addWebhooks(client, own, () => endpoints);
      if (source.jobs !== null) addJobs(client, own, () => jobs ?? away);
      return { own, shared: processRegistry };
    });
    const { own, shared } = await loading;
    [endpoints, jobs] = await Promise.all([
      inTime(source.webhooks, source.clock).then((figures) => figures ?? []),
      inTime(source.jobs, source.clock),
    ]);
    if (source.node !== null) for (const each of [own, shared]) each.setDefaultLabels({ node: source.node });
    return { type: own.contentType, text: `${await own.metrics()}\n${await shared.metrics()}` };
  };
}

const away: JobFigures = { isStoreAway: true, queues: [], worked: [] };

/** `null` where it cannot be told in time. */
async function inTime<Told>(tell: (() => Promise<Told>) | null, clock: Clock): Promise<Told | null> {
  if (tell === null) return null;
  const { promise: late, resolve } = Promise.withResolvers<null>();
  const cancel = clock.after(deskMs, () => resolve(null));
  return await Promise.race([tell().catch(() => null), late]).finally(cancel);
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

function registryOf(client: Client, { figures, ...source }: NodeSource): Registry {
  const registry = new client.Registry();
  for (const { samples, ...family } of families) {
    add(client, registry, {
      ...family,
      values: () => {
        const now = figures();
        return samples.map(({ labels, read }) => ({ labels, value: read(now) }));
      },
    });
  }
  for (const { name, help, of } of latencies) {
    const steps = (): Steps => ({ labels: {}, stepsMs: latencyStepsMs, ...counted(source[of]) });
    addSteps(registry, { name, help, steps: () => [steps()] });
  }
  return registry;
}

function addWebhooks(client: Client, registry: Registry, endpoints: () => readonly EndpointFigures[]): void {
  for (const { samples, ...family } of webhookFamilies) {
    add(client, registry, { ...family, values: () => endpoints().flatMap((each) => samples(each)) });
  }
  const steps = (): readonly Steps[] =>
    endpoints().map(({ name, times }) => ({ labels: { endpoint: name }, ...times }));
  addSteps(registry, { ...webhookTimes, steps });
}

function addJobs(client: Client, registry: Registry, figures: () => JobFigures): void {
  for (const { samples, ...family } of jobFamilies) {
    add(client, registry, { ...family, values: () => samples(figures()) });
  }
  for (const { of, ...family } of jobTimes) {
    const steps = (): readonly Steps[] => figures().worked.map((one) => ({ labels: { name: one.name }, ...one[of] }));
    addSteps(registry, { ...family, steps });
  }
}

function counted(latency: Latency): Pick<Steps, "cumulative" | "sumMs"> {
  return { cumulative: latency.cumulative(), sumMs: latency.sumMs };
}

interface Added {
  readonly name: string;
  readonly kind: "counter" | "gauge";
  readonly help: string;
  readonly labelNames: readonly string[];
  readonly values: () => readonly Labelled[];
}

function add({ Counter, Gauge }: Client, registry: Registry, { name, help, kind, labelNames, values }: Added): void {
  const options = { name, help, labelNames: [...labelNames], registers: [registry] };
  // A counter of this library can be added to, and begun anew; what is told is the sum that the node keeps.
  if (kind === "counter") {
    const counter = new Counter({
      ...options,
      collect: () => {
        counter.reset();
        for (const { labels, value } of values()) counter.inc(labels, value);
      },
    });
    return;
  }
  const gauge = new Gauge({
    ...options,
    collect: () => {
      gauge.reset();
      for (const { labels, value } of values()) gauge.set(labels, value);
    },
  });
}

/** What is counted by steps, under these labels. */
interface Steps extends AttemptTimes {
  readonly labels: Readonly<Record<string, string>>;
}

interface Told {
  readonly name: string;
  readonly help: string;
  readonly steps: () => readonly Steps[];
}

/** What a registry is told by a metric that it asks. */
interface Asked {
  readonly name: string;
  readonly help: string;
  readonly type: "histogram";
  readonly values: readonly {
    readonly metricName: string;
    readonly labels: Readonly<Record<string, string | number>>;
    readonly value: number;
  }[];
}

/** The steps are counted already, and the library's own histogram takes observations alone: so the registry asks this. */
function addSteps(registry: Registry, { name, help, steps }: Told): void {
  const get = async (): Promise<Asked> => ({
    name,
    help,
    type: "histogram",
    values: steps().flatMap((each) => lines(name, each)),
  });
  // A registry reads the name and calls `get` of what is registered, and nothing else.
  registry.registerMetric({ name, get } as unknown as Histogram);
}

function lines(name: string, { labels, stepsMs, cumulative, sumMs }: Steps): Asked["values"] {
  const buckets = cumulative.map((value, index) => {
    const stepMs = stepsMs[index];
    const le = stepMs === undefined ? "+Inf" : stepMs / 1_000;
    return { metricName: `${name}_bucket`, labels: { ...labels, le }, value };
  });
  const sum = { metricName: `${name}_sum`, labels, value: sumMs / 1_000 };
  return [...buckets, sum, { metricName: `${name}_count`, labels, value: cumulative.at(-1) ?? 0 }];
}
