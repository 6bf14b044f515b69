// Where figures are kept: one file for each measurement, named by what it is of, its day and its commit, in the project's format.
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Commit, Machine } from "./machine.ts";

const results = join(import.meta.dirname, "results");
const oxfmt = join(import.meta.dirname, "../node_modules/oxfmt/bin/oxfmt");

/** Where and of what it was measured, as it was when that began. */
export interface Measurement {
  readonly name: string;
  readonly machine: Machine;
  readonly commit: Commit;
}

/**
 * @param figures What was measured; what was measured with comes before it.
 * @returns The file, from the root of the repository.
 */
export function keepResult({ name, machine, commit }: Measurement, figures: object): string {
  const date = new Date().toISOString().slice(0, 10);
  const file = `${name}-${date}-${commit.id}.json`;
  const kept = { date, machine, commit: commit.id, hasChanges: commit.isChanged, ...figures };
  mkdirSync(results, { recursive: true });
  writeFileSync(join(results, file), JSON.stringify(kept));
  // As the check of formats wants it.
  spawnSync(process.execPath, [oxfmt, join(results, file)]);
  return `bench/results/${file}`;
}
