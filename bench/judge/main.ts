// What hostile programs cost those who have nothing to do with them: Harbor's own processes, people who chat, and strangers who
// hand in the worst programs there are. `node --conditions=@tidewire/source bench/judge/main.ts --help`
import path from "node:path";
import { parseArgs } from "node:util";
import { machineTime, noLatencies, othersShare, quantileMs, spanOf, spanText, tableOf } from "tidewire/bench";
import { commit, machine } from "../machine.ts";
import { keepResult } from "../results.ts";
import { type Kind, kinds, openPlace, type Place, type Round, type Stretch } from "./place.ts";
import { pause } from "./talk.ts";

const print = (text: string): void => void process.stdout.write(`${text}\n`);

const usage = `node --conditions=@tidewire/source bench/judge/main.ts [options]
  --rounds <n>       stretches without hostile programs, with them, and with endless loops in their place, in turn (5)
  --seconds <n>      of each stretch (10)
  --against <folder> another checkout, whose Harbor is measured in the same rounds
  --calm <percent>   a round begins when the machine is not busier than that (100)
  --write            keeps the figures in bench/results`;

interface Options {
  readonly rounds: number;
  readonly seconds: number;
  readonly calm: number;
  readonly against: string | null;
  readonly isWritten: boolean;
}

function readOptions(args: readonly string[]): Options {
  const text = { type: "string" } as const;
  const yes = { type: "boolean" } as const;
  const options = { rounds: text, seconds: text, calm: text, against: text, write: yes, help: yes };
  const { values } = parseArgs({ args: [...args], options });
  if (values.help === true) {
    print(usage);
    process.exit();
  }
  const positive = (name: "rounds" | "seconds" | "calm", otherwise: number): number => {
    const value = Number(values[name] ?? otherwise);
    if (Number.isInteger(value) && value > 0) return value;
    throw new RangeError(`--${name}: expected a positive integer, got ${values[name]}\n\n${usage}`);
  };
  return {
    rounds: positive("rounds", 5),
    seconds: positive("seconds", 10),
    calm: positive("calm", 100) / 100,
    against: values.against ?? null,
    isWritten: values.write === true,
  };
}

/** One Harbor, and what its rounds came to. */
class Measured {
  readonly name: string;
  readonly place: Place;
  readonly #all = { quiet: noLatencies(), hostile: noLatencies(), loops: noLatencies() };
  readonly #rounds: Round[] = [];

  constructor(name: string, place: Place) {
    this.name = name;
    this.place = place;
  }

  async round(ms: number): Promise<Round> {
    const round = await this.place.round(ms, this.#all);
    this.#rounds.push(round);
    return round;
  }

  async summary() {
    const quietP99Ms = quantileMs(this.#all.quiet, 0.99);
    const shown = (of: Kind) => ({
      p50Ms: quantileMs(this.#all[of], 0.5),
      p90Ms: quantileMs(this.#all[of], 0.9),
      p99Ms: quantileMs(this.#all[of], 0.99),
      maxMs: quantileMs(this.#all[of], 1),
      p99MsOfRounds: spanOf(this.#rounds.map((round) => round[of].p99Ms)),
      ratioOfP99: quantileMs(this.#all[of], 0.99) / quietP99Ms,
      ratioOfRounds: spanOf(this.#rounds.map((round) => round[of].p99Ms / round.quiet.p99Ms)),
    });
    return {
      name: this.name,
      quiet: shown("quiet"),
      hostile: shown("hostile"),
      loops: shown("loops"),
      verdicts: this.place.verdicts,
      isSameWorker: this.place.isSameWorker,
      missing: await this.place.missing(),
      rounds: this.#rounds,
    };
  }
}

const busyLookMs = 2_000;

async function untilCalm(calm: number): Promise<void> {
  if (calm >= 1) return;
  for (;;) {
    const before = machineTime();
    await pause(busyLookMs);
    if (othersShare(before, 0) <= calm) return;
  }
}

function lineOf({ p50Ms, p99Ms, serverWaited, machineBusy }: Stretch): string {
  const waited = serverWaited === null ? "" : `, waited ${(serverWaited * 100).toFixed(1)} %`;
  return `p50 ${p50Ms.toFixed(1)} p99 ${p99Ms.toFixed(1)} ms${waited} (busy ${(machineBusy * 100).toFixed(0)} %)`;
}

type Summary = Awaited<ReturnType<Measured["summary"]>>;

async function measuredIn(all: readonly Measured[], { rounds, seconds, calm }: Options): Promise<readonly Summary[]> {
  try {
    for (let round = 0; round < rounds; round += 1) {
      for (const measured of all) {
        await untilCalm(calm);
        const round = await measured.round(seconds * 1_000);
        print(`${measured.name}: ${kinds.map((kind) => `${kind} ${lineOf(round[kind])}`).join("; ")}`);
      }
    }
    return await Promise.all(all.map((measured) => measured.summary()));
  } finally {
    await Promise.all(all.map(({ place }) => place.close()));
  }
}

async function run(options: Options): Promise<void> {
  const [here, of] = [machine(), commit()];
  print(`${here.cpu}, ${here.cores} cores, Node ${here.node}, commit ${of.id}`);
  const all = [new Measured("this checkout", await openPlace())];
  if (options.against !== null) all.push(new Measured("against", await openPlace(path.resolve(options.against))));
  const summaries = await measuredIn(all, options);
  const rows = summaries.flatMap((summary) => kinds.map((kind) => rowOf(summary, kind)));
  print(`\n${tableOf([["", "", "p50", "p99", "p99 to quiet", "of each round"], ...rows])}`);
  for (const { name, verdicts, missing } of summaries) {
    print(`${name}: ${JSON.stringify(verdicts)}, ${missing} messages missing`);
  }
  if (!options.isWritten) return;
  const { rounds, seconds, calm } = options;
  const figures = { options: { rounds, seconds, calm }, summaries };
  print(`\n${keepResult({ name: "judge", machine: here, commit: of }, figures)}`);
}

function rowOf(summary: Summary, kind: Kind): string[] {
  const { p50Ms, p99Ms, ratioOfP99, ratioOfRounds } = summary[kind];
  return [summary.name, kind, p50Ms.toFixed(1), p99Ms.toFixed(1), ratioOfP99.toFixed(2), spanText(ratioOfRounds)];
}

await run(readOptions(process.argv.slice(2)));
