// Fan-out: one channel, many subscribers; one publication at a time, then bursts. Contestants take turns in each round.
import type { ContestantName } from "../contestants.ts";
import type { BenchOptions } from "../options.ts";
import type { Load } from "../talk.ts";
import { Trial } from "../trial.ts";
import { short } from "../statistics.ts";
import { type FanOutRow, reportOf, summaryOf } from "./fan-out-report.ts";
import type { Say, Scenario } from "./scenario.ts";

/** What is asked of everybody; those that fall behind are asked for less. */
interface Wanted {
  readonly name: string;
  readonly rate: number;
  readonly burst: number;
}

type Asked = Pick<FanOutRow, "contestant" | "load" | "rate" | "burst">;

const oneAtATime: Wanted = { name: "one at a time", rate: 100, burst: 1 };
const bursts: Wanted = { name: "bursts", rate: 1_000, burst: 10 };
/** Of the rate that a server reached while it fell behind: how much it should hold. */
const comfortable = 0.8;
const slowestRate = 10;
/** A server that used less of its core did not fall behind by itself: the machine had no time for it. */
const ownFault = 0.7;
const retries = 2;
/** Connections before memory is looked at: what the first of them cost is not every connection's. */
const firstShare = 0.1;
const warmUp = { seconds: 1, rate: 50 };

export const fanOut: Scenario = async (options, say) => {
  const loads: readonly Wanted[] =
    options.rate === null ? [oneAtATime, bursts] : [{ name: "as asked", rate: options.rate, burst: options.burst }];
  const held = new Map<string, number>();
  const rounds: FanOutRow[][] = [];
  for (let round = 1; round <= options.repeat; round += 1) {
    const rows: FanOutRow[] = [];
    for (const contestant of options.contestants) {
      for (const load of loads) rows.push(await heldRow(contestant, { load, options, held, say }));
    }
    say(`round ${round} of ${options.repeat}`);
    rounds.push(rows);
  }
  const summary = summaryOf(rounds);
  return { report: reportOf(summary), summary, rounds };
};

interface Context {
  readonly load: Wanted;
  readonly options: BenchOptions;
  /** The rates that contestants held, where they are not what is wanted. */
  readonly held: Map<string, number>;
  readonly say: Say;
}

/** Measures at the wanted rate, or at the half, quarter, … of it that the server holds. */
async function heldRow(contestant: ContestantName, context: Context): Promise<FanOutRow> {
  const { load, options, held, say } = context;
  const key = `${contestant} ${load.name}`;
  for (let blameless = 0; ;) {
    const rate = held.get(key) ?? load.rate;
    const row = await measureRow({ contestant, load: load.name, rate, burst: load.burst }, options);
    say(`  ${key}: ${lineOf(row)}`);
    if (!row.isBehind || rate <= slowestRate) return row;
    if (row.serverShare < ownFault) {
      blameless += 1;
      if (blameless > retries) return row;
      continue;
    }
    const reached = (row.deliveriesPerSecond / options.subscribers) * comfortable;
    let next = rate / 2;
    while (next > reached && next > slowestRate) next /= 2;
    held.set(key, next);
  }
}

function measureRow(asked: Asked, options: BenchOptions): Promise<FanOutRow> {
  const { subscribers, seconds, bytes } = options;
  return Trial.run(asked.contestant, options, async (trial) => {
    const first = Math.max(1, Math.round(subscribers * firstShare));
    await trial.connect(first);
    const before = await trial.memory();
    await trial.connect(subscribers - first);
    const after = await trial.memory();
    await trial.measure({ phase: 1, rate: warmUp.rate, burst: 1, seconds: warmUp.seconds, bytes });
    const load: Load = { phase: 2, rate: asked.rate, burst: asked.burst, seconds, bytes };
    const measured = await trial.measure(load);
    const bytesPerConnection = (after.rssBytes - before.rssBytes) / Math.max(1, subscribers - first);
    return { ...asked, ...measured, bytesPerConnection };
  });
}

function lineOf(row: FanOutRow): string {
  const shares = [row.serverShare, row.generatorShare, row.othersShare].map((share) => `${Math.round(share * 100)} %`);
  const problems = row.problems.length === 0 ? "" : `; ${row.problems.join(", ")}`;
  return (
    `${row.rate}/s, ${short(row.cpuUsPerDelivery)} µs, p99 ${short(row.p99Ms)} ms; ` +
    `server ${shares[0]}, generator ${shares[1]}, others ${shares[2]}${problems}`
  );
}
