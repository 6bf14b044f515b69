// The summary of many runs: what they reached, what they found, and whether they reached enough to mean something.
import type { Outcome, Problem } from "./run.ts";

/** One run in which something was wrong. */
export interface Found {
  readonly seed: number;
  readonly problem: Problem;
  readonly says: string;
}

export interface Summary {
  seeds: number;
  publications: number;
  deliveries: number;
  records: number;
  recovered: number;
  unrecovered: number;
  eligible: number;
  readonly hits: Record<string, number>;
  readonly found: Found[];
  /** Real milliseconds of the slowest run, and of all together. */
  slowestMs: number;
  totalMs: number;
  /** Virtual milliseconds from the healing to the end, at most. */
  healingMs: number;
}

/** What 500 seeds have to reach (fewer: nothing is asked). */
export const required = { seeds: 500, recovered: 1_000, unrecovered: 200, hits: 50 } as const;

/** Of several problems of one run the first says most. */
const mostFound = 100;

export function emptySummary(): Summary {
  return {
    seeds: 0,
    publications: 0,
    deliveries: 0,
    records: 0,
    recovered: 0,
    unrecovered: 0,
    eligible: 0,
    hits: {},
    found: [],
    slowestMs: 0,
    totalMs: 0,
    healingMs: 0,
  };
}

export function count(summary: Summary, outcome: Outcome, tookMs: number): void {
  const { recoveries, problems, seed } = outcome;
  summary.seeds += 1;
  summary.publications += outcome.publications;
  summary.deliveries += outcome.deliveries;
  summary.records += outcome.records;
  summary.recovered += recoveries.recovered;
  summary.unrecovered += recoveries.unrecovered;
  summary.eligible += recoveries.eligible;
  summary.totalMs += tookMs;
  summary.slowestMs = Math.max(summary.slowestMs, tookMs);
  summary.healingMs = Math.max(summary.healingMs, outcome.healingMs);
  addHits(summary, outcome.hits);
  const [first] = problems;
  if (first !== undefined && summary.found.length < mostFound) summary.found.push({ seed, ...first });
}

export function merge(summaries: readonly Summary[]): Summary {
  const whole = emptySummary();
  for (const one of summaries) {
    for (const name of [
      "seeds",
      "publications",
      "deliveries",
      "records",
      "recovered",
      "unrecovered",
      "eligible",
      "totalMs",
    ] as const) {
      whole[name] += one[name];
    }
    whole.slowestMs = Math.max(whole.slowestMs, one.slowestMs);
    whole.healingMs = Math.max(whole.healingMs, one.healingMs);
    addHits(whole, one.hits);
    whole.found.push(...one.found);
  }
  whole.found.sort((one, other) => one.seed - other.seed);
  return whole;
}

/** What was not reached often enough to say that it works. @param faults Every kind there is. */
export function unreached(summary: Summary, faults: readonly string[]): readonly string[] {
  if (summary.seeds < required.seeds) return [];
  const share = summary.seeds / required.seeds;
  const problems: string[] = [];
  const ask = (what: string, is: number, most: number): void => {
    if (is < most * share) problems.push(`${what}: expected ${Math.ceil(most * share)}, got ${is}`);
  };
  ask("recovered", summary.recovered, required.recovered);
  ask("not recovered", summary.unrecovered, required.unrecovered);
  for (const fault of faults) ask(fault, summary.hits[fault] ?? 0, required.hits);
  return problems;
}

export function table(summary: Summary, faults: readonly string[]): string {
  const { seeds, found, totalMs, slowestMs } = summary;
  const rows: readonly (readonly [string, number | string])[] = [
    ["seeds", seeds],
    ["publications", summary.publications],
    ["deliveries checked", summary.deliveries],
    ["recovered", summary.recovered],
    ["not recovered", summary.unrecovered],
    ["could have been", summary.eligible],
    ["longest healing", `${(summary.healingMs / 1_000).toFixed(1)} s, virtual`],
    ["time a seed", `${(totalMs / Math.max(1, seeds)).toFixed(1)} ms, at most ${slowestMs.toFixed(0)} ms`],
  ];
  const hits = faults.map((fault) => [`  ${fault}`, summary.hits[fault] ?? 0] as const);
  const lines = [
    ...rows,
    ["faults that hit a live subscription", ""] as const,
    ...hits,
    ["violations", found.length] as const,
  ];
  return lines.map(([name, value]) => `${name.padEnd(38)}${figure(value).padStart(12)}`).join("\n");
}

function figure(value: number | string): string {
  return typeof value === "number" ? value.toLocaleString("en-US") : value;
}

function addHits(summary: Summary, hits: Readonly<Record<string, number | undefined>>): void {
  for (const [fault, times] of Object.entries(hits)) summary.hits[fault] = (summary.hits[fault] ?? 0) + (times ?? 0);
}
