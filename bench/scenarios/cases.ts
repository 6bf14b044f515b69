// A scenario of several cases that are measured in turn, round by round, each in a trial of its own.
import { type Measured, ownProgram, type Program, type Span, spanOf, spanText, tableOf } from "tidewire/bench";
import type { BenchOptions } from "../options.ts";
import { deliveriesOf, type Scenario } from "./scenario.ts";

/** One case, measured; figures of its own stand under their column's head. */
export interface CaseRow extends Measured {
  readonly bytesPerConnection: number;
  readonly figures: Readonly<Record<string, number>>;
}

/** A server of Tidewire's own, which writes a CPU profile where that was asked for. */
export function ownServer({ profiles, scenario }: BenchOptions, own: Parameters<typeof ownProgram>[0] = {}): Program {
  return ownProgram(own, profiles === null ? [] : ["--cpu-prof", `--cpu-prof-dir=${profiles}/${scenario}`]);
}

export interface Case {
  readonly name: string;
  /** The case whose CPU per delivery this one's is compared with. Default: the first. */
  readonly base?: string | undefined;
  measure(): Promise<CaseRow>;
}

type NamedRow = CaseRow & { readonly name: string };

interface CaseSummary {
  readonly name: string;
  /** Rounds whose figures count, of how many. */
  readonly valid: number;
  readonly rounds: number;
  readonly spans: Readonly<Record<string, Span | null>>;
  readonly lost: number;
  readonly repeated: number;
  readonly reordered: number;
  readonly strays: number;
  readonly problems: readonly string[];
}

const common: Readonly<Record<string, (row: CaseRow) => number>> = {
  "deliveries/s": (row) => row.deliveriesPerSecond,
  "µs CPU/delivery": (row) => row.cpuUsPerDelivery,
  "p50 ms": (row) => row.p50Ms,
  "p99 ms": (row) => row.p99Ms,
  "p99.9 ms": (row) => row.p999Ms,
  "B/connection": (row) => row.bytesPerConnection,
  "server %": (row) => Math.round(row.serverShare * 100),
  "others' %": (row) => Math.round(row.othersShare * 100),
};

export function scenarioOf(casesOf: (options: BenchOptions) => readonly Case[]): Scenario {
  return async (options, say) => {
    const cases = casesOf(options);
    const rounds: NamedRow[][] = [];
    for (let round = 1; round <= options.repeat; round += 1) {
      const rows: NamedRow[] = [];
      for (const each of cases) {
        const row = { name: each.name, ...(await each.measure()) };
        say(`  ${row.name}: p99 ${row.p99Ms} ms ${row.problems.join(", ")}`);
        rows.push(row);
      }
      say(`round ${round} of ${options.repeat}`);
      rounds.push(rows);
    }
    const summary = cases.map(({ name, base = cases[0]?.name }) => summaryOf({ name, base }, rounds));
    return { report: reportOf(summary), summary, rounds, deliveries: deliveriesOf(rounds.flat()) };
  };
}

/** A column for each case: there are few of them, and many figures. */
function reportOf(summary: readonly CaseSummary[]): string {
  const heads = [...new Set(summary.flatMap(({ spans }) => Object.keys(spans)))];
  const line = (head: string, of: (row: CaseSummary) => string): string[] => [head, ...summary.map(of)];
  const table = [
    line("", ({ name }) => name),
    ...heads.map((head) => line(head, ({ spans }) => spanText(spans[head] ?? null))),
    line("lost, repeated, reordered", (row) => [row.lost, row.repeated, row.reordered].join(", ")),
    line("rounds that count", ({ valid, rounds }) => `${valid}/${rounds}`),
  ];
  const bad = summary.filter(({ problems }) => problems.length > 0);
  return [tableOf(table), ...bad.map(({ name, problems }) => `${name}: ${problems.join(", ")}`)].join("\n");
}

function summaryOf({ name, base }: Pick<Case, "name" | "base">, rounds: readonly (readonly NamedRow[])[]): CaseSummary {
  const rows = rounds.flatMap((round) => round.filter((row) => row.name === name));
  const valid = rows.filter((row) => row.problems.length === 0);
  // Where none counts, what there is may still say something: the report says that none does.
  const shown = valid.length > 0 ? valid : rows;
  const sum = (of: (row: CaseRow) => number): number => rows.reduce((total, row) => total + of(row), 0);
  const own = [...new Set(rows.flatMap(({ figures }) => Object.keys(figures)))];
  const ratios = rounds.flatMap((round) => {
    const [row, other] = [name, base].map((wanted) => round.find((one) => one.name === wanted));
    if (row === undefined || other === undefined || row === other) return [];
    return row.problems.length + other.problems.length > 0 ? [] : [row.cpuUsPerDelivery / other.cpuUsPerDelivery];
  });
  return {
    name,
    valid: valid.length,
    rounds: rows.length,
    spans: {
      ...Object.fromEntries(Object.entries(common).map(([head, of]) => [head, spanOf(shown.map(of))])),
      ...(ratios.length > 0 && { "CPU × its base": spanOf(ratios) }),
      ...Object.fromEntries(own.map((head) => [head, spanOf(shown.map((row) => row.figures[head] ?? Number.NaN))])),
    },
    lost: sum((row) => row.lost),
    repeated: sum((row) => row.repeated),
    reordered: sum((row) => row.reordered),
    strays: sum((row) => row.strays),
    problems: [...new Set(rows.flatMap((row) => row.problems))],
  };
}
