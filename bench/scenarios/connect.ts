// Connect: how fast connections open and subscribe, beside the rate at which naive ws upgrades.
import { type ContestantName, runTrial, yardstick } from "../contestants.ts";
import type { BenchOptions } from "../options.ts";
import { type Span, spanOf, spanText, tableOf } from "tidewire/bench";
import type { Scenario } from "./scenario.ts";

interface ConnectRow {
  readonly contestant: ContestantName;
  readonly perSecond: number;
  readonly cpuUs: number;
  /** Rates, and what a full core of the server would open, to the yardstick's in the same round. */
  readonly rateRatio: number;
  readonly coreRatio: number;
  readonly generatorShare: number;
}

/** Opened before the clock runs. */
const warmUp = 500;
const saturated = 0.9;

export const connect: Scenario = async (options, say) => {
  const rounds: ConnectRow[][] = [];
  for (let round = 1; round <= options.repeat; round += 1) {
    const opened = [];
    for (const contestant of options.contestants) opened.push(await openAll(contestant, options));
    const base = opened.find((row) => row.contestant === yardstick);
    const rows = opened.map((row) => ({
      ...row,
      rateRatio: row.perSecond / (base?.perSecond ?? Number.NaN),
      coreRatio: (base?.cpuUs ?? Number.NaN) / row.cpuUs,
    }));
    say(
      `round ${round} of ${options.repeat}: ${rows.map((row) => Math.round(row.perSecond)).join(", ")} connections/s`,
    );
    rounds.push(rows);
  }
  const summary = options.contestants.map((contestant) => summarise(contestant, rounds));
  const head = ["", "connections/s", "× naive ws", "µs CPU each", "of one core, × naive ws", "generator saturated"];
  const body = summary.map((row) => [
    row.contestant,
    ...[row.perSecond, row.rateRatio, row.cpuUs, row.coreRatio].map(spanText),
    `${row.saturated}/${options.repeat}`,
  ]);
  return { report: tableOf([head, ...body]), summary, rounds, deliveries: null };
};

type Opened = Omit<ConnectRow, "rateRatio" | "coreRatio">;

function openAll(contestant: ContestantName, options: BenchOptions): Promise<Opened> {
  return runTrial(contestant, options, async (trial, readers) => {
    await trial.connect(readers, warmUp);
    const { elapsedMs, cpuUs, generatorShare } = await trial.connect(readers, options.subscribers);
    const perSecond = options.subscribers / (elapsedMs / 1_000);
    return { contestant, perSecond, cpuUs: cpuUs / options.subscribers, generatorShare };
  });
}

interface ConnectSummary {
  readonly contestant: ContestantName;
  readonly perSecond: Span | null;
  readonly rateRatio: Span | null;
  readonly cpuUs: Span | null;
  readonly coreRatio: Span | null;
  /** Rounds in which the generator, not the server, set the rate. */
  readonly saturated: number;
}

function summarise(contestant: ContestantName, rounds: readonly (readonly ConnectRow[])[]): ConnectSummary {
  const rows = rounds.flatMap((round) => round.filter((row) => row.contestant === contestant));
  return {
    contestant,
    perSecond: spanOf(rows.map((row) => row.perSecond)),
    rateRatio: spanOf(rows.map((row) => row.rateRatio)),
    cpuUs: spanOf(rows.map((row) => row.cpuUs)),
    coreRatio: spanOf(rows.map((row) => row.coreRatio)),
    saturated: rows.filter((row) => row.generatorShare > saturated).length,
  };
}
