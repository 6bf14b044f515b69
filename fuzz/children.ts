// Each target in a process of its own: its coverage is its own, and one that dies takes no other with it.
import { spawn } from "node:child_process";
import path from "node:path";
import type { TargetSummary } from "./run-target.ts";

const main = path.join(import.meta.dirname, "main.ts");

/** What a reader of 64 KiB may never need; a process that does ends, and that is a finding. */
const maxHeapMegabytes = 512;

export interface ChildOptions {
  readonly target: string;
  readonly seconds: number;
  readonly runs: number | null;
  readonly seed: number;
  readonly plant: string | null;
  readonly keeps: boolean;
}

/** @throws {Error} with what it said when it ended without a summary. */
export async function runChild(options: ChildOptions): Promise<TargetSummary> {
  const { target, seconds, runs, seed, plant, keeps } = options;
  const args = [
    `--max-old-space-size=${maxHeapMegabytes}`,
    "--expose-gc",
    "--conditions=@tidewire/source",
    "--disable-warning=ExperimentalWarning",
    main,
    target,
    "--json",
    `--seconds=${seconds}`,
    `--seed=${seed}`,
    ...(runs === null ? [] : [`--runs=${runs}`]),
    ...(plant === null ? [] : [`--plant=${plant}`]),
    ...(keeps ? ["--keep"] : []),
  ];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  let [said, wrong] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (said += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (wrong += text));
  const ended = await new Promise<number | string | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve(code ?? signal));
  });
  if (said === "") throw new Error(`${target} ended with ${ended} and no summary: ${wrong.slice(0, 4_000)}`);
  return JSON.parse(said) as TargetSummary;
}
