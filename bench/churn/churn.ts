// A storm in rounds: all clients of one server are cut at once and return, and what the server holds when it is quiet again.
import { setTimeout as sleep } from "node:timers/promises";
import { type Counts, sumCounts } from "../soak/account.ts";
import { fill, lackingOf, type Processes, reportsOf, sumNames, withProcesses } from "../soak/processes.ts";
import type { Held } from "../soak/talk.ts";

export interface ChurnOptions {
  readonly rounds: number;
  readonly clients: number;
  readonly loads: number;
  readonly publishesPerSecond: number;
  /** From when everybody has everything to when the server is looked at: what nobody used for ten seconds is given back. */
  readonly quietMs: number;
}

export interface Round extends Held {
  /** Until the last one was back. */
  readonly elapsedMs: number;
  /** Attempts to connect that came to nothing. */
  readonly failed: number;
  readonly eligible: number;
  readonly recovered: number;
  /** Of what was published meanwhile. */
  readonly lacking: number;
  readonly misplacedByServer: number;
  /** Since the beginning. */
  readonly counts: Counts;
  /** How attempts and connections ended that the clients did not end. */
  readonly endings: Readonly<Record<string, number>>;
}

/** Rounds are compared with this one: by then whatever is made once has been made. */
export const comparedRound = 3;

export function churn(options: ChurnOptions, ended: (round: Round) => void): Promise<readonly Round[]> {
  return withProcesses({ loads: options.loads, tailBytes }, async (processes) => {
    const { clients: connections, publishesPerSecond: perSecond } = options;
    await fill(processes, { connections, deaf: 0, churn: 0, perSecond });
    const rounds: Round[] = [];
    for (let number = 1; number <= options.rounds; number += 1) {
      if (number > 1) await processes.server.ask("publish", { perSecond });
      const round = await oneRound(processes, options.quietMs);
      rounds.push(round);
      ended(round);
    }
    return rounds;
  });
}

const stormMs = 300_000;
/** A machine with other things to do may take its time. */
const holdMs = 300_000;
/** So that tails are full after the first rounds: what they hold is no growth. */
const tailBytes = 8_192;

async function oneRound(processes: Processes, quietMs: number): Promise<Round> {
  const { server, loads } = processes;
  const storms = await Promise.all(loads.map((load) => load.ask("storm", null, stormMs)));
  const { tops, misplaced } = await server.ask("end", null);
  const lacking = await lackingOf(processes, tops);
  await sleep(quietMs);
  const held = await server.ask("hold", null, holdMs);
  const reports = await reportsOf(processes);
  const sum = (of: (storm: (typeof storms)[number]) => number): number =>
    storms.reduce((total, storm) => total + of(storm), 0);
  return {
    elapsedMs: Math.max(...storms.map(({ elapsedMs }) => elapsedMs)),
    failed: sum(({ failed }) => failed),
    eligible: sum(({ eligible }) => eligible),
    recovered: sum(({ recovered }) => recovered),
    lacking,
    misplacedByServer: misplaced,
    counts: sumCounts(reports.map(({ counts }) => counts)),
    endings: sumNames(reports.map(({ endings }) => endings)),
    ...held,
  };
}
