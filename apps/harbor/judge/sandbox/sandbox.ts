// Runs an order in a process of its own and watches it from outside: whatever the program does, this resolves.
import { createInterface } from "node:readline";
import { type Order, report, type Report } from "./order.ts";
import { usageOf } from "./process-watch.ts";
import { mostResidentBytes, type SandboxProcess, startSandbox } from "./sandbox-process.ts";

/** Why the process is over. */
export type SandboxEnd =
  /** It has said everything, and ended. */
  | "ended"
  /** It was killed for its time, its memory or what it said; or was not wanted any more. */
  | "time"
  | "memory"
  | "output"
  | "unwanted"
  /** It ended by itself, without having said everything. */
  | "crashed";

export interface Watching {
  readonly order: Order;
  readonly told: (report: Report) => void;
  /** Aborted: the process is killed. */
  readonly signal: AbortSignal;
}

const lookEveryMs = 50;
/** What a test may use beyond its limit before it is killed from outside: the way to say so by itself. */
const graceMs = 500;
/** Node's start, QuickJS and TypeScript. */
const startCpuMs = 2_000;
/** Where nobody says how much of the processor it has used: the time of day a limit of it may take. */
const wallFactor = 10;
/** A test that got so little of the processor that it is not over by then was not run, whatever the program is. */
const stalledMs = 60_000;
/** A UTF-16 unit is six bytes of JSON at most; a test says and answers so many, and the reports have their own words. */
const bytesPerUnit = 6;
const reportBytes = 65_536;

/** @throws where no process can be started, and where the machine has no time for one. */
export async function runInSandbox({ order, told, signal }: Watching): Promise<SandboxEnd> {
  const tests = order.inputs.length;
  const process = startSandbox((startCpuMs + tests * (order.limits.timeMs + graceMs)) / 1_000);
  const watch = new Watch(process, order);
  const unwanted = (): void => watch.end("unwanted");
  signal.addEventListener("abort", unwanted);
  if (signal.aborted) unwanted();
  try {
    await listen(process, order, (said) => {
      watch.heard(said);
      if (watch.ended === null) told(said);
    });
  } catch (thrown) {
    // What is no report is half of one that was cut off, or somebody's who has broken out.
    if (thrown instanceof NotRun) throw thrown;
    if (watch.ended === null) return "crashed";
  } finally {
    signal.removeEventListener("abort", unwanted);
    watch.stop();
  }
  if (watch.isStalled) throw new NotRun(`the machine had no time for a test within ${stalledMs} ms`);
  // What it could not say is said by how it ended.
  return watch.ended ?? (watch.isDone ? "ended" : "crashed");
}

/** Resolves when the process is gone. @throws for what is no report, and `NotRun`. */
async function listen(process: SandboxProcess, order: Order, told: (report: Report) => void): Promise<void> {
  const gone = new Promise<void>((resolve, reject) => {
    process.once("close", () => resolve());
    process.once("error", (cause) => reject(new NotRun("the sandbox's process could not be started", { cause })));
  });
  // It may be killed before it has read its order.
  process.stdin.on("error", () => undefined);
  process.stdin.end(JSON.stringify(order));
  const heard = hear(process, order, told).finally(() => process.kill("SIGKILL"));
  const [end, hearing] = await Promise.allSettled([gone, heard]);
  if (end.status === "rejected") throw end.reason;
  if (hearing.status === "rejected") throw hearing.reason;
}

async function hear(process: SandboxProcess, order: Order, told: (report: Report) => void): Promise<void> {
  for await (const line of boundedLines(process, order)) told(report.parse(JSON.parse(line)));
}

/** Not the program's fault: worth another attempt. */
class NotRun extends Error {}

async function* boundedLines(process: SandboxProcess, { inputs, limits }: Order): AsyncGenerator<string> {
  let left = reportBytes + inputs.length * (2 * bytesPerUnit * limits.outputLength + reportBytes);
  // Before a line is put together: one without an end would be.
  process.stdout.on("data", (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) process.kill("SIGKILL");
  });
  yield* createInterface({ input: process.stdout, crlfDelay: Infinity });
}

/** Kills a process that uses more than it may. */
class Watch {
  readonly #process: SandboxProcess;
  readonly #order: Order;
  readonly #timer: NodeJS.Timeout;
  #ended: Exclude<SandboxEnd, "ended" | "crashed"> | null = null;
  /** When the present test began, or the process. */
  #since = { wallMs: performance.now(), cpuMs: 0 };
  #limitMs = startCpuMs;
  #isDone = false;
  #isStalled = false;

  constructor(process: SandboxProcess, order: Order) {
    this.#process = process;
    this.#order = order;
    this.#timer = setInterval(() => this.#look(), lookEveryMs);
  }

  get ended(): Exclude<SandboxEnd, "ended" | "crashed"> | null {
    return this.#ended;
  }

  /** Whether everything was said that there is to say. */
  get isDone(): boolean {
    return this.#isDone;
  }

  get isStalled(): boolean {
    return this.#isStalled;
  }

  heard(report: Report): void {
    if (report.kind === "began") {
      const { timeMs } = this.#order.limits;
      this.#since = { wallMs: performance.now(), cpuMs: this.#usage()?.cpuMs ?? 0 };
      this.#limitMs = timeMs + graceMs;
    }
    if (report.kind === "refused") this.#isDone = true;
    if (report.kind === "ended") {
      this.#isDone = report.test === this.#order.inputs.length - 1 || report.ending.kind === "time";
    }
  }

  end(why: Exclude<SandboxEnd, "ended" | "crashed">): void {
    this.#ended ??= why;
    this.#process.kill("SIGKILL");
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #usage(): ReturnType<typeof usageOf> {
    return this.#process.pid === undefined ? null : usageOf(this.#process.pid);
  }

  #look(): void {
    const usage = this.#usage();
    const wallMs = performance.now() - this.#since.wallMs;
    if (usage === null) {
      if (wallMs > this.#limitMs * wallFactor) this.end("time");
      return;
    }
    if (usage.residentBytes > mostResidentBytes) return this.end("memory");
    if (usage.cpuMs - this.#since.cpuMs > this.#limitMs) return this.end("time");
    if (wallMs <= stalledMs) return;
    this.#isStalled = true;
    this.end("unwanted");
  }
}
