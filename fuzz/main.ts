// The command: `npm run fuzz`. Nothing of the product is imported before a bug may have been planted in it.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { commit, machine } from "../bench/machine.ts";
import { plant } from "../simulation/planted/plant.ts";
import { runChild } from "./children.ts";
import { type Options, readOptions, usage } from "./options.ts";
import { plantedDecoderBugs } from "./planted.ts";
import { load, runTarget, type TargetSummary } from "./run-target.ts";

const print = (text: string): void => void process.stdout.write(`${text}\n`);
const results = path.join(import.meta.dirname, "..", "bench", "results");

function lineOf({ target, runs, seconds, blocks, corpus, findings, slowest }: TargetSummary): string {
  const columns = [
    target.padEnd(20),
    `${runs}`.padStart(9),
    `${Math.round(runs / seconds)}`.padStart(8),
    `${blocks.ran}`.padStart(6),
    `${blocks.known}`.padStart(6),
    `${corpus}`.padStart(7),
    `${slowest.ms.toFixed(1)} ms`.padStart(11),
    `${findings.length}`.padStart(8),
  ];
  return columns.join("");
}

const head = `${"target".padEnd(20)}${"inputs".padStart(9)}${"a second".padStart(8)}${"blocks".padStart(6)}${"of".padStart(6)}${"corpus".padStart(7)}${"slowest".padStart(11)}${"findings".padStart(8)}`;

async function fuzz(options: Options): Promise<boolean> {
  const { targets, seconds, runs, seed, plant: planted, keeps } = options;
  const [only] = targets;
  if (options.isJson && only !== undefined) {
    // A bug that is planted is to be found, once.
    print(JSON.stringify(await runTarget(only, { ...options, mostFindings: planted === null ? 10 : 1 })));
    return true;
  }
  print(head);
  const summaries: TargetSummary[] = [];
  for (const target of targets) {
    const summary = await runChild({ target, seconds, runs, seed, plant: planted, keeps });
    summaries.push(summary);
    print(lineOf(summary));
    for (const { key, stack, file } of summary.findings)
      print(`  ${key}\n  ${stack}\n  npm run fuzz -- ${target} --input ${file}`);
  }
  if (options.writes) write(options, summaries);
  return summaries.every(({ findings }) => findings.length === 0);
}

function write({ seconds, seed }: Options, targets: readonly TargetSummary[]): void {
  const [date, { id, isChanged }] = [new Date().toISOString().slice(0, 10), commit()];
  const total = (of: (summary: TargetSummary) => number): number => targets.reduce((sum, each) => sum + of(each), 0);
  const kept = {
    date,
    machine: machine(),
    commit: id,
    hasChanges: isChanged,
    options: { seconds, seed },
    inputs: total(({ runs }) => runs),
    findings: total(({ findings }) => findings.length),
    targets,
  };
  mkdirSync(results, { recursive: true });
  const name = `fuzz-${date}-${id}.json`;
  writeFileSync(path.join(results, name), `${JSON.stringify(kept, null, 2)}\n`);
  print(`bench/results/${name}`);
}

/** One input, and what it does. */
async function runInput(name: string, file: string): Promise<boolean> {
  const target = await load(name);
  try {
    await target.run(new Uint8Array(readFileSync(file)));
    print(`${name}: nothing to say against it`);
    return true;
  } catch (thrown) {
    print(thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown));
    return false;
  }
}

/** Whether every planted bug is found, and after how many inputs. */
async function hunt({ seconds, seed, runs }: Options): Promise<boolean> {
  let areFound = true;
  for (const { name, target } of plantedDecoderBugs) {
    const summary = await runChild({ target, seconds, runs, seed, plant: name, keeps: false });
    const [first] = summary.findings;
    areFound &&= first !== undefined;
    const found = first === undefined ? "NOT FOUND" : `${summary.seconds.toFixed(1)} s`;
    print(`${name.padEnd(52)}${target.padEnd(20)}${found.padStart(10)}  ${first?.key ?? ""}`);
  }
  return areFound;
}

async function run(args: readonly string[]): Promise<boolean> {
  if (args.includes("--help")) {
    print(usage);
    return true;
  }
  if (args[0] === "frames") {
    const { driveFrames } = await import("./frames/command.ts");
    return await driveFrames(args.slice(1), print);
  }
  const options = readOptions(args);
  if (options.plant !== null && options.isJson) plantNamed(options.plant);
  if (options.mode === "hunt") return await hunt(options);
  if (options.mode === "input") return await runInput(options.targets[0] ?? "", options.input ?? "");
  return await fuzz(options);
}

function plantNamed(name: string): void {
  const bug = plantedDecoderBugs.find((planted) => planted.name === name);
  if (bug === undefined) {
    throw new TypeError(
      `expected one of ${plantedDecoderBugs.map((planted) => planted.name).join(", ")}; got "${name}"`,
    );
  }
  plant(bug);
}

run(process.argv.slice(2)).then(
  (isGood) => {
    if (!isGood) process.exitCode = 1;
  },
  (thrown: unknown) => {
    process.stderr.write(`fuzz: ${thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)}\n`);
    process.exitCode = 1;
  },
);
