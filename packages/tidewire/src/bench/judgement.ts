// What a phase of publishing came to, and whether its figures count.
import type { GroupReport } from "./group.ts";
import { quantileMs } from "./load/latency.ts";
import type { Counted, Load, Published, Spent } from "./talk.ts";

/** Above this share of its time the generator itself may be what is slow. */
const saturated = 0.9;
/** Later than this after the last publication, the server did not keep up. */
const lateMs = 1_000;

/** One phase of publishing, measured. What the server's process spends is NaN where nobody can see it. */
export interface Measured extends Counted {
  readonly published: number;
  readonly deliveriesPerSecond: number;
  readonly cpuUsPerDelivery: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  /** From the beginning to the last delivery. */
  readonly lastMs: number;
  /** Shares: the server's of a core, the busiest generator's of its time, other programs' of the machine. */
  readonly serverShare: number;
  /** Of a server of several processes, the busiest one's share of a core. */
  readonly busiestShare: number;
  readonly generatorShare: number;
  readonly othersShare: number;
  /** How late the server's event loop was, 99 times of a hundred at most. */
  readonly loopP99Ms: number;
  /** The server does not hold this rate. */
  readonly isBehind: boolean;
  /** Why the figures do not count; empty when they do. */
  readonly problems: readonly string[];
}

interface Outcome {
  readonly published: Published;
  readonly report: GroupReport;
  /** By the server's process for all its deliveries, and how many those were. */
  readonly spent: Spent | null;
  readonly deliveries: number;
}

export function judge(load: Load, outcome: Outcome): Omit<Measured, "othersShare"> {
  const { published, report, spent, deliveries } = outcome;
  const { expected, received, lost, repeated, reordered, strays, latencies, lastMs, failed, busiestShare } = report;
  // Some servers send away who is too slow for them, until it is everybody.
  const isBehind = published.gaveUp || lastMs > load.seconds * 1_000 + lateMs || failed > 0;
  const problems = [
    ...(isBehind ? ["behind"] : []),
    ...(busiestShare > saturated ? ["generator saturated"] : []),
    ...(failed > 0 ? [`${failed} connections ended`] : []),
    ...(received + lost - repeated === expected ? [] : ["miscounted"]),
    ...(lost + repeated + reordered + strays > 0 ? ["not delivered as published"] : []),
  ];
  return {
    expected,
    received,
    lost,
    repeated,
    reordered,
    strays,
    published: published.count - (load.after ?? 0),
    deliveriesPerSecond: received / (Math.max(lastMs, load.seconds * 1_000) / 1_000),
    cpuUsPerDelivery: (spent?.cpuUs ?? Number.NaN) / Math.max(1, deliveries),
    p50Ms: quantileMs(latencies, 0.5),
    p99Ms: quantileMs(latencies, 0.99),
    p999Ms: quantileMs(latencies, 0.999),
    lastMs,
    serverShare: spent === null ? Number.NaN : spent.cpuUs / spent.wallUs,
    busiestShare: spent === null ? Number.NaN : (spent.busiestUs ?? spent.cpuUs) / spent.wallUs,
    generatorShare: busiestShare,
    loopP99Ms: spent?.loopP99Ms ?? Number.NaN,
    isBehind,
    problems,
  };
}
