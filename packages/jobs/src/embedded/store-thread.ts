// The other end of an embedded store's thread: asks it, and replaces it when it dies.
import { fail, TidewireError } from "@tidewire/protocol";
import { type Cancel, type Clock, type Log, reasonOf, threadFlags } from "@tidewire/protocol/ports";
import { Worker } from "node:worker_threads";
import type { Answer, Answers, Ask, Request, ThreadNews, ThreadOptions } from "./messages.ts";

export type Spawn = (options: ThreadOptions) => Worker;

/** From source it is a TypeScript file, built it is a JavaScript one: the same as this file. */
const source = new URL("./store-worker.ts", import.meta.url);
const built = new URL("./store-worker.js", import.meta.url);
const workerUrl = import.meta.url.endsWith(".ts") ? source : built;

export const spawnThread: Spawn = (options) => {
  const execArgv = threadFlags();
  return new Worker(workerUrl, {
    workerData: options,
    name: "tidewire-jobs",
    ...(execArgv !== undefined && { execArgv }),
  });
};

type State =
  | { readonly kind: "closed" }
  | { readonly kind: "opening" | "open" | "closing"; readonly worker: Worker }
  | { readonly kind: "waiting"; readonly cancel: Cancel };

interface Waiting {
  readonly resolve: (value: Answers[keyof Answers]) => void;
  readonly reject: (error: TidewireError) => void;
  readonly cancel: Cancel;
}

/** A disk that hangs answers nothing; the job may be there in the end. */
const answerMs = 10_000;
const mostWaiting = 10_000;
const restartMs = 500;

export interface StoreThreadOptions {
  readonly thread: ThreadOptions;
  readonly clock: Clock;
  readonly log: Log;
  readonly spawn: Spawn;
}

export class StoreThread {
  readonly #options: StoreThreadOptions;
  readonly #waiting = new Map<number, Waiting>();
  #state: State = { kind: "closed" };
  /** What is asked in one turn of the event loop goes to the thread together. */
  #outgoing: Request[] = [];
  #count = 0;

  constructor(options: StoreThreadOptions) {
    this.#options = options;
  }

  async open(): Promise<void> {
    if (this.#state.kind !== "closed") throw new TypeError("a job store that is closed was expected, it is open");
    try {
      await this.#spawn();
    } catch (thrown) {
      this.#state = { kind: "closed" };
      throw thrown;
    }
  }

  async close(): Promise<void> {
    if (this.#state.kind === "waiting") this.#state.cancel();
    if (this.#state.kind !== "open") {
      this.#state = { kind: "closed" };
      return;
    }
    const { worker } = this.#state;
    const exit = new Promise((resolve) => worker.once("exit", resolve));
    const answered = this.#ask({ kind: "close" }, worker);
    this.#state = { kind: "closing", worker };
    try {
      await answered;
    } catch (thrown) {
      this.#options.log.error("the thread of the job store did not close its database", { reason: reasonOf(thrown) });
      await worker.terminate();
    }
    await exit;
    this.#state = { kind: "closed" };
  }

  async ask<Kind extends Ask["kind"]>(ask: Extract<Ask, { kind: Kind }>): Promise<Answers[Kind]> {
    if (this.#state.kind !== "open")
      fail("engine_unavailable", `an open job store was expected, it is ${this.#state.kind}`);
    if (this.#waiting.size >= mostWaiting) fail("overloaded", `${mostWaiting} requests wait for the job store already`);
    // The thread answers each kind with its own.
    return (await this.#ask(ask, this.#state.worker)) as Answers[Kind];
  }

  #ask(ask: Ask, worker: Worker): Promise<Answers[keyof Answers]> {
    const { clock } = this.#options;
    this.#count += 1;
    const number = this.#count;
    return new Promise((resolve, reject) => {
      const late = (): void => {
        this.#waiting.delete(number);
        reject(new TidewireError("indeterminate", `the job store gave no answer within ${answerMs} ms`));
      };
      this.#waiting.set(number, { resolve, reject, cancel: clock.after(answerMs, late) });
      if (this.#outgoing.length === 0) clock.defer(() => worker.postMessage(this.#outgoing.splice(0)));
      this.#outgoing.push({ number, nowMs: clock.wall(), ask });
    });
  }

  async #spawn(): Promise<void> {
    const worker = this.#options.spawn(this.#options.thread);
    this.#state = { kind: "opening", worker };
    await opened(worker);
    if (this.#state.kind !== "opening") {
      await worker.terminate();
      fail("engine_unavailable", "the job store was closed while it opened");
    }
    this.#state = { kind: "open", worker };
    worker.on("message", (news: ThreadNews) => {
      if (news.kind === "answers") for (const answer of news.answers) this.#answered(answer);
    });
    worker.on("error", (error) =>
      this.#options.log.error("the thread of the job store failed", { reason: reasonOf(error) }),
    );
    worker.once("exit", () => this.#exited());
  }

  #answered(answer: Answer): void {
    const waiting = this.#waiting.get(answer.number);
    if (waiting === undefined) return;
    this.#waiting.delete(answer.number);
    waiting.cancel();
    if (answer.kind === "value") waiting.resolve(answer.value);
    else waiting.reject(new TidewireError(answer.reason, answer.message));
  }

  #exited(): void {
    for (const { reject, cancel } of this.#waiting.values()) {
      cancel();
      reject(new TidewireError("indeterminate", "the thread of the job store died before it answered"));
    }
    this.#waiting.clear();
    this.#outgoing = [];
    if (this.#state.kind === "open") this.#restartLater();
  }

  #restartLater(): void {
    this.#options.log.error("the thread of the job store died and is started again", {
      path: this.#options.thread.path,
    });
    this.#state = { kind: "waiting", cancel: this.#options.clock.after(restartMs, () => void this.#restart()) };
  }

  async #restart(): Promise<void> {
    try {
      await this.#spawn();
    } catch (thrown) {
      this.#options.log.error("the job store could not be opened again", { reason: reasonOf(thrown) });
      if (this.#state.kind === "opening") this.#restartLater();
    }
  }
}

/** Resolves with the thread's first word if it is a good one; rejects when it refuses or dies before it. */
function opened(worker: Worker): Promise<void> {
  return new Promise((resolve, reject) => {
    const refuse = (message: string): void => reject(new TidewireError("engine_unavailable", message));
    const onError = (error: unknown): void => refuse(`the thread of the job store did not start: ${reasonOf(error)}`);
    const onExit = (code: number): void =>
      refuse(`the thread of the job store ended with code ${code} before it began`);
    worker.once("error", onError);
    worker.once("exit", onExit);
    worker.once("message", (news: ThreadNews) => {
      worker.off("error", onError);
      worker.off("exit", onExit);
      if (news.kind === "opened") resolve();
      else
        refuse(
          news.kind === "refused" ? news.message : "the thread of the job store spoke before it opened its database",
        );
    });
  });
}
