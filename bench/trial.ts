// A trial: one contestant's server, the load processes that subscribe to it, and what a phase of publishing costs.
import { availableParallelism } from "node:os";
import { Child } from "./child.ts";
import { type ContestantName, contestants } from "./contestants.ts";
import { quantileMs, sumLatencies } from "./load/latency.ts";
import { machineTime, othersShare } from "./machine.ts";
import type { Counted, Load, LoadReport, LoadTalk, Memory, Published, ServerTalk, Spent } from "./talk.ts";

/** Above this share of its time the generator itself may be what is slow. */
const saturated = 0.9;
/** Later than this after the last publication, the server did not keep up. */
const lateMs = 1_000;
const graceMs = 1_500;

export interface TrialOptions {
  /** How many load processes. */
  readonly loads: number;
  /** Where the server's CPU profiles go; `null`: none are made. */
  readonly profiles: string | null;
  /** `{n}` is the connection's number. */
  readonly channel?: string;
}

/** One phase of publishing, measured. */
export interface Measured extends Counted {
  readonly published: number;
  readonly deliveriesPerSecond: number;
  readonly cpuUsPerDelivery: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  /** Shares: the server's of a core, the busiest generator's of its time, other programs' of the machine. */
  readonly serverShare: number;
  readonly generatorShare: number;
  readonly othersShare: number;
  /** The server does not hold this rate. */
  readonly isBehind: boolean;
  /** Why the figures do not count; empty when they do. */
  readonly problems: readonly string[];
}

export interface Connected {
  readonly elapsedMs: number;
  readonly cpuUs: number;
  readonly generatorShare: number;
}

export class Trial {
  readonly #server: Child<ServerTalk>;
  readonly #loads: readonly Child<LoadTalk>[];
  #port = 0;
  #subscribers = 0;
  #readers = 0;

  private constructor(contestant: ContestantName, options: TrialOptions) {
    const { server, wire } = contestants[contestant];
    const cores = availableParallelism();
    const flags = options.profiles === null ? [] : ["--cpu-prof", `--cpu-prof-dir=${options.profiles}/${contestant}`];
    this.#server = new Child({
      file: "./servers/server-process.ts",
      args: [server],
      cores: cores < 2 ? null : "0",
      nodeFlags: ["--expose-gc", ...flags],
    });
    const args = [wire, options.channel ?? "bench:0"];
    const load = { file: "./load/load-process.ts", args, cores: cores < 2 ? null : `1-${cores - 1}`, nodeFlags: [] };
    this.#loads = Array.from({ length: options.loads }, () => new Child<LoadTalk>(load));
  }

  /** Runs `act` with a server that listens, and ends its processes. */
  static async run<Result>(
    contestant: ContestantName,
    options: TrialOptions,
    act: (trial: Trial) => Promise<Result>,
  ): Promise<Result> {
    const trial = new Trial(contestant, options);
    try {
      trial.#port = (await trial.#server.ask("listen", null)).port;
      return await act(trial);
    } finally {
      await Promise.all(trial.#loads.map((load) => load.stop()));
      await trial.#server.stop();
    }
  }

  /** Opens `count` more subscriptions, the first `stalled` of which never read. */
  async connect(count: number, stalled = 0): Promise<Connected> {
    await this.#server.ask("begin", null);
    const shares = split(count, this.#loads.length);
    const stalls = split(stalled, this.#loads.length);
    let first = this.#subscribers;
    const dials = this.#loads.map((load, index) => {
      const dial = { port: this.#port, first, count: shares[index] ?? 0, stalled: stalls[index] ?? 0 };
      first += dial.count;
      return load.ask("connect", dial);
    });
    const done = await Promise.all(dials);
    const { cpuUs } = await this.#server.ask("end", null);
    this.#subscribers += count;
    this.#readers += count - stalled;
    const generatorShare = Math.max(...done.map((one) => Math.max(one.cpuShare, one.loopShare)));
    return { elapsedMs: Math.max(...done.map((one) => one.elapsedMs)), cpuUs, generatorShare };
  }

  memory(): Promise<Memory> {
    return this.#server.ask("memory", null);
  }

  async measure(load: Load): Promise<Measured> {
    const machineBefore = machineTime();
    await Promise.all(this.#loads.map((one) => one.ask("begin", { phase: load.phase })));
    await this.#server.ask("begin", null);
    const withinMs = load.seconds * 1_000 + 60_000;
    const published = await this.#server.ask("publish", load, withinMs);
    const ask = { published: published.count, graceMs };
    const reports = await Promise.all(this.#loads.map((one) => one.ask("finish", ask, withinMs)));
    const spent = await this.#server.ask("end", null);
    const ownUs = spent.cpuUs + reports.reduce((sum, { cpuUs }) => sum + cpuUs, 0);
    return {
      ...judge(load, { published, reports, spent, readers: this.#readers }),
      othersShare: othersShare(machineBefore, ownUs),
    };
  }
}

interface Outcome {
  readonly published: Published;
  readonly reports: readonly LoadReport[];
  readonly spent: Spent;
  readonly readers: number;
}

function judge(load: Load, { published, reports, spent, readers }: Outcome): Omit<Measured, "othersShare"> {
  const sum = (of: (report: LoadReport) => number): number => reports.reduce((total, one) => total + of(one), 0);
  const received = sum((one) => one.received);
  const lastMs = Math.max(...reports.map((one) => one.lastMs));
  const latencies = sumLatencies(reports.map((one) => one.latencies));
  const generatorShare = Math.max(...reports.map((one) => Math.max(one.cpuShare, one.loopShare)));
  const counted: Counted = {
    received,
    lost: sum((one) => one.lost),
    repeated: sum((one) => one.repeated),
    reordered: sum((one) => one.reordered),
    strays: sum((one) => one.strays),
  };
  const failed = sum((one) => one.failed);
  const isBehind = published.gaveUp || lastMs > load.seconds * 1_000 + lateMs;
  const problems = [
    ...(isBehind ? ["behind"] : []),
    ...(generatorShare > saturated ? ["generator saturated"] : []),
    ...(failed > 0 ? [`${failed} connections ended`] : []),
    ...(received + counted.lost - counted.repeated === published.count * readers ? [] : ["miscounted"]),
    ...(counted.lost + counted.repeated + counted.reordered + counted.strays > 0 ? ["not delivered as published"] : []),
  ];
  return {
    ...counted,
    published: published.count,
    deliveriesPerSecond: received / (Math.max(lastMs, load.seconds * 1_000) / 1_000),
    cpuUsPerDelivery: spent.cpuUs / Math.max(1, received),
    p50Ms: quantileMs(latencies, 0.5),
    p99Ms: quantileMs(latencies, 0.99),
    p999Ms: quantileMs(latencies, 0.999),
    serverShare: spent.cpuUs / spent.wallUs,
    generatorShare,
    isBehind,
    problems,
  };
}

/** As evenly as whole numbers allow. */
function split(count: number, parts: number): number[] {
  return Array.from({ length: parts }, (_, index) => Math.floor(count / parts) + (index < count % parts ? 1 : 0));
}
