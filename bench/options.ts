// The bench's command line: a scenario, and the numbers that its runs are made with.
import { parseArgs } from "node:util";
import { type ContestantName, contestantNames, peerNames } from "./contestants.ts";

export const scenarioNames = [
  "fan-out",
  "idle",
  "connect",
  "slow-readers",
  "many-channels",
  "spread-cursors",
  "four-views",
  "dialects",
  "large-channel",
  "latest",
  "recovery-storm",
  "all-cores",
  "many-connections",
  "redis",
] as const;
export type ScenarioName = (typeof scenarioNames)[number];

export interface BenchOptions {
  readonly scenario: ScenarioName;
  /** Short runs that say whether the bench works; their figures are not kept. */
  readonly quick: boolean;
  /** Subscribers of the one channel; connections, for `idle` and `connect`; channels, for `many-channels`. */
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

const usage: string = `npm run bench -- <scenario> [options]
  scenarios             ${scenarioNames.slice(0, 5).join(", ")},
                        ${scenarioNames.slice(5).join(", ")};
                        all: each of them, in a quarter of an hour
  --quick               each in seconds, and nothing is written
  --subscribers <n>     of one channel; connections, for idle and connect; channels, for many-channels
  --rate <n>            publications a second, instead of the two loads
  --burst <n>           how many of them at once (1)
  --seconds <n>         of publishing, per load
  --repeat <n>          rounds
  --loads <n>           processes of the load generator (1)
  --bytes <n>           of a payload (100)
  --only <a,b>          of ${contestantNames.join(", ")}
  --peers               ${peerNames.join(", ")} too: built when they are not yet, which takes npm and Go
  --patience <seconds>  to wait, in all, for other programs to leave the machine alone; fan-out alone does (0)
  --profile <folder>    writes CPU profiles of the servers`;

interface Size {
  readonly subscribers: number;
  readonly seconds: number;
  readonly repeat: number;
}

/** What is run, usually, as a part of `all`, and quickly. */
interface Sizes {
  readonly usual: Size;
  readonly inAll: Omit<Size, "subscribers">;
  readonly quick: Size;
}

const briefly = { seconds: 3, repeat: 1 };

const sizes: Readonly<Record<ScenarioName, Sizes>> = {
  "fan-out": {
    usual: { subscribers: 1_000, seconds: 5, repeat: 5 },
    inAll: { seconds: 3, repeat: 2 },
    // Fewer subscribers would make another load: fewer seconds and one round must do.
    quick: { subscribers: 1_000, seconds: 1, repeat: 1 },
  },
  idle: {
    usual: { subscribers: 5_000, seconds: 1, repeat: 3 },
    inAll: { seconds: 1, repeat: 1 },
    quick: { subscribers: 1_000, seconds: 1, repeat: 1 },
  },
  connect: {
    usual: { subscribers: 5_000, seconds: 1, repeat: 5 },
    inAll: { seconds: 1, repeat: 2 },
    quick: { subscribers: 1_000, seconds: 1, repeat: 1 },
  },
  "slow-readers": {
    usual: { subscribers: 500, seconds: 5, repeat: 3 },
    inAll: briefly,
    quick: { subscribers: 200, seconds: 1, repeat: 1 },
  },
  "many-channels": {
    usual: { subscribers: 100_000, seconds: 5, repeat: 3 },
    inAll: briefly,
    quick: { subscribers: 2_560, seconds: 1, repeat: 1 },
  },
  "spread-cursors": {
    usual: { subscribers: 1_000, seconds: 3, repeat: 3 },
    inAll: { seconds: 3, repeat: 2 },
    quick: { subscribers: 200, seconds: 1, repeat: 1 },
  },
  "four-views": {
    usual: { subscribers: 1_000, seconds: 5, repeat: 3 },
    inAll: { seconds: 3, repeat: 2 },
    quick: { subscribers: 100, seconds: 1, repeat: 1 },
  },
  dialects: {
    usual: { subscribers: 1_000, seconds: 5, repeat: 3 },
    inAll: briefly,
    quick: { subscribers: 50, seconds: 1, repeat: 1 },
  },
  "large-channel": {
    usual: { subscribers: 20_000, seconds: 5, repeat: 2 },
    inAll: briefly,
    quick: { subscribers: 500, seconds: 1, repeat: 1 },
  },
  latest: {
    usual: { subscribers: 1_000, seconds: 5, repeat: 3 },
    inAll: briefly,
    quick: { subscribers: 50, seconds: 1, repeat: 1 },
  },
  "recovery-storm": {
    usual: { subscribers: 10_000, seconds: 1, repeat: 2 },
    inAll: { seconds: 1, repeat: 1 },
    quick: { subscribers: 100, seconds: 1, repeat: 1 },
  },
  "all-cores": {
    usual: { subscribers: 1_000, seconds: 5, repeat: 3 },
    inAll: briefly,
    quick: { subscribers: 100, seconds: 1, repeat: 1 },
  },
  "many-connections": {
    usual: { subscribers: 50_000, seconds: 5, repeat: 1 },
    inAll: briefly,
    quick: { subscribers: 300, seconds: 1, repeat: 1 },
  },
  redis: {
    usual: { subscribers: 1_000, seconds: 5, repeat: 5 },
    inAll: briefly,
    quick: { subscribers: 50, seconds: 1, repeat: 1 },
  },
};

const usualNames = contestantNames.filter((name) => !peerNames.includes(name));
/** Where each takes long. */
const aFew: readonly ContestantName[] = ["tidewire-json", "naive-ws"];

/** @throws {TypeError | RangeError} with a sentence for whoever typed it. */
export function readOptions(args: readonly string[]): readonly BenchOptions[] {
  const [name, ...flags] = args;
  if (name !== "all") return [optionsOf(args, false)];
  return scenarioNames.map((scenario) => optionsOf([scenario, ...flags], true));
}

function optionsOf(args: readonly string[], isInAll: boolean): BenchOptions {
  const text = { type: "string" } as const;
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      quick: { type: "boolean", default: false },
      peers: { type: "boolean", default: false },
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
  const { usual, inAll, quick } = sizes[scenario];
  const given = values.quick ? quick : isInAll ? { ...usual, ...inAll } : usual;
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
    contestants:
      values.only === undefined
        ? [
            ...(scenario === "slow-readers" && (values.quick || isInAll) ? aFew : usualNames),
            ...(values.peers ? peerNames : []),
          ]
        : contestantsOf(values.only),
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
    if (found === undefined) throw new TypeError(`--only: expected ${contestantNames.join(",")}; got "${given}"`);
    return found;
  });
}
