// `npm run fuzz -- frames`: one dialect or all of them, and the record of it.
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { commit, machine } from "../../bench/machine.ts";
import { numberOf } from "../options.ts";
import { dialects } from "./dialects.ts";
import { drive, type Outcome, problemsOf } from "./drive.ts";

const results = path.join(import.meta.dirname, "..", "..", "bench", "results");
const defaultCount = 20_000;

/** @returns Whether nothing is wrong. @throws {TypeError} for what is no option. */
export async function driveFrames(args: readonly string[], print: (text: string) => void): Promise<boolean> {
  const text = { type: "string" } as const;
  const { values } = parseArgs({
    args: [...args],
    options: { dialect: text, count: text, seed: text, write: { type: "boolean" } },
  });
  const chosen = dialects.filter((dialect) => values.dialect === undefined || dialect === values.dialect);
  if (chosen.length === 0)
    throw new TypeError(`--dialect: expected one of ${dialects.join(", ")}; got "${values.dialect}"`);
  const [count, seed] = [numberOf("count", values.count) ?? defaultCount, numberOf("seed", values.seed) ?? 1];
  const outcomes: Outcome[] = [];
  // Before, not after: somebody may work on meanwhile.
  const at = { date: new Date().toISOString().slice(0, 10), machine: machine(), ...commit() };
  for (const dialect of chosen) {
    const outcome = await drive({
      dialect,
      count,
      seed,
      tell: (frames, { heldBytes, rssBytes, loopDelayMs }) =>
        print(
          `${dialect}: ${frames} frames, ${megabytes(heldBytes)} held, ${megabytes(rssBytes)} resident, ` +
            `event loop late by ${loopDelayMs.p99.toFixed(0)} ms (99 %), ${loopDelayMs.max.toFixed(0)} ms (most)`,
        ),
    });
    outcomes.push(outcome);
    print(JSON.stringify(outcome, null, 2));
    for (const problem of problemsOf(outcome)) print(`!!! ${dialect}: ${problem}`);
  }
  const areGood = outcomes.every((outcome) => problemsOf(outcome).length === 0);
  if (values.write === true) write({ at, count, seed, outcomes }, print);
  return areGood;
}

interface Record {
  readonly at: { readonly date: string; readonly machine: object; readonly id: string; readonly isChanged: boolean };
  readonly count: number;
  readonly seed: number;
  readonly outcomes: readonly Outcome[];
}

function write({ at, count, seed, outcomes }: Record, print: (text: string) => void): void {
  const { date, machine: here, id, isChanged } = at;
  const kept = { date, machine: here, commit: id, hasChanges: isChanged, options: { count, seed }, outcomes };
  mkdirSync(results, { recursive: true });
  const names = outcomes.length === dialects.length ? "" : `${outcomes.map(({ dialect }) => dialect).join("-")}-`;
  const name = `fuzz-frames-${names}${date}-${id}.json`;
  writeFileSync(path.join(results, name), `${JSON.stringify(kept, null, 2)}\n`);
  print(`bench/results/${name}`);
}

function megabytes(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(0)} MB`;
}
