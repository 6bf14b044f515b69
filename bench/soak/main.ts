// The soak's command: hours of coming and going, and whether the server holds the same at their end.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { commit, machine } from "../machine.ts";
import { short, tableOf } from "tidewire/bench";
import { faultsOf } from "./account.ts";
import { heldSizes, otherSizes } from "./sizes.ts";
import { type Slope, slopeOf } from "./slope.ts";
import { type Sample, soak, type Soaked, type SoakOptions } from "./soak.ts";

const print = (text: string): void => void process.stdout.write(`${text}\n`);
const results = join(import.meta.dirname, "../results");
const writeEvery = 10;
/** By then caches are warm and the first history has been purged; of a short soak, the last two thirds count. */
const warmMinutes = 20;

const usage = `npm run soak -- [options]
  --minutes <n>       how long (120)
  --connections <n>   visitors at a time (5000)
  --churn <n>         who leave in a second, and who come (25)
  --rate <n>          publications a second (100)
  --sample <seconds>  between two samples (30)`;

function readOptions(args: readonly string[]): SoakOptions {
  const text = { type: "string" } as const;
  const options = { minutes: text, connections: text, churn: text, rate: text, sample: text };
  const { values } = parseArgs({ args: [...args], options });
  const positive = (name: keyof typeof values, otherwise: number): number => {
    const value = Number(values[name] ?? otherwise);
    if (Number.isInteger(value) && value > 0) return value;
    throw new RangeError(`--${name}: expected a positive integer, got ${values[name]}\n\n${usage}`);
  };
  return {
    minutes: positive("minutes", 120),
    connections: positive("connections", 5_000),
    loads: 2,
    deaf: 10,
    churn: positive("churn", 25),
    publishesPerSecond: positive("rate", 100),
    sampleMs: positive("sample", 30) * 1_000,
  };
}

function slopesOf({ samples }: Soaked): Record<string, Slope> {
  const last = samples.at(-1)?.atMs ?? 0;
  const fromMs = Math.min(warmMinutes * 60_000, last / 3);
  const counted = samples.filter(({ atMs }) => atMs >= fromMs);
  const slopes: Record<string, Slope> = {};
  for (const [name, of] of Object.entries({ ...heldSizes, ...otherSizes })) {
    const values = counted.flatMap((sample) => {
      const value = of(sample);
      return value === null ? [] : [{ atMs: sample.atMs, value }];
    });
    const slope = slopeOf(values);
    if (slope !== null) slopes[name] = slope;
  }
  return slopes;
}

function report(soaked: Soaked): string {
  const rows = Object.entries(slopesOf(soaked)).map(([name, { mean, perHour, lowPerHour, highPerHour }]) => [
    name,
    short(mean),
    `${short(perHour)} (${short(lowPerHour)} to ${short(highPerHour)})`,
  ]);
  const head = ["", "mean", "slope an hour (95 %)"];
  return `${tableOf([head, ...rows])}\n\n${soaked.end === undefined ? "" : JSON.stringify(soaked.end, null, 2)}`;
}

function isFlawless({ end }: Soaked): boolean {
  return end !== undefined && faultsOf(end.counts) === 0 && end.lacking === 0 && end.misplacedByServer === 0;
}

async function run(args: readonly string[]): Promise<void> {
  const options = readOptions(args);
  const [here, { id, isChanged }] = [machine(), commit()];
  const began = new Date();
  const name = `soak-${began.toISOString().slice(0, 10)}-${id}.json`;
  print(`${here.cpu}, ${here.cores} cores, Node ${here.node}, commit ${id}, process ${process.pid}`);
  print(`bench/results/${name}; SIGTERM ends it early`);
  const keep = (soaked: Soaked): void => {
    const { samples, end } = soaked;
    const about = { date: began.toISOString().slice(0, 10), machine: here, commit: id, hasChanges: isChanged, options };
    mkdirSync(results, { recursive: true });
    const kept = { ...about, isOver: end !== undefined, slopes: slopesOf(soaked), end, samples };
    writeFileSync(join(results, name), `${JSON.stringify(kept, null, 2)}\n`);
  };
  const early = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, () => early.abort());
  const sampled = (soaked: Soaked): void => {
    const newest = soaked.samples.at(-1);
    if (newest !== undefined) print(lineOf(newest));
    if (soaked.samples.length % writeEvery === 0) keep(soaked);
  };
  const soaked = await soak(options, { sampled, signal: early.signal });
  keep(soaked);
  print(report(soaked));
  if (!isFlawless(soaked)) process.exitCode = 1;
}

function lineOf(sample: Sample): string {
  const { atMs, rssBytes, heapUsedBytes, descriptors, sessions, open, cpuShare, loadCpuShare, counts } = sample;
  const percent = (share: number): string => `${Math.round(share * 100)} %`;
  return [
    `${(atMs / 60_000).toFixed(1)} min`,
    `RSS ${short(rssBytes / 1e6)} MB`,
    `heap ${short(heapUsedBytes / 1e6)} MB`,
    `${descriptors ?? "?"} descriptors`,
    `${open} open, ${sessions} sessions`,
    `CPU ${percent(cpuShare)} and ${percent(loadCpuShare)}`,
    `${counts.received} received, ${faultsOf(counts)} faults`,
    `${counts.recovered} of ${counts.returns} recovered`,
  ].join("; ");
}

run(process.argv.slice(2)).catch((thrown: unknown) => {
  process.stderr.write(`soak: ${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
  process.exitCode = 1;
});
