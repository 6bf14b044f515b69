// The worker thread's life: started, replaced when it dies, closed.
import { fail, TidewireError } from "@tidewire/protocol";
import { threadFlags } from "@tidewire/protocol/ports";
import { Worker } from "node:worker_threads";
import type { Cancel, Clock } from "../../ports/clock.ts";
import { type Log, reasonOf } from "../../ports/log.ts";
import type { Random } from "../../ports/random.ts";
import type { Answer, Batch, WorkerNews, WorkerOptions } from "./messages.ts";

/** Starts the thread that runs sqlite-worker. */
export type Spawn = (options: WorkerOptions) => Worker;

export interface LinkOptions {
  readonly path: string;
  readonly maxFileBytes: number | null;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly spawn: Spawn;
}

/** What the link tells its owner. */
export interface LinkEvents {
  answered(answers: readonly Answer[]): void;
  /** The worker died: nothing that was posted will be answered. Another one is being started. */
  lost(): void;
  /** Another one took over. */
  back(): void;
}

type State =
  | { readonly kind: "closed" }
  | { readonly kind: "opening" | "open" | "closing"; readonly worker: Worker }
  | { readonly kind: "waiting"; readonly cancel: Cancel };

const firstRestartMs = 100;
const lastRestartMs = 5_000;

/** From source it is a TypeScript file, built it is a JavaScript one: the same as this file. */
const source = new URL("./sqlite-worker.ts", import.meta.url);
const built = new URL("./sqlite-worker.js", import.meta.url);
const workerUrl = import.meta.url.endsWith(".ts") ? source : built;

export const spawnWorker: Spawn = (options) => {
  const execArgv = threadFlags();
  return new Worker(workerUrl, {
    workerData: options,
    name: "tidewire-sqlite",
    ...(execArgv !== undefined && { execArgv }),
  });
};

export class WorkerLink {
  readonly #options: LinkOptions;
  readonly #events: LinkEvents;
  #state: State = { kind: "closed" };
  #startedMs = 0;
  #restartMs = firstRestartMs;

  constructor(options: LinkOptions, events: LinkEvents) {
    this.#options = options;
    this.#events = events;
  }

  /** @throws {TidewireError} `engine_unavailable`, with the reason in words for the operator. */
  async open(): Promise<void> {
    try {
      await this.#spawn();
    } catch (thrown) {
      this.#state = { kind: "closed" };
      throw thrown;
    }
  }

  get isOpen(): boolean {
    return this.#state.kind === "open";
  }

  /** Only while a worker is there. The batch's buffer goes over to the worker. */
  post(batch: Omit<Batch, "elapsedMs">): void {
    if (this.#state.kind !== "open" && this.#state.kind !== "closing") {
      fail("internal", `a worker that is open was expected, it is ${this.#state.kind}`);
    }
    const elapsedMs = this.#options.clock.now() - this.#startedMs;
    const transfer = batch.payload.buffer instanceof ArrayBuffer ? [batch.payload.buffer] : [];
    this.#state.worker.postMessage({ ...batch, elapsedMs } satisfies Batch, transfer);
  }

  /** Whether the worker keeps the process alive. */
  hold(isBusy: boolean): void {
    if (this.#state.kind !== "open") return;
    if (isBusy) this.#state.worker.ref();
    else this.#state.worker.unref();
  }

  /** Replaces the worker, as if it had died. */
  async restart(): Promise<void> {
    if (this.#state.kind === "open") await this.#state.worker.terminate();
  }

  /** Resolves when the thread has ended, which it does by itself after a `close` request. */
  async ended(): Promise<void> {
    if (this.#state.kind === "waiting") this.#state.cancel();
    if (this.#state.kind === "closed" || this.#state.kind === "waiting") {
      this.#state = { kind: "closed" };
      return;
    }
    const { worker, kind } = this.#state;
    this.#state = { kind: "closing", worker };
    worker.ref();
    const exit = new Promise((resolve) => worker.once("exit", resolve));
    if (kind === "opening") await worker.terminate();
    await exit;
    this.#state = { kind: "closed" };
  }

  /** Ends the thread without waiting for what it does. */
  async terminate(): Promise<void> {
    const ended = this.ended();
    if (this.#state.kind === "closing") await this.#state.worker.terminate();
    await ended;
  }

  async #spawn(): Promise<void> {
    const { path, maxFileBytes, clock, random, spawn } = this.#options;
    const newEpoch = random.token(96);
    const worker = spawn({ path, maxFileBytes, newEpoch, secret: random.token(96), wallMs: clock.wall() });
    this.#startedMs = clock.now();
    this.#state = { kind: "opening", worker };
    const wentBack = await opened(worker);
    if (this.#state.worker !== worker) fail("engine_unavailable", "the SQLite engine was stopped while it started");
    this.#state = { kind: "open", worker };
    if (wentBack) this.#options.log.warn(restored, { path });
    worker.unref();
    worker.on("message", (news: WorkerNews) => {
      if (news.kind !== "answers") return;
      // Only a worker that worked is started again soon when it dies.
      this.#restartMs = firstRestartMs;
      for (const channel of news.damaged) this.#options.log.error(damaged, { channel });
      this.#events.answered(news.answers);
    });
    worker.on("error", (error) => this.#options.log.error("the SQLite worker failed", { reason: reasonOf(error) }));
    worker.once("exit", () => this.#exited(worker));
  }

  #exited(worker: Worker): void {
    if (this.#state.kind !== "open" || this.#state.worker !== worker) return;
    this.#options.log.error("the SQLite worker died and is started again", { path: this.#options.path });
    this.#restartLater();
    this.#events.lost();
  }

  #restartLater(): void {
    const delayMs = this.#restartMs * (0.5 + this.#options.random.fraction() / 2);
    this.#restartMs = Math.min(this.#restartMs * 2, lastRestartMs);
    this.#state = { kind: "waiting", cancel: this.#options.clock.after(delayMs, () => void this.#restart()) };
  }

  async #restart(): Promise<void> {
    try {
      await this.#spawn();
    } catch (thrown) {
      this.#options.log.error("the SQLite worker could not be started again", { reason: reasonOf(thrown) });
      if (this.#state.kind === "opening") this.#restartLater();
      return;
    }
    this.#events.back();
  }
}

const damaged = "the database says of a channel what was never published there; its readers are told of a gap";
const restored = "the database is older than it was, or another one: all epochs end, and readers read anew";

/**
 * Resolves with the worker's first word if it is a good one: whether the database went back. Rejects when it refuses or
 * dies before it.
 */
function opened(worker: Worker): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const refuse = (message: string): void => reject(new TidewireError("engine_unavailable", message));
    const onError = (error: unknown): void => refuse(`the SQLite worker did not start: ${reasonOf(error)}`);
    const onExit = (code: number): void => refuse(`the SQLite worker ended with code ${code} before it started`);
    worker.once("error", onError);
    worker.once("exit", onExit);
    worker.once("message", (news: WorkerNews) => {
      worker.off("error", onError);
      worker.off("exit", onExit);
      if (news.kind === "opened") resolve(news.wentBack);
      else refuse(news.kind === "refused" ? news.message : "the SQLite worker spoke before it opened its database");
    });
  });
}
