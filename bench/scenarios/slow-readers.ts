// Slow readers: one subscriber in a hundred stops reading; what the others notice, and what the server holds for it.
import { type ContestantName, runTrial } from "../contestants.ts";
import type { BenchOptions } from "../options.ts";
import { type Load, type Measured, type Span, spanOf, spanText, tableOf } from "tidewire/bench";
import { deliveriesOf, type Scenario } from "./scenario.ts";

interface SlowRow extends Measured {
  readonly contestant: ContestantName;
  readonly stalled: number;
  /** Sockets that took nothing more when the measured load began, and bytes in the process for them. */
  readonly fullSockets: number;
  readonly unsentBytes: number;
  readonly rssBytes: number;
}

const stalledShare = 0.01;
/** More than the kernel takes for a socket that is not read: 128 publications of 60,000 bytes. */
const filling = { phase: 1, rate: 32, burst: 1, seconds: 4, bytes: 60_000 };
const usual = { phase: 2, rate: 100, burst: 1 };

export const slowReaders: Scenario = async (options, say) => {
  const rounds: SlowRow[][] = [];
  for (let round = 1; round <= options.repeat; round += 1) {
    const rows: SlowRow[] = [];
    for (const contestant of options.contestants) {
      for (const stalled of [0, Math.max(1, Math.round(options.subscribers * stalledShare))]) {
        const row = await measureRow(contestant, { stalled, options });
        say(`  ${contestant}, ${stalled} never read: p99 ${row.p99Ms} ms ${row.problems.join(", ")}`);
        rows.push(row);
      }
    }
    say(`round ${round} of ${options.repeat}`);
    rounds.push(rows);
  }
  const summary = options.contestants.map((contestant) => summarise(contestant, rounds));
  const head = [
    "",
    "p99 ms, all read",
    "p99 ms of the others",
    "ratio",
    "full sockets",
    "KB unsent",
    "MB RSS",
    "RSS, all read",
  ];
  const body = summary.map((row) => [
    row.contestant,
    ...[row.withoutMs, row.withMs, row.ratio, row.fullSockets, row.unsentKb, row.rssMb, row.rssMbWithout].map(spanText),
  ]);
  return { report: tableOf([head, ...body]), summary, rounds, deliveries: deliveriesOf(rounds.flat()) };
};

function measureRow(
  contestant: ContestantName,
  { stalled, options }: { stalled: number; options: BenchOptions },
): Promise<SlowRow> {
  return runTrial(contestant, options, async (trial, readers) => {
    await trial.connect(readers, options.subscribers, { stalled });
    await trial.measure(filling);
    const held = await trial.memory();
    const rate = options.rate ?? usual.rate;
    const load: Load = { ...usual, rate, burst: options.burst, seconds: options.seconds, bytes: options.bytes };
    const measured = await trial.measure(load);
    return {
      contestant,
      stalled,
      fullSockets: held?.fullSockets ?? Number.NaN,
      unsentBytes: held?.unsentBytes ?? Number.NaN,
      rssBytes: held?.rssBytes ?? Number.NaN,
      ...measured,
    };
  });
}

interface SlowSummary {
  readonly contestant: ContestantName;
  readonly withoutMs: Span | null;
  readonly withMs: Span | null;
  readonly ratio: Span | null;
  readonly fullSockets: Span | null;
  readonly unsentKb: Span | null;
  readonly rssMb: Span | null;
  readonly rssMbWithout: Span | null;
}

function summarise(contestant: ContestantName, rounds: readonly (readonly SlowRow[])[]): SlowSummary {
  const valid = rounds.flat().filter((row) => row.contestant === contestant && row.problems.length === 0);
  const [without, stalling] = [valid.filter((row) => row.stalled === 0), valid.filter((row) => row.stalled > 0)];
  const ratios = rounds.flatMap((round) => {
    const [base, row] = round.filter((each) => each.contestant === contestant && each.problems.length === 0);
    return base === undefined || row === undefined ? [] : [row.p99Ms / base.p99Ms];
  });
  return {
    contestant,
    withoutMs: spanOf(without.map((row) => row.p99Ms)),
    withMs: spanOf(stalling.map((row) => row.p99Ms)),
    ratio: spanOf(ratios),
    fullSockets: spanOf(stalling.map((row) => row.fullSockets)),
    unsentKb: spanOf(stalling.map((row) => Math.round(row.unsentBytes / 1_000))),
    rssMb: spanOf(stalling.map((row) => Math.round(row.rssBytes / 1_000_000))),
    rssMbWithout: spanOf(without.map((row) => Math.round(row.rssBytes / 1_000_000))),
  };
}
