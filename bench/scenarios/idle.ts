// Idle: what a connection with one subscription, and nothing to say, holds of the server's resident memory.
import { type ContestantName, yardstick } from "../contestants.ts";
import type { BenchOptions } from "../options.ts";
import { type Span, spanOf, spanText, tableOf } from "../statistics.ts";
import { Trial } from "../trial.ts";
import type { Scenario } from "./scenario.ts";

interface Case {
  readonly name: string;
  readonly contestant: ContestantName;
  readonly channel: string;
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
  return { report: tableOf([["", "B/connection", "× naive ws"], ...body]), summary, rounds };
};

function casesOf({ contestants }: BenchOptions): readonly Case[] {
  const plain = contestants.map((contestant) => ({ name: contestant, contestant, channel: "bench:0" }));
  if (!contestants.includes("tidewire-json")) return plain;
  return [...plain, { name: "tidewire-json, a channel each", contestant: "tidewire-json", channel: "bench:{n}" }];
}

/** Those of the first share have been published to, so that what a server makes once is made. */
function bytesPerConnection({ contestant, channel }: Case, options: BenchOptions): Promise<number> {
  return Trial.run(contestant, { ...options, channel }, async (trial) => {
    const first = Math.round(options.subscribers * firstShare);
    await trial.connect(first);
    // In channels of their own most would miss what is published to one.
    if (channel === "bench:0") await trial.measure(warmUp);
    const before = await trial.memory();
    await trial.connect(options.subscribers);
    const after = await trial.memory();
    return (after.rssBytes - before.rssBytes) / options.subscribers;
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
