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

/** A store reads all that it kept. */
const startMs = 60_000;

export class Program {
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
