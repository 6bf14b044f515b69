// The command: `npm run simulate`. Nothing of the product is imported before a bug may have been planted in it.
import type { FaultName } from "./world/fault-names.ts";
import { checkFile } from "./checker/lines.ts";
import { type Options, readOptions, usage } from "./options.ts";
import { allBugs, bugOf, plant } from "./planted/plant.ts";
import { inTurn, runSeeds, runShard } from "./shards.ts";
import { count, emptySummary, type Summary, table, unreached } from "./summary.ts";

const print = (text: string): void => void process.stdout.write(`${text}\n`);

async function load(): Promise<{ simulate: typeof import("./run.ts").simulate; faultNames: readonly FaultName[] }> {
  const { simulate } = await import("./run.ts");
  const { faultNames } = await import("./world/fault-names.ts");
  return { simulate, faultNames };
}

/** One seed, line by line. */
async function trace({ from: seed, isJson }: Options): Promise<boolean> {
  const { simulate } = await load();
  if (isJson) {
    const history = await simulate(seed, { record: (record) => print(JSON.stringify(record)) });
    return history.problems.length === 0;
  }
  const { problems, digest, virtualMs, records } = await simulate(seed, { trace: print });
  print(`\nseed ${seed}: ${records} records in ${(virtualMs / 1_000).toFixed(1)} s, virtual; digest ${digest}`);
  for (const { problem, says } of problems) print(`${problem}: ${says}`);
  return problems.length === 0;
}

async function check(file: string): Promise<boolean> {
  const { records, deliveries, violations } = await checkFile(file);
  for (const { verdict, says, at } of violations) print(`record ${at}: ${verdict}: ${says}`);
  print(`${records} records, ${deliveries} deliveries checked, violations ${violations.length}`);
  return violations.length === 0;
}

/** Seeds in this process. With a planted bug it ends where something is found. */
async function here({ from, seeds, plant: planted }: Options): Promise<Summary> {
  const { simulate } = await load();
  const summary = emptySummary();
  for (let seed = from; seed < from + seeds; seed += 1) {
    const startedMs = performance.now();
    count(summary, await simulate(seed), performance.now() - startedMs);
    if (planted !== null && summary.found.length > 0) break;
  }
  return summary;
}

async function summarise(options: Options): Promise<boolean> {
  const { from, seeds, workers, plant: planted } = options;
  if (options.isJson) {
    print(JSON.stringify(await here(options)));
    return true;
  }
  const summary = planted === null && workers > 1 ? await runSeeds(from, seeds, workers) : await here(options);
  const { faultNames } = await load();
  print(table(summary, faultNames));
  for (const { seed, problem, says } of summary.found) print(`seed ${seed}: ${problem}: ${says}`);
  const missing = planted === null ? unreached(summary, faultNames) : [];
  for (const problem of missing) print(`not reached: ${problem}`);
  return summary.found.length === 0 && missing.length === 0;
}

/** Whether every planted bug is found, and after how many seeds. */
async function hunt({ from, seeds, workers }: Options): Promise<boolean> {
  const hunted = await inTurn(allBugs, workers, async ({ name, promise }) => {
    const { seeds: needed, found } = await runShard({ from, seeds, plant: name });
    const [first] = found;
    print(
      `${name.padEnd(46)}${promise.padEnd(8)}${(first === undefined ? "NOT FOUND" : `${needed}`).padStart(10)}  ${first?.problem ?? ""}`,
    );
    return first !== undefined;
  });
  print(`${hunted.filter(Boolean).length} of ${hunted.length} found within ${seeds} seeds`);
  return hunted.every(Boolean);
}

async function run(args: readonly string[]): Promise<boolean> {
  if (args.includes("--help")) {
    print(usage);
    return true;
  }
  const options = readOptions(args);
  if (options.plant !== null) plant(bugOf(options.plant));
  if (options.mode === "hunt") return await hunt(options);
  if (options.mode === "check") return await check(options.file);
  return options.mode === "trace" ? await trace(options) : await summarise(options);
}

run(process.argv.slice(2)).then(
  (isGood) => {
    if (!isGood) process.exitCode = 1;
  },
  (thrown: unknown) => {
    process.stderr.write(`simulate: ${thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)}\n`);
    process.exitCode = 1;
  },
);
