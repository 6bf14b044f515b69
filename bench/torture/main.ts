// The torture: servers are killed, cut off and stopped again and again under load, and every reader's account is checked.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { commit, machine } from "../machine.ts";
import { isFlawless, tortureAlone } from "./alone.ts";
import { run } from "./machines.ts";
import { type EngineName, impossible, sectionsOf } from "./sections.ts";
import { torture } from "./together.ts";
import { findTools, ownNamespaces, type Tools } from "./tools.ts";

const print = (text: string): void => void process.stdout.write(`${text}\n`);
const results = join(import.meta.dirname, "../results");
const text = { type: "string" } as const;
const flags = {
  engine: text,
  nodes: text,
  rate: text,
  kills: text,
  acks: text,
  subscribers: text,
  channels: text,
  times: text,
  minutes: text,
  section: text,
  fault: text,
  seed: text,
  // Of its own, when it starts itself once more.
  inside: text,
} as const;

type Values = Readonly<Partial<Record<keyof typeof flags, string>>>;

function positive(values: Values, name: keyof typeof flags, otherwise: number): number {
  const value = Number(values[name] ?? otherwise);
  if (Number.isInteger(value) && value > 0) return value;
  throw new RangeError(`--${name}: expected a positive integer, got ${values[name]}`);
}

type Tortured = EngineName | "sqlite";

/** One, or several with commas between them. */
function enginesOf(values: Values): readonly Tortured[] {
  return (values.engine ?? "sqlite").split(",").map((engine) => {
    if (engine === "sqlite" || engine === "redis" || engine === "nats" || engine === "local") return engine;
    throw new RangeError(`--engine: expected sqlite, redis, nats or local, got ${engine}`);
  });
}

// As it was when this began.
const [here, { id, isChanged }] = [machine(), commit()];

function keep(name: string, result: object): void {
  const date = new Date().toISOString().slice(0, 10);
  const file = `${name}-${date}-${id}.json`;
  mkdirSync(results, { recursive: true });
  const kept = { date, machine: here, commit: id, hasChanges: isChanged, ...result };
  writeFileSync(join(results, file), `${JSON.stringify(kept, null, 2)}\n`);
  print(`bench/results/${file}`);
}

async function alone(values: Values): Promise<boolean> {
  const load = { subscribers: positive(values, "subscribers", 200), channels: positive(values, "channels", 20) };
  const pace = { rate: positive(values, "rate", 1_000), acks: positive(values, "acks", 1_050) };
  const options = { kills: positive(values, "kills", 50), ...load, ...pace };
  const folder = mkdtempSync(join(tmpdir(), "tidewire-torture-"));
  try {
    const outcome = await tortureAlone(options, { file: join(folder, "log.db"), say: print });
    print(JSON.stringify(outcome, null, 2));
    keep("torture", { options, ...outcome });
    return isFlawless(outcome);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function together(engine: EngineName, values: Values, tools: Tools): Promise<boolean> {
  const load = {
    subscribers: positive(values, "subscribers", 200),
    channels: positive(values, "channels", 40),
    rate: positive(values, "rate", 2_000),
  };
  const sections = sectionsOf(engine, values.section ?? null);
  const seed = positive(values, "seed", 1 + Math.floor(Math.random() * 1_000_000));
  const length = { times: positive(values, "times", 8), minutes: positive(values, "minutes", 60) };
  const options = { nodes: positive(values, "nodes", 3), load, ...length, seed };
  print(`seed ${seed}`);
  const result = { engine, options, impossible: impossible[engine] };
  const outcomes = await torture({
    ...options,
    sections,
    limitMs: options.minutes * 60_000,
    only: values.fault?.split(",") ?? null,
    tools,
    say: print,
    keep: (done) => keep(`torture-${engine}`, { ...result, sections: done }),
  });
  for (const { kinds, ...outcome } of outcomes) {
    print(JSON.stringify(outcome, null, 2));
    for (const [name, { times, returns, recovered }] of Object.entries(kinds)) {
      print(`  ${times} × ${name}: ${recovered} of ${returns} recovered`);
    }
  }
  return outcomes.every((outcome) => outcome.isFlawless);
}

/** Once more, in namespaces of its own: networks and disks are made there, and all of it is gone when it ends. */
async function inside(engine: EngineName, args: readonly string[], tools: Tools): Promise<boolean> {
  const own = ["--engine", engine, "--inside", JSON.stringify(tools)];
  const again = [...process.execArgv, process.argv[1] ?? "", ...args, ...own];
  const child = spawn("unshare", [...ownNamespaces, process.execPath, ...again], { stdio: "inherit" });
  const [code] = (await once(child, "exit")) as [number | null];
  return code === 0;
}

async function start(engine: Tortured, values: Values, args: readonly string[]): Promise<boolean> {
  if (engine === "sqlite") return await alone(values);
  if (values.inside !== undefined) {
    // The first process of its own world is not ended by signals that it does not ask for.
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => process.exit(1));
    run("mount", "-t", "tmpfs", "tmpfs", "/run");
    run("ip", "link", "set", "lo", "up");
    return await together(engine, values, JSON.parse(values.inside) as Tools);
  }
  const tools = await findTools(engine);
  for (const [name, reason] of Object.entries(tools.without)) if (reason !== null) print(`no ${name}: ${reason}`);
  for (const reason of impossible[engine]) print(`not done: ${reason}`);
  return tools.without.disk === null ? await inside(engine, args, tools) : await together(engine, values, tools);
}

async function main(args: readonly string[]): Promise<boolean> {
  const { values } = parseArgs({ args: [...args], options: flags });
  const engines = enginesOf(values);
  if (values.inside === undefined) print(`${here.cpu}, ${here.cores} cores, Node ${here.node}, commit ${id}`);
  // Before anything is made for them.
  for (const engine of engines) if (engine !== "sqlite") sectionsOf(engine, values.section ?? null);
  let isWell = true;
  // All of them, also after one that has failed.
  for (const engine of engines) isWell = (await start(engine, values, args)) && isWell;
  return isWell;
}

main(process.argv.slice(2)).then(
  (isWell) => {
    process.exitCode = isWell ? 0 : 1;
  },
  (thrown: unknown) => {
    process.stderr.write(`torture: ${thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)}\n`);
    process.exitCode = 1;
  },
);
