// A soak: a server with a crowd that comes and goes, and what the server holds as time passes.
import { setTimeout as sleep } from "node:timers/promises";
import { type Counts, sumCounts } from "./account.ts";
import { fill, lackingOf, type Processes, reportsOf, rest, sumNames, withProcesses } from "./processes.ts";
import type { CrowdReport, Ended, Held } from "./talk.ts";

export interface SoakOptions {
  readonly minutes: number;
  readonly connections: number;
  readonly loads: number;
  /** How many never read. */
  readonly deaf: number;
  /** Who leave in a second, and who come. */
  readonly churn: number;
  readonly publishesPerSecond: number;
  readonly sampleMs: number;
}

export interface Sample extends Held {
  readonly atMs: number;
  readonly published?: number;
  /** Visitors that are connected, as they see it. */
  readonly open: number;
  readonly left: number;
  readonly loadCpuShare: number;
  readonly counts: Counts;
}

export interface Soaked {
  readonly samples: readonly Sample[];
  /** Absent as long as it goes on. */
  readonly end?: {
    readonly published: number;
    readonly counters: Ended["counters"];
    readonly misplacedByServer: number;
    readonly counts: Counts;
    /** What has not come to those who were there at the end. */
    readonly lacking: number;
    readonly refusals: Readonly<Record<string, number>>;
    readonly endings: Readonly<Record<string, number>>;
  };
}

/** A machine with other things to do may take its time. */
const sampleWithinMs = 300_000;
/** So that there is an end to what tails hold well before figures count: a tail with these is full within ten minutes. */
const tailBytes = 32_768;

const now = (): number => performance.now();

interface Ears {
  sampled(soaked: Soaked): void;
  /** Aborted when it shall end early. */
  readonly signal: AbortSignal;
}

export function soak(options: SoakOptions, ears: Ears): Promise<Soaked> {
  return withProcesses({ loads: options.loads, tailBytes }, (processes) => new Soak(options, processes).run(ears));
}

class Soak {
  readonly #options: SoakOptions;
  readonly #processes: Processes;
  readonly #samples: Sample[] = [];

  constructor(options: SoakOptions, processes: Processes) {
    this.#options = options;
    this.#processes = processes;
  }

  async run(ears: Ears): Promise<Soaked> {
    const { signal } = ears;
    const { minutes, publishesPerSecond, sampleMs } = this.#options;
    await fill(this.#processes, { ...this.#options, perSecond: publishesPerSecond });
    await Promise.all(this.#processes.loads.map((load) => load.ask("live", null)));
    const beganMs = now();
    const endMs = beganMs + minutes * 60_000;
    // One that took long puts off the next: they shall not come in a row.
    for (let dueMs = beganMs + sampleMs; !signal.aborted && dueMs <= endMs; dueMs = Math.max(dueMs + sampleMs, now())) {
      await sleep(Math.max(0, dueMs - now()), undefined, { signal }).catch(() => undefined);
      this.#samples.push(await this.#sample(now() - beganMs));
      ears.sampled({ samples: this.#samples });
    }
    return { samples: this.#samples, end: await this.#end() };
  }

  async #sample(atMs: number): Promise<Sample> {
    const held = await this.#processes.server.ask("hold", null, sampleWithinMs);
    const reports = await reportsOf(this.#processes);
    const sum = (of: (report: CrowdReport) => number): number => reports.reduce((total, one) => total + of(one), 0);
    return {
      atMs: Math.round(atMs),
      ...held,
      open: sum(({ open }) => open),
      left: sum(({ left }) => left),
      loadCpuShare: sum(({ cpuShare }) => cpuShare),
      counts: sumCounts(reports.map(({ counts }) => counts)),
    };
  }

  /** Everybody rests; then all that was published must be there. */
  async #end(): Promise<NonNullable<Soaked["end"]>> {
    await rest(this.#processes);
    const { tops, published, counters, misplaced } = await this.#processes.server.ask("end", null);
    const lacking = await lackingOf(this.#processes, tops);
    const reports = await reportsOf(this.#processes);
    return {
      published,
      counters,
      misplacedByServer: misplaced,
      counts: sumCounts(reports.map(({ counts }) => counts)),
      lacking,
      refusals: sumNames(reports.map(({ refusals }) => refusals)),
      endings: sumNames(reports.map(({ endings }) => endings)),
    };
  }
}
