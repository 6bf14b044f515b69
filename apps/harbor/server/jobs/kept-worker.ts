// The worker beside a server: a process of its own that is started again whenever it dies, and does not outlive the server.
import { type ChildProcess, fork } from "node:child_process";
import path from "node:path";
import type { Log } from "@tidewire/server";

export interface KeptWorkerOptions {
  /** Where the worker finds the server, such as `http://127.0.0.1:8080`. */
  readonly serverUrl: string;
  /** Its environment beside that. Default: ours. */
  readonly env?: NodeJS.ProcessEnv;
  /** What runs. Default: Harbor's worker. */
  readonly program?: string;
  readonly log: Log;
}

export interface KeptWorker {
  /** Of the process that runs now. */
  readonly processId: number | undefined;
  /** Lets it end what it does; resolves when it is gone. */
  stop(): Promise<void>;
}

const ownProgram = path.join(import.meta.dirname, "../../worker/main.ts");
const firstPauseMs = 200;
const longestPauseMs = 10_000;
/** One that worked for so long is started again soon when it dies. */
const soundMs = 10_000;
/** Longer than a worker waits for its jobs, and for what it has to tell of them, when it is told to end. */
const stopLimitMs = 20_000;

export function keepWorker(options: KeptWorkerOptions): KeptWorker {
  const { serverUrl, env = process.env, program = ownProgram, log } = options;
  let child: ChildProcess | null = null;
  let timer: NodeJS.Timeout | undefined;
  let pauseMs = firstPauseMs;
  let isStopping = false;

  function start(): void {
    const startedMs = performance.now();
    // It hears of our end, however sudden, when the channel between us closes. Not detached: in a session of its own, Linux'
    // autogroups would give it and the programs it judges as much of the processors as us, whatever their priority.
    const started = fork(program, [], {
      env: { ...env, TIDEWIRE_URL: serverUrl },
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    child = started;
    started.on("error", (error) => {
      // A process that could not be made has no end either.
      if (started.pid === undefined) ended(error.message, startedMs);
      else log.error("the worker could not be told to end", { reason: error.message });
    });
    started.once("close", (code, signal) => {
      if (child === started) ended(String(signal ?? code), startedMs);
    });
  }

  function ended(how: string, startedMs: number): void {
    child = null;
    if (isStopping) return;
    if (performance.now() - startedMs > soundMs) pauseMs = firstPauseMs;
    log.error("the worker ended, and is started again", { how, inMs: pauseMs });
    timer = setTimeout(start, pauseMs);
    pauseMs = Math.min(pauseMs * 2, longestPauseMs);
  }

  start();
  return {
    get processId() {
      return child?.pid;
    },
    async stop() {
      isStopping = true;
      clearTimeout(timer);
      const ending = child;
      if (ending === null) return;
      const gone = new Promise((resolve) => ending.once("close", resolve));
      ending.kill("SIGTERM");
      const late = setTimeout(() => ending.kill("SIGKILL"), stopLimitMs);
      await gone;
      clearTimeout(late);
    },
  };
}
