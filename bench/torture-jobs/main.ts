// The command of the torture of jobs: everybody who takes part in 10,000 jobs is killed again and again, and nothing that was promised may be lost.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { commit, machine } from "../machine.ts";
import { keepResult } from "../results.ts";
import { attempts, leaseMs } from "./job.ts";
import { storeNames } from "./stores.ts";
import { type TortureOptions, tortureJobs } from "./torture-jobs.ts";

const print = (text: string): void => void process.stdout.write(`${text}\n`);
const text = { type: "string" } as const;
const flags = { store: text, jobs: text, "watched-of": text, seed: text } as const;
const shownViolations = 20;

function readOptions(args: readonly string[]): TortureOptions {
  const { values } = parseArgs({ args: [...args], options: flags });
  const positive = (name: "jobs" | "watched-of" | "seed", otherwise: number): number => {
    const value = Number(values[name] ?? otherwise);
    if (Number.isInteger(value) && value > 0) return value;
    throw new RangeError(`--${name}: expected a positive integer, got ${values[name]}`);
  };
  const store = storeNames.find((name) => name === (values.store ?? "embedded"));
  if (store === undefined) throw new RangeError(`--store: expected ${storeNames.join(", ")}, got ${values.store}`);
  const seed = positive("seed", 1 + Math.floor(Math.random() * 1_000_000));
  return { store, jobs: positive("jobs", 10_000), watchedOf: positive("watched-of", 10), seed };
}

// As it was when this began.
const [here, of] = [machine(), commit()];

async function main(args: readonly string[]): Promise<boolean> {
  const options = readOptions(args);
  print(`${here.cpu}, ${here.cores} cores, Node ${here.node}, commit ${of.id}, seed ${options.seed}`);
  const folder = mkdtempSync(join(tmpdir(), "tidewire-torture-jobs-"));
  const outcome = await tortureJobs(options, { folder, say: print });
  const { violations, ...figures } = outcome;
  print(JSON.stringify(figures, null, 2));
  for (const violation of violations.slice(0, shownViolations)) print(`!!! ${violation}`);
  print(violations.length === 0 ? "nothing wrong" : `${violations.length} violations; what was said is in ${folder}`);
  const measurement = { name: `torture-jobs-${options.store}`, machine: here, commit: of };
  print(keepResult(measurement, { options, terms: { leaseMs, attempts }, ...outcome }));
  if (violations.length === 0) rmSync(folder, { recursive: true, force: true });
  return violations.length === 0;
}

main(process.argv.slice(2)).then(
  (isWell) => {
    process.exitCode = isWell ? 0 : 1;
  },
  (thrown: unknown) => {
    process.stderr.write(
      `torture:jobs: ${thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)}\n`,
    );
    process.exitCode = 1;
  },
);
