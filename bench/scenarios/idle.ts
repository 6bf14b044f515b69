// Idle: what a connection with one subscription, and nothing to say, holds of the server's resident memory.
import { type ContestantName, runTrial, yardstick } from "../contestants.ts";
import type { BenchOptions } from "../options.ts";
import { type Span, spanOf, spanText, tableOf } from "tidewire/bench";
import type { Scenario } from "./scenario.ts";

interface Case {
  readonly name: string;
  readonly contestant: ContestantName;
  readonly isApart: boolean;
}

interface IdleRow {
  readonly name: string;
  readonly bytesPerConnection: number;
  /** To the yardstick's in the same round. */
  readonly ratio: number;
}

/** Connected before memory is looked at, as a share: what the first ones cost is not every connection's. */
const firstShare = 0.2;
const warmUp = { phase: 1, rate: 50, burst: 1, seconds: 1, bytes: 100 };

export const idle: Scenario = async (options, say) => {
  const cases = casesOf(options);
  const rounds: IdleRow[][] = [];
  for (let round = 1; round <= options.repeat; round += 1) {
    const bytes: number[] = [];
    for (const each of cases) bytes.push(await bytesPerConnection(each, options));
    const base = bytes[cases.findIndex((each) => each.contestant === yardstick)] ?? Number.NaN;
    const rows = cases.map(({ name }, index) => {
      const own = bytes[index] ?? Number.NaN;
      return { name, bytesPerConnection: own, ratio: own / base };
    });
    say(`round ${round} of ${options.repeat}: ${rows.map((row) => Math.round(row.bytesPerConnection)).join(", ")} B`);
    rounds.push(rows);
  }
  const summary = cases.map(({ name }) => summarise(name, rounds));
  const body = summary.map((row) => [row.name, spanText(row.bytesPerConnection), spanText(row.ratio)]);
  return { report: tableOf([["", "B/connection", "× naive ws"], ...body]), summary, rounds, deliveries: null };
};

function casesOf({ contestants }: BenchOptions): readonly Case[] {
  const plain = contestants.map((contestant) => ({ name: contestant, contestant, isApart: false }));
  if (!contestants.includes("tidewire-json")) return plain;
  return [...plain, { name: "tidewire-json, a channel each", contestant: "tidewire-json", isApart: true }];
}

/** Those of the first share have been published to, so that what a server makes once is made. */
function bytesPerConnection({ contestant, isApart }: Case, options: BenchOptions): Promise<number> {
  return runTrial(contestant, { ...options, isApart }, async (trial, readers) => {
    const first = Math.round(options.subscribers * firstShare);
    await trial.connect(readers, first);
    // In channels of their own most would miss what is published to one.
    if (!isApart) await trial.measure(warmUp);
    const before = await trial.residentBytes();
    await trial.connect(readers, options.subscribers);
    return ((await trial.residentBytes()) - before) / options.subscribers;
  });
}

interface IdleSummary {
  readonly name: string;
  readonly bytesPerConnection: Span | null;
  readonly ratio: Span | null;
}

function summarise(name: string, rounds: readonly (readonly IdleRow[])[]): IdleSummary {
  const rows = rounds.flatMap((round) => round.filter((row) => row.name === name));
  return {
    name,
    bytesPerConnection: spanOf(rows.map((row) => row.bytesPerConnection)),
    ratio: spanOf(rows.map((row) => row.ratio)),
  };
}
