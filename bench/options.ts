// The bench's command line: a scenario, and the numbers that its runs are made with.
import { parseArgs } from "node:util";
import { type ContestantName, contestantNames } from "./contestants.ts";

export const scenarioNames = ["fan-out", "idle", "connect", "slow-readers"] as const;
export type ScenarioName = (typeof scenarioNames)[number];

export interface BenchOptions {
  readonly scenario: ScenarioName;
  /** Short runs that say whether the bench works; their figures are not kept. */
  readonly quick: boolean;
  /** Subscribers of the one channel; connections, for `idle` and `connect`. */
  readonly subscribers: number;
  /** Publications in a second, and how many of them at once; `null`: the scenario's own loads. */
  readonly rate: number | null;
  readonly burst: number;
  /** Of publishing, per load. */
  readonly seconds: number;
  /** Rounds; in each, every contestant runs once. */
  readonly repeat: number;
  /** Load processes. */
  readonly loads: number;
  /** Bytes of a payload. */
  readonly bytes: number;
  readonly contestants: readonly ContestantName[];
  /** How long to wait, in all, for other programs to leave the machine alone; `fan-out` alone does. */
  readonly patience: number;
  /** Folder for CPU profiles of the servers. */
  readonly profiles: string | null;
}

const usage: string = `npm run bench -- <${scenarioNames.join("|")}> [options]
  --quick               under a minute, and nothing is written
  --subscribers <n>     of one channel; connections, for idle and connect
  --rate <n>            publications a second, instead of the two loads
  --burst <n>           how many of them at once (1)
  --seconds <n>         of publishing, per load
  --repeat <n>          rounds
  --loads <n>           processes of the load generator (1)
  --bytes <n>           of a payload (100)
  --only <a,b>          of ${contestantNames.join(", ")}
  --patience <seconds>  to wait, in all, for other programs to leave the machine alone; fan-out alone does (0)
  --profile <folder>    writes CPU profiles of the servers`;

const defaults: Readonly<Record<ScenarioName, { subscribers: number; seconds: number; repeat: number }>> = {
  "fan-out": { subscribers: 1_000, seconds: 5, repeat: 5 },
  idle: { subscribers: 5_000, seconds: 1, repeat: 3 },
  connect: { subscribers: 5_000, seconds: 1, repeat: 5 },
  "slow-readers": { subscribers: 500, seconds: 5, repeat: 3 },
};

/** Fewer subscribers would make another load of `fan-out`: there fewer seconds and one round must do. */
const quickly: Readonly<Record<ScenarioName, { subscribers: number; seconds: number; repeat: number }>> = {
  "fan-out": { subscribers: 1_000, seconds: 1, repeat: 1 },
  idle: { subscribers: 1_000, seconds: 1, repeat: 1 },
  connect: { subscribers: 1_000, seconds: 1, repeat: 1 },
  "slow-readers": { subscribers: 200, seconds: 1, repeat: 1 },
};

const everybody = contestantNames.join(",");
const aFew = "tidewire-json,naive-ws";

/** @throws {TypeError | RangeError} with a sentence for whoever typed it. */
export function readOptions(args: readonly string[]): BenchOptions {
  const text = { type: "string" } as const;
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      quick: { type: "boolean", default: false },
      subscribers: text,
      rate: text,
      burst: text,
      seconds: text,
      repeat: text,
      loads: text,
      bytes: text,
      only: text,
      patience: text,
      profile: text,
    },
  });
  const scenario = scenarioNames.find((name) => name === positionals[0]);
  if (scenario === undefined) throw new TypeError(`expected a scenario, got "${positionals[0] ?? ""}"\n\n${usage}`);
  const given = (values.quick ? quickly : defaults)[scenario];
  return {
    scenario,
    quick: values.quick,
    subscribers: positive("subscribers", values.subscribers) ?? given.subscribers,
    rate: positive("rate", values.rate),
    burst: positive("burst", values.burst) ?? 1,
    seconds: positive("seconds", values.seconds) ?? given.seconds,
    repeat: positive("repeat", values.repeat) ?? given.repeat,
    loads: positive("loads", values.loads) ?? 1,
    bytes: positive("bytes", values.bytes) ?? 100,
    contestants: contestantsOf(values.only ?? (values.quick && scenario === "slow-readers" ? aFew : everybody)),
    patience: positive("patience", values.patience) ?? 0,
    profiles: values.profile ?? null,
  };
}

function positive(name: string, given: string | undefined): number | null {
  if (given === undefined) return null;
  const value = Number(given);
  if (!Number.isInteger(value) || value < 1)
    throw new RangeError(`--${name}: expected a positive integer, got ${given}`);
  return value;
}

function contestantsOf(list: string): ContestantName[] {
  return list.split(",").map((given) => {
    const found = contestantNames.find((name) => name === given);
    if (found === undefined) throw new TypeError(`--only: expected ${everybody}; got "${given}"`);
    return found;
  });
}
