// A process that is started again whenever it ends, with more and more patience; and ended in good order.
import type { ChildProcess } from "node:child_process";
import type { Log } from "@tidewire/server";
import type { Order, Ready, Word } from "./words.ts";

export interface Keeping {
  /** For the log. */
  readonly name: string;
  readonly start: () => ChildProcess;
  /** Said to each one that is started; `null`: nothing. */
  readonly order: () => Order | null;
  /** Said to each one that has started, when it may listen. */
  readonly listen?: () => Promise<Order>;
  readonly log: Log;
}

const firstDelayMs = 100;
const lastDelayMs = 5_000;
/** One that worked for so long is started again at once when it dies. */
const soundMs = 10_000;
/** Whoever has not ended by then, after it was told to, is killed: longer than a drain. */
const stopLimitMs = 120_000;

export class KeptProcess {
  /** Resolves when the first one is ready. @throws when it ended before that: then no other one is started. */
  readonly ready: Promise<Ready>;
  /** Resolves when the first one could listen. @throws as `ready` does. */
  readonly started: Promise<void>;
  readonly #keeping: Keeping;
  #child: ChildProcess | null = null;
  #isReady = false;
  #isStopping = false;
  #delayMs = firstDelayMs;
  #startedMs = 0;
  #timer: NodeJS.Timeout | null = null;
  readonly #readiness = Promise.withResolvers<Ready>();
  readonly #beginning = Promise.withResolvers<void>();

  constructor(keeping: Keeping) {
    this.#keeping = keeping;
    this.ready = this.#readiness.promise;
    this.started = this.#beginning.promise;
    // Whoever waits for one of them need not wait for the other.
    for (const awaited of [this.ready, this.started]) awaited.catch(() => undefined);
    this.#start();
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    const child = this.#child;
    if (child === null) return;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    if (child.connected) child.send({ kind: "stop" } satisfies Order, () => undefined);
    const late = setTimeout(() => child.kill("SIGKILL"), stopLimitMs);
    await gone;
    clearTimeout(late);
  }

  #start(): void {
    this.#timer = null;
    this.#startedMs = performance.now();
    const child = this.#keeping.start();
    this.#child = child;
    child.on("message", (word: Word) => this.#heard(child, word));
    child.on("error", (error) =>
      this.#keeping.log.error("a process could not be asked", { name: this.#keeping.name, reason: error.message }),
    );
    child.once("exit", (code, signal) => this.#ended(String(signal ?? code)));
    const order = this.#keeping.order();
    if (order !== null) child.send(order, () => undefined);
  }

  #heard(child: ChildProcess, word: Word): void {
    if (word.kind === "started") {
      this.#beginning.resolve();
      const order = this.#keeping.listen?.();
      order?.then((given) => child.connected && child.send(given, () => undefined)).catch(() => undefined);
      return;
    }
    this.#isReady = true;
    this.#readiness.resolve(word);
  }

  #ended(how: string): void {
    const { name, log } = this.#keeping;
    this.#child = null;
    if (this.#isStopping) return;
    if (!this.#isReady) {
      const problem = new Error(`${name} did not start`);
      this.#beginning.reject(problem);
      this.#readiness.reject(problem);
      return;
    }
    if (performance.now() - this.#startedMs > soundMs) this.#delayMs = firstDelayMs;
    log.error("a process ended, and is started again", { name, how, delayMs: this.#delayMs });
    this.#timer = setTimeout(() => this.#start(), this.#delayMs);
    this.#delayMs = Math.min(this.#delayMs * 2, lastDelayMs);
  }
}
