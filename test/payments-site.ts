// The payments example as processes that can be killed one by one, and its files to look at and to lock.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { createClient, type Client } from "@tidewire/client";
import type { Jobs } from "@tidewire/jobs";
import { onTestFinished } from "vitest";
import { openPlace } from "../examples/use-cases/place.ts";
import { jobsIn } from "../examples/payments/jobs.ts";
import { serverApi, type ServerApi } from "../examples/payments/server-api.ts";
import { freePort } from "./browser/server-process.ts";

export const parts = ["server", "relay", "notifier", "counter"] as const;
export type Part = (typeof parts)[number];
export type File = "bank" | "jobs" | "sums";

const folder = path.resolve(import.meta.dirname, "../examples/payments");

export class PaymentsSite {
  readonly api: ServerApi;
  readonly #dataFolder = mkdtempSync(path.join(tmpdir(), "tidewire-payments-"));
  readonly #port: number;
  readonly #data: string;
  readonly #running = new Map<Part, ChildProcess>();

  constructor(port: number) {
    this.#port = port;
    this.#data = path.join(this.#dataFolder, "examples/payments");
    this.api = serverApi(port, openPlace(this.#data).key);
    onTestFinished(async () => {
      await Promise.all(parts.map((part) => this.kill(part)));
      rmSync(this.#dataFolder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    });
  }

  start(part: Part): void {
    const args = ["--conditions=@tidewire/source", "--disable-warning=ExperimentalWarning", `${part}.ts`];
    const env = { ...process.env, PORT: String(this.#port), TIDEWIRE_DATA: this.#dataFolder };
    const child = spawn(process.execPath, args, { cwd: folder, env, stdio: ["ignore", "ignore", "pipe"] });
    this.#running.set(part, child);
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (said = (said + text).slice(-2_000)));
    child.once("close", () => {
      if (this.#running.get(part) !== child) return;
      console.error(`the ${part} ended by itself, and is started again:\n${said}`);
      this.start(part);
    });
  }

  /** `kill -9`; resolves when it is gone. */
  async kill(part: Part): Promise<void> {
    const child = this.#running.get(part);
    this.#running.delete(part);
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
  }

  freeze(part: Part): void {
    this.#running.get(part)?.kill("SIGSTOP");
  }

  thaw(part: Part): void {
    this.#running.get(part)?.kill("SIGCONT");
  }

  /** A connection of its own to one of the files. */
  file(name: File): DatabaseSync {
    const database = new DatabaseSync(path.join(this.#data, `${name}.db`), { timeout: 10_000 });
    onTestFinished(() => {
      if (database.isOpen) database.close();
    });
    return database;
  }

  /** The store of jobs, open beside those of the processes. */
  async jobs(): Promise<Jobs> {
    const jobs = jobsIn(this.#data);
    await jobs.store.open();
    onTestFinished(() => jobs.store.close());
    return jobs;
  }

  /** A client with the account of that key. */
  client(key: string): Client {
    const client = createClient({
      url: `ws://localhost:${this.#port}/connection/websocket`,
      token: key.padEnd(32, "-"),
    });
    onTestFinished(() => client.close());
    client.connect();
    return client;
  }
}

/** Nothing runs yet. */
export async function paymentsSite(): Promise<PaymentsSite> {
  return new PaymentsSite(await freePort());
}
