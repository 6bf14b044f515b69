// Jobs a second beside BullMQ alone: the same job, the same concurrency, the same Redis, in rounds of which each contestant is a part.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Child, nodeProgram, short, spanOf, spanText, tableOf } from "tidewire/bench";
import { childrenOf } from "../../test/child-processes.ts";
import { commit, machine } from "../machine.ts";
import { keepResult } from "../results.ts";
import { startBroker } from "../torture-jobs/broker.ts";
import type { StoreName } from "../torture-jobs/stores.ts";
import { type AppTalk, type ContestantName, contestantNames, halves, type WorkerTalk } from "./talk.ts";

interface Options {
  readonly jobs: number;
  readonly rounds: number;
  readonly concurrency: number;
  /** Jobs that our worker fetches before it has a hand free; BullMQ's fetches one for each as it ends another one. */
  readonly ahead: number;
  readonly contestants: readonly ContestantName[];
  /** For CPU profiles of the workers. */
  readonly profiles: string | null;
}

/** Of one contestant in one round. */
interface Measured {
  readonly contestant: ContestantName;
  readonly ordersPerSecond: number;
  /** From the moment when the worker begins until everything is told. */
  readonly jobsPerSecond: number;
  /** Milliseconds of a processor for each job from order to end: of all processes, and of ours among them. */
  readonly cpuMs: number;
  readonly workerCpuMs: number;
  readonly appCpuMs: number;
}

const print = (text: string): void => void process.stdout.write(`${text}\n`);
const patienceMs = 300_000;
const quiet = ["--disable-warning=ExperimentalWarning"];

const brokers: Readonly<Record<ContestantName, StoreName>> = {
  bullmq: "redis",
  "tidewire on bullmq": "redis",
  "tidewire embedded": "embedded",
  "tidewire on rabbitmq": "rabbitmq",
};

async function measure(contestant: ContestantName, options: Options): Promise<Measured> {
  const folder = mkdtempSync(join(tmpdir(), "tidewire-bench-jobs-"));
  const broker = await startBroker(brokers[contestant], folder);
  const { profiles } = options;
  const profiled = profiles === null ? [] : ["--cpu-prof", `--cpu-prof-dir=${join(profiles, contestant)}`];
  const program = (name: string, flags: readonly string[]): ReturnType<typeof nodeProgram> =>
    nodeProgram(new URL(`./${name}-process`, import.meta.url), [], [...quiet, ...flags]);
  const app = new Child<AppTalk>(program("app", []), null);
  const worker = new Child<WorkerTalk>(program("worker", profiled), null);
  try {
    return await measureOn({ app, worker, address: broker.address }, contestant, options);
  } finally {
    await worker.stop();
    await app.stop();
    await broker.end();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Stage {
  readonly app: Child<AppTalk>;
  readonly worker: Child<WorkerTalk>;
  readonly address: { readonly url: string; readonly path: string };
}

async function measureOn(
  { app, worker, address: { url, path } }: Stage,
  contestant: ContestantName,
  { jobs, concurrency, ahead }: Options,
): Promise<Measured> {
  const site = { contestant, url, path };
  const port = await app.ask("open", site);
  await worker.ask("open", { ...site, port, concurrency, ahead });
  const cpu = async (): Promise<readonly number[]> => [
    cpuOfChildren(),
    await worker.ask("cpu", null),
    await app.ask("cpu", null),
  ];
  const before = await cpu();
  const orderedMs = await took(() => app.ask("order", { jobs, atOnce: concurrency }, patienceMs));
  // BullMQ's end is when its application has heard of it; ours when its worker has the application's word for it.
  const doneMs = await took(async () => {
    const working = worker.ask("work", { jobs }, patienceMs);
    if (contestant === "bullmq") await app.ask("hear", { jobs }, patienceMs);
    await working;
  });
  const after = await cpu();
  if (contestant !== "bullmq") await app.ask("hear", { jobs }, patienceMs);
  const progress = await app.ask("progress", null);
  if (progress !== jobs * halves.length)
    throw new Error(`${contestant}: of ${jobs} jobs ${progress} times progress was told`);
  const [cpuMs = 0, workerCpuMs = 0, appCpuMs = 0] = after.map((one, n) => ((one - (before[n] ?? 0)) * 1_000) / jobs);
  return {
    contestant,
    ordersPerSecond: jobs / (orderedMs / 1_000),
    jobsPerSecond: jobs / (doneMs / 1_000),
    cpuMs,
    workerCpuMs,
    appCpuMs,
  };
}

async function took(act: () => Promise<unknown>): Promise<number> {
  const sinceMs = performance.now();
  await act();
  return performance.now() - sinceMs;
}

const ticksPerSecond = 100;

/** Seconds that all programs of this bench have had; NaN where the system does not say. */
function cpuOfChildren(): number {
  if (process.platform !== "linux") return Number.NaN;
  const seconds = childrenOf(process.pid).map((child) => {
    const fields = readFileSync(`/proc/${child}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
    return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
  });
  return seconds.reduce((sum, one) => sum + one, 0);
}

function readOptions(args: readonly string[]): Options {
  const text = { type: "string" } as const;
  const options = { jobs: text, rounds: text, concurrency: text, ahead: text, only: text, profile: text };
  const { values } = parseArgs({ args: [...args], options });
  const integer = (name: "jobs" | "rounds" | "concurrency" | "ahead", otherwise: number, least = 1): number => {
    const value = Number(values[name] ?? otherwise);
    if (Number.isInteger(value) && value >= least) return value;
    throw new RangeError(`--${name}: expected an integer from ${least}, got ${values[name]}`);
  };
  const concurrency = integer("concurrency", 32);
  const contestants = contestantNames.filter((name) => values.only?.split(",").includes(name) ?? true);
  if (contestants.length === 0) throw new RangeError(`--only: expected some of ${contestantNames.join(",")}`);
  return {
    jobs: integer("jobs", 16_000),
    rounds: integer("rounds", 5),
    concurrency,
    ahead: integer("ahead", 3 * concurrency, 0),
    contestants,
    profiles: values.profile ?? null,
  };
}

function summaryOf(
  rows: readonly Measured[],
  options: Options,
): Record<string, Record<string, ReturnType<typeof spanOf>>> {
  const figures = ["ordersPerSecond", "jobsPerSecond", "cpuMs", "workerCpuMs", "appCpuMs"] as const;
  const alone = rows.filter(({ contestant }) => contestant === "bullmq");
  return Object.fromEntries(
    options.contestants.map((name) => {
      const own = rows.filter(({ contestant }) => contestant === name);
      const spans = figures.map((figure) => [figure, spanOf(own.map((row) => row[figure]))] as const);
      // Of the same round each: what else the machine did then was done to both.
      const ratios = own.map((row, round) => row.jobsPerSecond / (alone[round]?.jobsPerSecond ?? Number.NaN));
      return [name, { ...Object.fromEntries(spans), ratio: spanOf(ratios) }];
    }),
  );
}

async function main(args: readonly string[]): Promise<void> {
  const options = readOptions(args);
  const [here, of] = [machine(), commit()];
  print(`${here.cpu}, ${here.cores} cores, Node ${here.node}, commit ${of.id}, load ${here.loadAverage.toFixed(1)}`);
  const rows: Measured[] = [];
  for (let round = 1; round <= options.rounds; round += 1) {
    for (const contestant of options.contestants) {
      const row = await measure(contestant, options);
      rows.push(row);
      print(
        `round ${round}: ${contestant}: ${short(row.jobsPerSecond)} jobs/s, ${short(row.ordersPerSecond)} orders/s`,
      );
    }
  }
  const summary = summaryOf(rows, options);
  const columns = ["jobsPerSecond", "ratio", "ordersPerSecond", "cpuMs", "workerCpuMs", "appCpuMs"];
  const head = ["", "jobs/s", "of BullMQ alone", "orders/s", "CPU ms/job", "worker's", "application's"];
  const lines = Object.entries(summary).map(([name, spans]) => [
    name,
    ...columns.map((column) => spanText(spans[column] ?? null)),
  ]);
  print(`\n${tableOf([head, ...lines])}`);
  if (options.profiles !== null) return;
  const loadAverages = { before: here.loadAverage, after: loadavg()[0] };
  print(keepResult({ name: "jobs", machine: here, commit: of }, { loadAverages, options, summary, rounds: rows }));
}

main(process.argv.slice(2)).catch((thrown: unknown) => {
  process.stderr.write(`bench: ${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
  process.exitCode = 1;
});
