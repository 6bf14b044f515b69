// The other end of the thread of webhooks: asks it, and replaces it when it dies.
import { fail, TidewireError } from "@tidewire/protocol";
import { type Cancel, type Clock, type Log, reasonOf, threadFlags } from "@tidewire/protocol/ports";
import { Worker } from "node:worker_threads";
import type { Answers, Ask, Request, ThreadNews, ThreadOptions } from "./messages.ts";

/** From source it is a TypeScript file, built it is a JavaScript one: the same as this file. */
const source = new URL("./webhook-worker.ts", import.meta.url);
const built = new URL("./webhook-worker.js", import.meta.url);
const workerUrl = import.meta.url.endsWith(".ts") ? source : built;

interface Waiting {
  readonly resolve: (value: Answers[keyof Answers]) => void;
  readonly reject: (error: TidewireError) => void;
  readonly cancel: Cancel;
}

/** A disk that hangs answers nothing. */
const answerMs = 10_000;
const mostWaiting = 1_000;
const restartMs = 1_000;

export interface ThreadLinkOptions {
  readonly thread: ThreadOptions;
  readonly clock: Clock;
  readonly log: Log;
}

export class ThreadLink {
  readonly #options: ThreadLinkOptions;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | null = null;
  #cancelRestart: Cancel = () => undefined;
  #isClosing = false;
  #count = 0;

  constructor(options: ThreadLinkOptions) {
    this.#options = options;
  }

  /** @throws {TidewireError} `engine_unavailable` when the database cannot be used. */
  async open(): Promise<void> {
    if (this.#worker !== null) throw new TypeError("webhooks that are closed were expected, they are open");
    this.#isClosing = false;
    try {
      await this.#spawn();
    } catch (thrown) {
      this.#isClosing = true;
      throw thrown;
    }
  }

  async close(graceMs: number): Promise<void> {
    this.#isClosing = true;
    this.#cancelRestart();
    const worker = this.#worker;
    if (worker === null) return;
    const exit = new Promise((resolve) => worker.once("exit", resolve));
    await this.ask({ kind: "close", graceMs }).catch(() => worker.terminate());
    await exit;
  }

  /** @throws {TidewireError} `engine_unavailable`, `limit_exceeded`, `overloaded`; `indeterminate` when nobody can know. */
  async ask<Kind extends Ask["kind"]>(ask: Extract<Ask, { kind: Kind }>): Promise<Answers[Kind]> {
    const worker = this.#worker;
    if (worker === null) return fail("engine_unavailable", "open webhooks were expected, they are not");
    if (this.#waiting.size >= mostWaiting) fail("overloaded", `${mostWaiting} requests wait for the webhooks already`);
    this.#count += 1;
    const number = this.#count;
    const answer = new Promise<Answers[keyof Answers]>((resolve, reject) => {
      const late = (): void => {
        this.#waiting.delete(number);
        reject(new TidewireError("indeterminate", `the webhooks gave no answer within ${answerMs} ms`));
      };
      this.#waiting.set(number, { resolve, reject, cancel: this.#options.clock.after(answerMs, late) });
      worker.postMessage({ number, ask } satisfies Request);
    });
    // The thread answers each kind with its own.
    return (await answer) as Answers[Kind];
  }

  #spawn(): Promise<void> {
    const execArgv = threadFlags();
    const { thread: workerData, log } = this.#options;
    const worker = new Worker(workerUrl, {
      workerData,
      name: "tidewire-webhooks",
      ...(execArgv !== undefined && { execArgv }),
    });
    this.#worker = worker;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const refuse = (message: string): void => reject(new TidewireError("engine_unavailable", message));
    worker.on("message", (news: ThreadNews) => {
      if (news.kind === "ready") return resolve();
      if (news.kind === "log") return log[news.level](news.message, news.fields);
      if (news.kind !== "failed") return this.#answered(news);
      log.error("the database of webhooks cannot be used", { reason: news.message });
      refuse(news.message);
      worker.terminate().catch(() => undefined);
    });
    worker.on("error", (error) => log.error("the thread of webhooks failed", { reason: reasonOf(error) }));
    worker.once("exit", () => {
      refuse("the thread of webhooks ended before it began");
      this.#exited();
    });
    // Whoever opened it is told; who did not open it again tries once more.
    promise.catch(() => undefined);
    return promise;
  }

  #answered(answer: Exclude<ThreadNews, { kind: "ready" | "failed" | "log" }>): void {
    const waiting = this.#waiting.get(answer.number);
    this.#waiting.delete(answer.number);
    waiting?.cancel();
    if (answer.kind === "value") waiting?.resolve(answer.value);
    else waiting?.reject(new TidewireError(answer.reason, answer.message));
  }

  #exited(): void {
    this.#worker = null;
    for (const { reject, cancel } of this.#waiting.values()) {
      cancel();
      reject(new TidewireError("indeterminate", "the thread of webhooks died before it answered"));
    }
    this.#waiting.clear();
    if (this.#isClosing) return;
    const { clock, log } = this.#options;
    log.error("the thread of webhooks died and is started again");
    this.#cancelRestart = clock.after(restartMs, () => {
      this.#spawn().catch(() => undefined);
    });
  }
}
