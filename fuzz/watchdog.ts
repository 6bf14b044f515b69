// The watchdog: a thread that keeps the input which is being read, and writes it down when its reader never ends.
import path from "node:path";
import { Worker } from "node:worker_threads";
import type { WatchdogOptions } from "./watchdog-worker.ts";

const roomBytes = 1_048_576;
/** On a busy machine a run of a millisecond may well take a second. */
const patienceMs = 20_000;

export class Watchdog {
  /** How many runs have begun; negative between two. */
  readonly #state = new BigInt64Array(new SharedArrayBuffer(16));
  readonly #input = new Uint8Array(new SharedArrayBuffer(roomBytes));
  readonly #worker: Worker;
  #runs = 0n;

  /** @param folder Where it writes the input, before it ends this process. */
  constructor(folder: string, target: string) {
    const workerData: WatchdogOptions = { folder, target, patienceMs, state: this.#state, input: this.#input };
    this.#worker = new Worker(path.join(import.meta.dirname, "watchdog-worker.ts"), { workerData });
    this.#worker.unref();
  }

  began(input: Uint8Array): void {
    this.#input.set(input.subarray(0, roomBytes));
    Atomics.store(this.#state, 1, BigInt(Math.min(input.length, roomBytes)));
    Atomics.store(this.#state, 0, (this.#runs += 1n));
  }

  ended(): void {
    Atomics.store(this.#state, 0, -this.#runs);
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }
}
