// Connections that subscribe in the same way, spread over load processes of their own.
import { availableParallelism, platform } from "node:os";
import { Child, nodeProgram } from "./child.ts";
import { sumLatencies } from "./load/latency.ts";
import { sumCounted } from "./load/tally.ts";
import type { Dial, GroupSpec, LoadReport, LoadTalk, Published, Returned, Shares, Spread } from "./talk.ts";

/** Cores of the load: all but the first, which is the server's. */
function loadCores(): string | null {
  const cores = availableParallelism();
  return cores < 2 ? null : `1-${cores - 1}`;
}

const script = new URL("./load/load-process", import.meta.url);
const connectMs = 180_000;
/** Not longer than this after the last delivery is waited for more. */
const graceMs = 5_000;

const plain: Omit<GroupSpec, "wire"> = {
  channel: "bench:{n}",
  own: 0,
  first: 0,
  isLatest: false,
  rate: null,
  returns: false,
  path: null,
};

export type GroupOptions = Pick<GroupSpec, "wire"> & Partial<GroupSpec> & { readonly loads?: number };

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface ConnectOptions {
  /** How many never read. */
  readonly stalled?: number;
  readonly places?: Dial["places"];
}

export type Dialled = Shares & { readonly elapsedMs: number; readonly epoch: string };

/** What all its load processes have together, and the busiest of them. */
export type GroupReport = LoadReport & { readonly busiestShare: number };

let groups = 0;

/** Connections that subscribe in the same way, spread over load processes. */
export class Group {
  /** Connections that read. */
  readers = 0;
  readonly #loads: readonly Child<LoadTalk>[];
  readonly #number: number;
  #opened = 0;

  constructor({ loads = 1, ...given }: GroupOptions) {
    const program = nodeProgram(script, [JSON.stringify({ ...plain, ...given })]);
    this.#loads = Array.from({ length: loads }, () => new Child<LoadTalk>(program, loadCores()));
    this.#number = groups;
    groups += 1;
  }

  async connect(to: Address, count: number, { stalled = 0, places = null }: ConnectOptions = {}): Promise<Dialled> {
    const [shares, stalls] = [split(count, this.#loads.length), split(stalled, this.#loads.length)];
    let first = this.#opened;
    const dials = this.#loads.map((load, index) => {
      const dialled = { first, count: shares[index] ?? 0, stalled: stalls[index] ?? 0 };
      first += dialled.count;
      return load.ask("connect", { ...to, ...dialled, places, network: this.#networkOf(to, index) }, connectMs);
    });
    const done = await Promise.all(dials);
    this.#opened += count;
    this.readers += count - stalled;
    return {
      elapsedMs: Math.max(...done.map((one) => one.elapsedMs)),
      cpuUs: done.reduce((sum, one) => sum + one.cpuUs, 0),
      cpuShare: Math.max(...done.map((one) => one.cpuShare)),
      loopShare: Math.max(...done.map((one) => one.loopShare)),
      epoch: done[0]?.epoch ?? "",
    };
  }

  async begin(ask: LoadTalk["begin"]["ask"]): Promise<void> {
    await Promise.all(this.#loads.map((load) => load.ask("begin", ask)));
  }

  async resume(): Promise<void> {
    await Promise.all(this.#loads.map((load) => load.ask("resume", null)));
  }

  async returned(): Promise<Returned> {
    const all = await Promise.all(this.#loads.map((load) => load.ask("returned", null)));
    const sum = (of: (one: Returned) => number): number => all.reduce((total, one) => total + of(one), 0);
    return {
      away: sum((one) => one.away),
      back: sum((one) => one.back),
      recovered: sum((one) => one.recovered),
      refused: sum((one) => one.refused),
      awayTimes: sumLatencies(all.map((one) => one.awayTimes)),
    };
  }

  async finish({ count }: Published, spread: Spread, withinMs: number): Promise<GroupReport> {
    const ask = { published: count, spread, graceMs };
    const reports = await Promise.all(this.#loads.map((load) => load.ask("finish", ask, withinMs)));
    return sumReports(reports);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#loads.map((load) => load.stop()));
  }

  /** On Linux all of 127/8 is this machine: each load process has a network of its own there. */
  #networkOf({ host }: Address, load: number): string | null {
    if (platform() !== "linux" || host !== "127.0.0.1") return null;
    return `127.${1 + (this.#number % 250)}.${1 + load}`;
  }
}

export function sumReports(reports: readonly LoadReport[]): GroupReport {
  const most = (of: (report: LoadReport) => number): number => Math.max(...reports.map(of));
  const sum = (of: (report: LoadReport) => number): number => reports.reduce((total, one) => total + of(one), 0);
  return {
    ...sumCounted(reports),
    latencies: sumLatencies(reports.map((one) => one.latencies)),
    lastMs: most((one) => one.lastMs),
    failed: sum((one) => one.failed),
    cpuUs: sum((one) => one.cpuUs),
    cpuShare: most((one) => one.cpuShare),
    loopShare: most((one) => one.loopShare),
    busiestShare: most((one) => Math.max(one.cpuShare, one.loopShare)),
  };
}

/** As evenly as whole numbers allow. */
function split(count: number, parts: number): number[] {
  return Array.from({ length: parts }, (_, index) => Math.floor(count / parts) + (index < count % parts ? 1 : 0));
}
