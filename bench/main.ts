// The bench's command: runs a scenario, prints its table and keeps its figures.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findTaskset } from "tidewire/bench";
import { commit, machine } from "./machine.ts";
import { readOptions, type ScenarioName } from "./options.ts";
import { connect } from "./scenarios/connect.ts";
import { fanOut } from "./scenarios/fan-out.ts";
import { idle } from "./scenarios/idle.ts";
import type { Scenario } from "./scenarios/scenario.ts";
import { slowReaders } from "./scenarios/slow-readers.ts";

const scenarios: Readonly<Record<ScenarioName, Scenario>> = {
  "fan-out": fanOut,
  idle,
  connect,
  "slow-readers": slowReaders,
};

const results = join(import.meta.dirname, "results");
const print = (text: string): void => void process.stdout.write(`${text}\n`);

async function run(args: readonly string[]): Promise<void> {
  const options = readOptions(args);
  const [here, { id, isChanged }] = [machine(), commit()];
  const isPinned = findTaskset() !== null && here.cores > 1;
  print(`${here.cpu}, ${here.cores} cores${isPinned ? ", pinned" : ""}, Node ${here.node}, commit ${id}`);
  const { report, summary, rounds } = await scenarios[options.scenario](options, print);
  print(`\n${report}`);
  if (options.quick || options.profiles !== null) return;
  const date = new Date().toISOString().slice(0, 10);
  const file = join(results, `${options.scenario}-${date}-${id}.json`);
  const measured = { date, machine: here, isPinned, commit: id, hasChanges: isChanged, options, summary, rounds };
  mkdirSync(results, { recursive: true });
  writeFileSync(file, `${JSON.stringify(measured, null, 2)}\n`);
  print(`\nbench/results/${options.scenario}-${date}-${id}.json`);
}

run(process.argv.slice(2)).catch((thrown: unknown) => {
  process.stderr.write(`bench: ${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
  process.exitCode = 1;
});
