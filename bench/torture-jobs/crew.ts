// The processes of a torture: a server, three workers, and keepers where there is RabbitMQ; struck again and again, and each started again.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Program } from "../torture/program.ts";
import type { Broker } from "./broker.ts";
import type { Begun, Span, Strike } from "./checker.ts";
import { awakeMs } from "./job.ts";

const flags = ["--conditions=@tidewire/source", "--disable-warning=ExperimentalWarning"];
const workers = [0, 1, 2] as const;
const againMs = 100;

interface Named {
  readonly name: "server" | "worker" | "keeper";
  readonly n?: number;
  /** What it says when it does its part. */
  readonly ready: string;
}

export class Crew {
  readonly server: Program;
  readonly workers: readonly Program[];
  readonly keepers: readonly Program[];
  readonly strikes: Strike[] = [];
  /** Those that ended although nobody killed them. */
  readonly deaths: string[] = [];
  readonly #folder: string;
  readonly #programs = new Map<Program, string>();
  readonly #struck = new Set<Program>();
  readonly #again = new Set<Promise<void>>();
  #isEnding = false;

  constructor(broker: Broker, place: { readonly folder: string; readonly port: number }) {
    const { folder, port } = place;
    const store = broker.address;
    mkdirSync(folder, { recursive: true });
    this.#folder = folder;
    this.server = this.#program(
      { name: "server", ready: "serves" },
      { store, port, log: join(folder, "published.db") },
    );
    this.workers = workers.map((n) => this.#program({ name: "worker", n, ready: "works" }, { store, port }));
    const keepers = store.kind === "rabbitmq" ? [0, 1] : [];
    this.keepers = keepers.map((n) => this.#program({ name: "keeper", n, ready: "keeps" }, { store }));
  }

  async start(): Promise<void> {
    await Promise.all(this.keepers.map((keeper) => keeper.start()));
    await this.server.start();
    await Promise.all(this.workers.map((worker) => worker.start()));
  }

  async end(): Promise<void> {
    this.#isEnding = true;
    await Promise.all(this.#again);
    await Promise.all([...this.#programs.keys()].map((program) => program.end("SIGKILL")));
  }

  async killWorker(worker: number): Promise<void> {
    this.strikes.push({ worker, atMs: Date.now() });
    await this.kill(this.workers[worker]);
  }

  /** Stopped for longer than its leases last; then it goes on as if nothing had been. */
  async stopWorker(worker: number, forMs: number): Promise<void> {
    this.strikes.push({ worker, atMs: Date.now() });
    this.workers[worker]?.signal("SIGSTOP");
    await sleep(forMs);
    this.workers[worker]?.signal("SIGCONT");
  }

  /** `kill -9`, and then as a supervisor does: it is started until it stays. */
  async kill(program: Program | undefined): Promise<void> {
    if (program === undefined) return;
    this.#struck.add(program);
    await program.end("SIGKILL");
    await this.#revive(program);
    this.#struck.delete(program);
  }

  /** Looks for those that have ended by themselves, and starts them again. */
  look(): void {
    for (const [program, name] of this.#programs) {
      if (program.isRunning || this.#struck.has(program) || this.#isEnding) continue;
      this.deaths.push(name);
      this.#again.add(this.kill(program));
    }
  }

  async #revive(program: Program): Promise<void> {
    while (!program.isRunning && !this.#isEnding) {
      // One that finds no store when it begins ends.
      await program.start().catch(() => sleep(againMs));
    }
  }

  /** What all workers have said that they begin, whether or not they could end it. */
  begun(): readonly Begun[] {
    return workers.flatMap((worker) => {
      const said = this.#said("worker", worker);
      const failed = new Map(linesOf(said, "failed").map(({ id, attempt, atMs }) => [`${id} ${attempt}`, atMs]));
      return linesOf(said, "begun").map((line) => {
        const failedMs = failed.get(`${line.id} ${line.attempt}`);
        return { ...line, worker, ...(failedMs !== undefined && { failedMs }) };
      });
    });
  }

  /** When each worker was there and was let run: it has said so in time. */
  awake(): readonly Span[] {
    return workers.flatMap((worker) => {
      const times = [...this.#said("worker", worker).matchAll(/^awake (\d+)$/gm)].map(([, atMs]) => Number(atMs));
      const spans = times.map((toMs, n) => ({ fromMs: times[n - 1] ?? toMs, toMs }));
      return spans.filter(({ fromMs, toMs }) => toMs - fromMs <= 2 * awakeMs);
    });
  }

  #said(name: string, n: number): string {
    return readFileSync(this.#log(name, n), "utf8");
  }

  #program({ name, n = 0, ready }: Named, options: object): Program {
    const script = join(import.meta.dirname, `${name}-process.ts`);
    const args = [...flags, script, JSON.stringify(options)];
    const log = this.#log(name, n);
    writeFileSync(log, "");
    const program = new Program({ command: process.execPath, args, ready: `${ready}\n`, log });
    this.#programs.set(program, `${name} ${n}`);
    return program;
  }

  #log(name: string, n: number): string {
    return join(this.#folder, `${name}-${n}.log`);
  }
}

interface Line {
  readonly id: string;
  readonly attempt: number;
  readonly atMs: number;
}

function linesOf(said: string, what: "begun" | "failed"): readonly Line[] {
  const lines = said.matchAll(new RegExp(`^${what} (\\S+) (\\d+) (\\d+)$`, "gm"));
  return [...lines].map(([, id = "", attempt, atMs]) => ({ id, attempt: Number(attempt), atMs: Number(atMs) }));
}
