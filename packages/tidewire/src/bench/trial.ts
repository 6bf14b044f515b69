// A trial: a server, the groups that subscribe to it, and what a phase of publishing costs.
import { availableParallelism } from "node:os";
import { Child, type Program } from "./child.ts";
import { type Address, type ConnectOptions, Group, type GroupOptions, type GroupReport, sumReports } from "./group.ts";
import { judge, type Measured } from "./judgement.ts";
import { type MachineTime, machineTime, othersShare } from "./machine-time.ts";
import { type Load, type Memory, oneChannel, type Published, type ServerTalk, type Spent } from "./talk.ts";

/** Publications, and the groups that are given them. */
export interface Part {
  readonly load: Load;
  readonly groups: readonly Group[];
  /** Whether they go on from where each stands, instead of from the head. Default: false. */
  readonly goesOn?: boolean;
}

/** The server's CPU is for all deliveries, in each of them. */
export interface Parts {
  readonly parts: readonly Measured[];
  readonly whole: Measured;
}

export interface Connected {
  readonly elapsedMs: number;
  /** By the server; NaN where nobody can see it. */
  readonly cpuUs: number;
  readonly generatorShare: number;
  readonly epoch: string;
}

/** Beyond the time that publishing takes. */
const patienceMs = 120_000;

/** A server under load. It and its generators live as long as `run` runs. */
export class Trial {
  readonly #program: Program;
  readonly #groups: Group[] = [];
  #server: Child<ServerTalk>;
  #address: Address = { host: "", port: 0 };

  private constructor(program: Program) {
    this.#program = program;
    this.#server = startServer(program);
  }

  /** Runs `act` with a server that listens, and ends its processes. */
  static async run<Result>(program: Program, act: (trial: Trial) => Promise<Result>): Promise<Result> {
    const trial = new Trial(program);
    try {
      trial.#address = await trial.#server.ask("listen", { port: 0 });
      return await act(trial);
    } finally {
      await Promise.all(trial.#groups.map((group) => group.stop()));
      await trial.#server.stop();
    }
  }

  group(options: GroupOptions): Group {
    const group = new Group(options);
    this.#groups.push(group);
    return group;
  }

  /** Opens `count` more connections of a group. */
  async connect(group: Group, count: number, options: ConnectOptions = {}): Promise<Connected> {
    await this.#server.ask("begin", null);
    const { elapsedMs, cpuShare, loopShare, epoch } = await group.connect(this.#address, count, options);
    const spent = await this.#server.ask("end", null);
    return { elapsedMs, cpuUs: spent?.cpuUs ?? Number.NaN, generatorShare: Math.max(cpuShare, loopShare), epoch };
  }

  memory(): Promise<Memory | null> {
    return this.#server.ask("memory", null);
  }

  /** Resident memory of the server's process; NaN where nobody can see it. */
  async residentBytes(): Promise<number> {
    return (await this.memory())?.rssBytes ?? Number.NaN;
  }

  /** What the server's process has spent, and how late its event loop was, since the last question about either. */
  spent(): Promise<Spent | null> {
    return this.#server.ask("end", null);
  }

  /** Kills the server as `kill -9` does, and starts another at the same port. */
  async restart(): Promise<void> {
    await this.#server.kill();
    this.#server = startServer(this.#program);
    await this.#server.ask("listen", { port: this.#address.port });
    await this.#server.ask("begin", null);
  }

  /** Publishes, without counting deliveries, and says how many were published in all. */
  async publish(load: Load): Promise<number> {
    return (await this.#server.ask("publish", load, load.seconds * 1_000 + patienceMs)).count;
  }

  /** Publishes to everybody who is connected. */
  async measure(load: Load): Promise<Measured> {
    const { whole } = await this.measureParts([{ load, groups: this.#groups }]);
    return whole;
  }

  /** Publishes to several groups, and says what each came to and all together. */
  async measureViews(load: Load, groups: readonly Group[]): Promise<Parts> {
    const { done, ...costs } = await this.#run([{ load, groups }], nothing);
    return partsOf(
      done.flatMap(({ published, reports }) => reports.map((report) => ({ load, published, report }))),
      costs,
    );
  }

  /**
   * Publishes all at the same time.
   * @param meanwhile Done when publishing has begun.
   * @returns What each came to, and everything together, with the first one's load.
   */
  async measureParts(parts: readonly Part[], meanwhile: () => Promise<unknown> = nothing): Promise<Parts> {
    const { done, ...costs } = await this.#run(parts, meanwhile);
    return partsOf(
      done.map(({ reports, ...rest }) => ({ ...rest, report: sumReports(reports) })),
      costs,
    );
  }

  async #run(parts: readonly Part[], meanwhile: () => Promise<unknown>): Promise<Costs & { done: readonly Done[] }> {
    const since = machineTime();
    for (const { load, groups, goesOn = false } of parts) {
      const beginning = { phase: load.phase, after: load.after ?? 0, isAnew: !goesOn };
      await Promise.all(groups.map((group) => group.begin(beginning)));
    }
    await this.#server.ask("begin", null);
    const withinMs = Math.max(...parts.map(({ load }) => load.seconds)) * 1_000 + patienceMs;
    const running = parts.map(async ({ load, groups }) => {
      const published = await this.#server.ask("publish", load, withinMs);
      const spread = load.spread ?? oneChannel;
      return {
        load,
        published,
        reports: await Promise.all(groups.map((one) => one.finish(published, spread, withinMs))),
      };
    });
    const [done] = await Promise.all([Promise.all(running), meanwhile()]);
    return { done, spent: await this.#server.ask("end", null), since };
  }
}

interface Done {
  readonly load: Load;
  readonly published: Published;
  readonly reports: readonly GroupReport[];
}

interface Costs {
  readonly spent: Spent | null;
  /** When it began. */
  readonly since: MachineTime;
}

function nothing(): Promise<void> {
  return Promise.resolve();
}

function partsOf(
  done: readonly (Pick<Done, "load" | "published"> & { readonly report: GroupReport })[],
  { spent, since }: Costs,
): Parts {
  const first = done[0];
  if (first === undefined) throw new TypeError("expected something to publish");
  const report = sumReports(done.map((one) => one.report));
  const deliveries = report.received;
  const others = othersShare(since, (spent?.cpuUs ?? 0) + report.cpuUs);
  const judged = (part: typeof first): Measured => ({
    ...judge(part.load, { ...part, spent, deliveries }),
    othersShare: others,
  });
  return { parts: done.map(judged), whole: judged({ ...first, report }) };
}

function startServer(program: Program): Child<ServerTalk> {
  const isAlone = (program.isPinned ?? true) && availableParallelism() > 1;
  return new Child<ServerTalk>(program, isAlone ? "0" : null);
}
