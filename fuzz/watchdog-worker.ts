// The watchdog's thread: the reader's own thread is busy when it is needed.
import { writeSync } from "node:fs";
import { workerData } from "node:worker_threads";
import { keepFinding } from "./files.ts";

export interface WatchdogOptions {
  readonly folder: string;
  readonly target: string;
  readonly patienceMs: number;
  readonly state: BigInt64Array;
  readonly input: Uint8Array;
}

const { folder, target, patienceMs, state, input } = workerData as WatchdogOptions;
let seen = 0n;

setInterval(() => {
  const run = Atomics.load(state, 0);
  if (run <= 0n || run !== seen) {
    seen = run;
    return;
  }
  const file = keepFinding(folder, target, Buffer.from(input.slice(0, Number(Atomics.load(state, 1)))));
  // At once: a thread's own streams go through the thread that is busy.
  writeSync(2, `${target}: expected an end within ${patienceMs} ms, got none; the input is in ${file}\n`);
  process.kill(process.pid, "SIGKILL");
}, patienceMs);
