// Fan-out: one channel, many subscribers; one publication at a time, then bursts. Contestants take turns in each round.
import { type ContestantName, runTrial } from "../contestants.ts";
import type { BenchOptions } from "../options.ts";
import { Patience } from "../patience.ts";
import { short } from "tidewire/bench";
import { type FanOutRow, reportOf, summaryOf } from "./fan-out-report.ts";
import { deliveriesOf, type Say, type Scenario } from "./scenario.ts";

/** What is asked of everybody; those that fall behind are asked for less. */
interface Wanted {
  readonly name: string;
  readonly rate: number;
  readonly burst: number;
}

const oneAtATime: Wanted = { name: "one at a time", rate: 100, burst: 1 };
const bursts: Wanted = { name: "bursts", rate: 1_000, burst: 10 };
/** Shares of a core: what a rate may cost a server that is to hold it, and what is more than it has. */
const comfortable = 0.7;
const tooMuch = 0.9;
const slowestRate = 10;
/** For a server that fell behind because the machine had no time for it. */
const retries = 2;
/** Connections before memory is looked at: what the first of them cost is not every connection's. */
const firstShare = 0.1;
const warmUp = { phase: 1, rate: 100, burst: 1, seconds: 1 };

export const fanOut: Scenario = async (options, say) => {
  const loads = options.rate === null ? [oneAtATime, bursts] : [{ ...options, name: "as asked", rate: options.rate }];
  const patience = new Patience(options.patience);
  const contests = options.contestants.map((contestant) => new Contest(contestant, { options, say, patience }));
  const rounds: FanOutRow[][] = [];
  for (let round = 1; round <= options.repeat; round += 1) {
    const rows: FanOutRow[] = [];
    for (const contest of contests) rows.push(...(await contest.round(loads)));
    say(`round ${round} of ${options.repeat}`);
    rounds.push(rows);
  }
  const summary = summaryOf(rounds);
  return { report: reportOf(summary), summary, rounds, deliveries: deliveriesOf(rounds.flat()) };
};

/** One contestant's rounds: it is asked for the wanted rates, or the half, quarter, … of them that it holds. */
class Contest {
  readonly #contestant: ContestantName;
  readonly #options: BenchOptions;
  readonly #say: Say;
  readonly #patience: Patience;
  /** Rates that are not the wanted ones, by the load's name. */
  readonly #held = new Map<string, number>();

  constructor(contestant: ContestantName, given: { options: BenchOptions; say: Say; patience: Patience }) {
    this.#contestant = contestant;
    this.#options = given.options;
    this.#say = given.say;
    this.#patience = given.patience;
  }

  async round(loads: readonly Wanted[]): Promise<FanOutRow[]> {
    const rows: FanOutRow[] = [];
    const most = this.#options.quick ? 0 : retries;
    let blameless = 0;
    while (rows.length < loads.length) {
      await this.#patience.quiet();
      for (const row of await this.#trial(loads.slice(rows.length))) {
        this.#say(`  ${this.#contestant}, ${row.load}: ${lineOf(row)}`);
        // What follows it in this trial is measured again too: rows stand in the order of the loads.
        if (this.#patience.repeats(row.othersShare, this.#options.seconds)) break;
        const isOwnFault = this.#costOf(row, row.rate) > tooMuch && row.rate > slowestRate;
        if (!row.isBehind || (!isOwnFault && blameless === most)) rows.push(row);
        else if (isOwnFault) this.#lower(row);
        else blameless += 1;
      }
    }
    return rows;
  }

  /** The loads one after the other, up to the first that the server does not hold: after that it is not itself. */
  #trial(loads: readonly Wanted[]): Promise<FanOutRow[]> {
    const { subscribers, seconds, bytes } = this.#options;
    return runTrial(this.#contestant, this.#options, async (trial, readers) => {
      const first = Math.max(1, Math.round(subscribers * firstShare));
      await trial.connect(readers, first);
      const before = await trial.residentBytes();
      await trial.connect(readers, subscribers - first);
      const bytesPerConnection = ((await trial.residentBytes()) - before) / Math.max(1, subscribers - first);
      await trial.measure({ ...warmUp, bytes });
      const rows: FanOutRow[] = [];
      for (const [index, { name, rate: wanted, burst }] of loads.entries()) {
        const rate = this.#held.get(name) ?? wanted;
        const measured = await trial.measure({ phase: 2 + index, rate, burst, seconds, bytes });
        rows.push({ contestant: this.#contestant, load: name, rate, burst, bytesPerConnection, ...measured });
        if (measured.isBehind) break;
      }
      return rows;
    });
  }

  #lower(row: FanOutRow): void {
    let { rate } = row;
    while (this.#costOf(row, rate) > comfortable && rate > slowestRate)
      rate = Math.max(slowestRate, Math.floor(rate / 2));
    this.#held.set(row.load, rate);
  }

  /** The share of a core that `rate` takes, by what a delivery cost in `row`. */
  #costOf(row: FanOutRow, rate: number): number {
    return (row.cpuUsPerDelivery * rate * this.#options.subscribers) / 1_000_000;
  }
}

function lineOf(row: FanOutRow): string {
  const shares = [row.serverShare, row.generatorShare, row.othersShare].map((share) => `${Math.round(share * 100)} %`);
  const problems = row.problems.length === 0 ? "" : `; ${row.problems.join(", ")}`;
  return (
    `${row.rate}/s, ${short(row.cpuUsPerDelivery)} µs, p99 ${short(row.p99Ms)} ms; ` +
    `server ${shares[0]}, generator ${shares[1]}, others ${shares[2]}${problems}`
  );
}
