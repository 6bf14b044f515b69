// The bench's command: runs scenarios, prints their tables and keeps their figures.
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { join } from "node:path";
import { findTaskset } from "tidewire/bench";
import { build } from "./contestants.ts";
import { commit, machine } from "./machine.ts";
import { type BenchOptions, readOptions } from "./options.ts";
import { scenarios } from "./scenarios/catalog.ts";

const results = join(import.meta.dirname, "results");
const oxfmt = join(import.meta.dirname, "../node_modules/oxfmt/bin/oxfmt");
const print = (text: string): void => void process.stdout.write(`${text}\n`);

async function run(options: BenchOptions): Promise<void> {
  const [here, { id, isChanged }] = [machine(), commit()];
  const isPinned = findTaskset() !== null && here.cores > 1;
  const begunMs = performance.now();
  const { report, summary, rounds } = await scenarios[options.scenario](options, print);
  const tookSeconds = Math.round((performance.now() - begunMs) / 1_000);
  print(`\n${report}\n\n${options.scenario}: ${tookSeconds} s`);
  if (options.quick || options.profiles !== null) return;
  const date = new Date().toISOString().slice(0, 10);
  const file = `${options.scenario}-${date}-${id}.json`;
  const loadAverages = { before: here.loadAverage, after: loadavg()[0] };
  const where = { date, machine: here, loadAverages, isPinned, commit: id, hasChanges: isChanged };
  mkdirSync(results, { recursive: true });
  writeFileSync(join(results, file), JSON.stringify({ ...where, options, tookSeconds, summary, rounds }));
  // As the check of formats wants it.
  spawnSync(process.execPath, [oxfmt, join(results, file)]);
  print(`bench/results/${file}`);
}

async function runAll(args: readonly string[]): Promise<void> {
  const asked = readOptions(args);
  const able = build([...new Set(asked.flatMap(({ contestants }) => contestants))], print);
  const all = asked.map((one) => ({ ...one, contestants: one.contestants.filter((name) => able.includes(name)) }));
  const here = machine();
  print(
    `${here.cpu}, ${here.cores} cores, Node ${here.node}, commit ${commit().id}, load ${here.loadAverage.toFixed(1)}`,
  );
  const failed: string[] = [];
  for (const options of all) {
    print(`\n# ${options.scenario}\n`);
    try {
      await run(options);
    } catch (thrown) {
      // The others are worth having.
      failed.push(options.scenario);
      process.stderr.write(
        `bench: ${options.scenario}: ${thrown instanceof Error ? thrown.message : String(thrown)}\n`,
      );
    }
  }
  if (failed.length > 0) throw new Error(`failed: ${failed.join(", ")}`);
}

runAll(process.argv.slice(2)).catch((thrown: unknown) => {
  process.stderr.write(`bench: ${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
  process.exitCode = 1;
});
