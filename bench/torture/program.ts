// A process of the torture: started again and again at the same place, ended by its id, its last words kept in a file.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync } from "node:fs";

export interface ProgramOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** What it says when it serves. */
  readonly ready: string;
  /** Takes what it says. */
  readonly log: string;
}

/** What can be started, stopped in its place and ended. */
export interface Startable {
  readonly isRunning: boolean;
  start(): Promise<void>;
  signal(signal: "SIGSTOP" | "SIGCONT"): void;
  end(signal: "SIGKILL" | "SIGTERM"): Promise<void>;
}

/** Programs of one machine, to which the same happens. */
export function programs(all: readonly Startable[]): Startable {
  return {
    get isRunning() {
      return all.every(({ isRunning }) => isRunning);
    },
    start: async () => {
      const started = await Promise.allSettled(all.filter(({ isRunning }) => !isRunning).map((each) => each.start()));
      const failed = started.find(({ status }) => status === "rejected");
      if (failed?.status === "rejected") throw failed.reason;
    },
    signal: (signal) => {
      for (const each of all) each.signal(signal);
    },
    end: async (signal) => {
      await Promise.all(all.map((each) => each.end(signal)));
    },
  };
}

/** A store reads all that it kept. */
const startMs = 60_000;

export class Program implements Startable {
  readonly #options: ProgramOptions;
  #child: ChildProcess | null = null;

  constructor(options: ProgramOptions) {
    this.#options = options;
  }

  get isRunning(): boolean {
    return this.#child !== null && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Resolves when it serves. @throws {Error} With what it said, when it does not. */
  async start(): Promise<void> {
    const { command, args, env = {}, log, ready } = this.#options;
    const child = spawn(command, [...args], { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
    this.#child = child;
    let said = "";
    await new Promise<void>((resolve, reject) => {
      const limit = setTimeout(() => reject(new Error(`${command} does not say "${ready}"`)), startMs);
      const take = (chunk: Buffer): void => {
        appendFileSync(log, chunk);
        said = (said + chunk.toString()).slice(-10_000);
        if (said.includes(ready)) resolve();
      };
      child.stdout.on("data", take);
      child.stderr.on("data", take);
      child.once("error", reject);
      child.once("exit", (code, signal) => {
        clearTimeout(limit);
        reject(new Error(`${command} ended (${signal ?? code}): ${said.slice(-1_000)}`));
      });
    });
  }

  signal(signal: "SIGSTOP" | "SIGCONT"): void {
    this.#child?.kill(signal);
  }

  /** Resolves when it is gone. */
  async end(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    const child = this.#child;
    if (child === null || !this.isRunning) return;
    const gone = once(child, "exit");
    child.kill(signal);
    if (signal === "SIGKILL") child.kill("SIGCONT");
    await gone;
  }

  /** Resolves when it has ended by itself. */
  async ended(): Promise<void> {
    const child = this.#child;
    if (child !== null && this.isRunning) await once(child, "exit");
  }
}
