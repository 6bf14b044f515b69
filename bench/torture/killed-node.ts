// The server process that is killed, on a SQLite file, always at the same port.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

const script = join(import.meta.dirname, "../../test/sqlite-node.ts");

export class KilledNode {
  readonly #args: readonly string[];
  #child: ChildProcess | null = null;

  constructor(file: string, port: number) {
    this.#args = ["--conditions=@tidewire/source", "--disable-warning=ExperimentalWarning", script, file, String(port)];
  }

  /** Resolves when it listens. */
  async start(): Promise<void> {
    const child = spawn(process.execPath, this.#args, { stdio: ["ignore", "pipe", "inherit"] });
    this.#child = child;
    const failed = once(child, "exit").then(() => Promise.reject(new Error("the server process ended by itself")));
    failed.catch(() => undefined);
    await Promise.race([once(child.stdout, "data"), failed]);
  }

  /** `kill -9`. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null) return;
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
  }
}
