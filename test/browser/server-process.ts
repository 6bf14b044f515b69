// A server as a process of its own, started and ended by its id.
import { spawn, type ChildProcess } from "node:child_process";
import { randomInt } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";

export const root = path.resolve(import.meta.dirname, "../..");

/** Node's condition that lets packages run from their sources. */
export const fromSource = "--conditions=@tidewire/source";

/** What ends a server when whoever started it is gone. */
export const withParent = `--import=${path.join(root, "tools/run/with-parent.mjs")}`;

export interface ServerProcess {
  readonly processId: number;
  readonly port: number;
  /** As a person types it: `http://localhost:…`. */
  readonly url: string;
  readonly dataFolder: string;
  /** Resolves when it says again that it is ready; to be called before what makes it start again. */
  readyAgain(): Promise<void>;
  /** Asks it to end, waits until it has, and starts another on the same port and data. */
  restart(): Promise<void>;
  /** Kills it, waits until it is gone, and calls `meanwhile` before another starts on the same port and data. */
  crash(meanwhile?: () => Promise<void>): Promise<void>;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

export interface Start {
  readonly args: readonly string[];
  /** Adds what differs from start to start: the port, the data folder. */
  readonly env: (port: number, dataFolder: string) => NodeJS.ProcessEnv;
  /** What it prints when it answers. */
  readonly ready: RegExp;
}

export async function startServer({ args, env, ready }: Start): Promise<ServerProcess> {
  const dataFolder = mkdtempSync(path.join(tmpdir(), "tidewire-browser-"));
  const port = await freePort();
  const run = (): Running => {
    const child = spawn(process.execPath, args, {
      cwd: root,
      env: { ...process.env, ...env(port, dataFolder) },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const exit = new Promise<number | null>((resolve) => child.once("close", resolve));
    return { child, printed: new Printed(child), exit };
  };
  const end = async (): Promise<number | null> => {
    running.child.kill("SIGTERM");
    return await running.exit;
  };
  let running = run();
  await running.printed.next(ready);
  return {
    get processId() {
      return idOf(running.child);
    },
    port,
    url: `http://localhost:${port}`,
    dataFolder,
    readyAgain: () => running.printed.next(ready),
    restart: async () => {
      const code = await end();
      if (code !== 0) throw new Error(`the server ended with ${code} when it was asked to end`);
      running = run();
      await running.printed.next(ready);
    },
    crash: async (meanwhile) => {
      running.child.kill("SIGKILL");
      await running.exit;
      await meanwhile?.();
      running = run();
      await running.printed.next(ready);
    },
    stop: async () => {
      await end();
      rmSync(dataFolder, { recursive: true, force: true });
    },
  };
}

interface Running {
  readonly child: ChildProcess;
  readonly printed: Printed;
  /** Resolves with its exit code, `null` where a signal ended it. */
  readonly exit: Promise<number | null>;
}

/** What a process prints, to wait for. */
class Printed {
  readonly #waiting = new Set<{ readonly pattern: RegExp; readonly resolve: () => void }>();
  readonly #lines: string[] = [];
  readonly #end: Promise<void>;

  constructor(child: ChildProcess) {
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => this.#read(text));
    }
    this.#end = new Promise((resolve) => child.once("close", () => resolve()));
  }

  async next(pattern: RegExp): Promise<void> {
    const printed = new Promise<boolean>((resolve) => {
      this.#waiting.add({ pattern, resolve: () => resolve(true) });
    });
    const isPrinted = await Promise.race([printed, this.#end.then(() => false)]);
    if (!isPrinted) throw new Error(`the server ended before it printed ${pattern}:\n${this.#lines.join("\n")}`);
  }

  #read(text: string): void {
    for (const line of text.split("\n")) {
      this.#lines.push(line);
      for (const each of this.#waiting) {
        if (!each.pattern.test(line)) continue;
        this.#waiting.delete(each);
        each.resolve();
      }
    }
  }
}

function idOf({ pid }: ChildProcess): number {
  if (pid === undefined) throw new Error("the process did not start");
  return pid;
}

/** Below the ports that systems give to outgoing connections, so that it is still free after the server's restart. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(20_000, 32_000);
    const isFree = await new Promise<boolean>((resolve) => {
      const probe = createServer();
      probe.once("error", () => resolve(false));
      probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(true)));
    });
    if (isFree) return port;
  }
}
