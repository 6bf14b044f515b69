// A soak: a server with a crowd that comes and goes, and what the server holds as time passes.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Child } from "../child.ts";
import { type Counts, sumCounts } from "./account.ts";
import type { CrowdReport, Ended, Held, SoakLoadTalk, SoakServerTalk } from "./talk.ts";

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

/** Every so many samples objects are counted as well, for which the server stands still for a second or more. */
const objectsEvery = 20;
const settleMs = 5_000;
const patienceMs = 60_000;
const fillMs = 300_000;

interface Ears {
  sampled(soaked: Soaked): void;
  /** Aborted when it shall end early. */
  readonly signal: AbortSignal;
}

export async function soak(options: SoakOptions, ears: Ears): Promise<Soaked> {
  const folder = mkdtempSync(join(tmpdir(), "tidewire-soak-"));
  const server = new Child<SoakServerTalk>({
    file: "./soak/server-process.ts",
    args: [join(folder, "log.db")],
    cores: null,
    nodeFlags: ["--expose-gc", "--disable-warning=ExperimentalWarning"],
  });
  const load = { file: "./soak/load-process.ts", args: [], cores: null, nodeFlags: [] };
  const loads = Array.from({ length: options.loads }, () => new Child<SoakLoadTalk>(load));
  try {
    return await new Soak(options, { server, loads }).run(ears);
  } finally {
    await Promise.all(loads.map((one) => one.stop()));
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Processes {
  readonly server: Child<SoakServerTalk>;
  readonly loads: readonly Child<SoakLoadTalk>[];
}

class Soak {
  readonly #options: SoakOptions;
  readonly #server: Child<SoakServerTalk>;
  readonly #loads: readonly Child<SoakLoadTalk>[];
  readonly #samples: Sample[] = [];

  constructor(options: SoakOptions, { server, loads }: Processes) {
    this.#options = options;
    this.#server = server;
    this.#loads = loads;
  }

  async run(ears: Ears): Promise<Soaked> {
    const { signal } = ears;
    const { minutes, connections, deaf, churn, publishesPerSecond, sampleMs } = this.#options;
    const { port } = await this.#server.ask("listen", null);
    await this.#server.ask("publish", { perSecond: publishesPerSecond });
    const share = 1 / this.#loads.length;
    const crowd = {
      port,
      visitors: Math.round(connections * share),
      deaf: Math.round(deaf * share),
      churn: churn * share,
    };
    await Promise.all(this.#loads.map((load) => load.ask("fill", crowd, fillMs)));
    await Promise.all(this.#loads.map((load) => load.ask("live", null)));
    const beganMs = performance.now();
    const endMs = beganMs + minutes * 60_000;
    for (let count = 1; !signal.aborted && beganMs + count * sampleMs <= endMs; count += 1) {
      await sleep(Math.max(0, beganMs + count * sampleMs - performance.now()), undefined, { signal }).catch(
        () => undefined,
      );
      this.#samples.push(await this.#sample(performance.now() - beganMs));
      ears.sampled({ samples: this.#samples });
    }
    return { samples: this.#samples, end: await this.#end() };
  }

  async #sample(atMs: number): Promise<Sample> {
    const countsObjects = this.#samples.length % objectsEvery === 0;
    const held = await this.#server.ask("hold", { countsObjects });
    const reports = await this.#reports();
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

  #reports(): Promise<readonly CrowdReport[]> {
    return Promise.all(this.#loads.map((load) => load.ask("report", null)));
  }

  /** Everybody rests; then all that was published must be there. */
  async #end(): Promise<NonNullable<Soaked["end"]>> {
    await Promise.all(this.#loads.map((load) => load.ask("rest", null, fillMs)));
    const { tops, published, counters, misplaced } = await this.#server.ask("end", null);
    const sinceMs = performance.now();
    let lacking = 0;
    do {
      await sleep(settleMs);
      const all = await Promise.all(this.#loads.map((load) => load.ask("lacking", { tops })));
      lacking = all.reduce((sum, one) => sum + one, 0);
      // What is lost for good never comes.
    } while (lacking > 0 && performance.now() - sinceMs < patienceMs);
    const reports = await this.#reports();
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

function sumNames(all: readonly ReadonlyMap<string, number>[]): Record<string, number> {
  const sum: Record<string, number> = {};
  for (const one of all) for (const [name, count] of one) sum[name] = (sum[name] ?? 0) + count;
  return sum;
}
