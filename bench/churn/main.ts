// The churn's command: twenty storms of ten thousand, and whether the last leaves no more behind than the third.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { commit, machine } from "../machine.ts";
import { faultsOf } from "../soak/account.ts";
import { heldSizes, otherSizes } from "../soak/sizes.ts";
import { short, tableOf } from "tidewire/bench";
import { churn, type ChurnOptions, comparedRound, type Round } from "./churn.ts";

const print = (text: string): void => void process.stdout.write(`${text}\n`);
const results = join(import.meta.dirname, "../results");
/** The last round may hold so much more than the one it is compared with. */
const mostGrowth = 0.05;

const usage = `npm run churn -- [options]
  --rounds <n>    how many storms (20)
  --clients <n>   who are cut and return in each (10000)
  --rate <n>      publications a second meanwhile (200)`;

function readOptions(args: readonly string[]): ChurnOptions {
  const text = { type: "string" } as const;
  const { values } = parseArgs({ args: [...args], options: { rounds: text, clients: text, rate: text } });
  const positive = (name: keyof typeof values, otherwise: number): number => {
    const value = Number(values[name] ?? otherwise);
    if (Number.isInteger(value) && value > 0) return value;
    throw new RangeError(`--${name}: expected a positive integer, got ${values[name]}\n\n${usage}`);
  };
  return {
    rounds: positive("rounds", 20),
    clients: positive("clients", 10_000),
    loads: 2,
    publishesPerSecond: positive("rate", 200),
    quietMs: 22_000,
  };
}

interface Growth {
  readonly compared: number;
  readonly last: number;
  /** `last / compared - 1`; 0 where both are 0. */
  readonly growth: number;
}

function growthsOf(rounds: readonly Round[]): Record<string, Growth> {
  const [from, to] = [rounds[comparedRound - 1], rounds.at(-1)];
  if (from === undefined || to === undefined) return {};
  const growths: Record<string, Growth> = {};
  for (const [name, of] of Object.entries({ ...heldSizes, ...otherSizes })) {
    const [compared, last] = [of(from), of(to)];
    if (compared === null || last === null) continue;
    growths[name] = { compared, last, growth: last === compared ? 0 : last / compared - 1 };
  }
  return growths;
}

function isFlawless(rounds: readonly Round[]): boolean {
  const areWhole = rounds.every(
    ({ eligible, recovered, lacking, misplacedByServer, counts }) =>
      eligible === recovered && lacking + misplacedByServer + faultsOf(counts) + counts.gaps === 0,
  );
  const held = Object.entries(growthsOf(rounds)).filter(([name]) => Object.hasOwn(heldSizes, name));
  return areWhole && held.every(([, { growth }]) => growth <= mostGrowth);
}

async function run(args: readonly string[]): Promise<void> {
  const options = readOptions(args);
  const [here, { id, isChanged }] = [machine(), commit()];
  print(`${here.cpu}, ${here.cores} cores, Node ${here.node}, commit ${id}`);
  let number = 0;
  const rounds = await churn(options, (round) => print(`round ${(number += 1)}: ${lineOf(round)}`));
  const growths = growthsOf(rounds);
  const rows = Object.entries(growths).map(([name, { compared, last, growth }]) => [
    name,
    short(compared),
    short(last),
    `${(growth * 100).toFixed(1)} %`,
  ]);
  print(`\n${tableOf([["", `round ${comparedRound}`, `round ${rounds.length}`, "growth"], ...rows])}`);
  const date = new Date().toISOString().slice(0, 10);
  const name = `churn-${date}-${id}.json`;
  const kept = { date, machine: here, commit: id, hasChanges: isChanged, options, growths, rounds };
  mkdirSync(results, { recursive: true });
  writeFileSync(join(results, name), `${JSON.stringify(kept, null, 2)}\n`);
  print(`\nbench/results/${name}`);
  if (!isFlawless(rounds)) process.exitCode = 1;
}

function lineOf(round: Round): string {
  const { elapsedMs, recovered, eligible, failed, counts, rssBytes, heapUsedBytes, descriptors, sessions } = round;
  return [
    `back in ${(elapsedMs / 1_000).toFixed(1)} s`,
    `${recovered} of ${eligible} recovered`,
    `${failed} failed attempts`,
    `${faultsOf(counts) + round.lacking} faults`,
    `RSS ${short(rssBytes / 1e6)} MB`,
    `heap ${short(heapUsedBytes / 1e6)} MB`,
    `${descriptors ?? "?"} descriptors`,
    `${sessions} sessions`,
  ].join("; ");
}

run(process.argv.slice(2)).catch((thrown: unknown) => {
  process.stderr.write(`churn: ${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
  process.exitCode = 1;
});
