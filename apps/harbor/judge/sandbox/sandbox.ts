// Runs an order in a process of its own and watches it from outside: whatever the program does, this resolves.
import { createInterface } from "node:readline";
import { type Order, report, type Report } from "./order.ts";
import { type Usage, usageOf } from "./process-watch.ts";
import { type SandboxProcess, type Standing, startSandbox } from "./sandbox-process.ts";
import { graceMs, type Killed, lookEveryMs, readCpuMs, startCpuMs, Watch } from "./watch.ts";

/** Why the process is over: it has said everything; it was killed; it ended by itself, without having said everything. */
export type SandboxEnd = "ended" | Killed | "crashed";

export interface Watching {
  readonly order: Order;
  readonly told: (report: Report) => void;
  /** Aborted: the process is killed. */
  readonly signal: AbortSignal;
  /** `last`: where the machine gives it next to nothing it is not waited for, and the program was not run. */
  readonly standing: Standing;
  /** What the process runs, as Node's arguments. Default: the sandbox. */
  readonly main?: readonly string[];
}

/** A UTF-16 unit is six bytes of JSON at most; a test says and answers so many, and the reports have their own words. */
const bytesPerUnit = 6;
const reportBytes = 65_536;

/** @throws where the program was not run: no process could be started, or the machine had no time for one. */
export async function runInSandbox({ order, told, signal, standing, main }: Watching): Promise<SandboxEnd> {
  const { inputs, limits } = order;
  const mostCpuMs = startCpuMs + readCpuMs + inputs.length * (limits.timeMs + graceMs);
  const process = startSandbox({ cpuSeconds: mostCpuMs / 1_000, standing, main });
  const watch = watchOver(process, { order, standing });
  const looks = setInterval(() => watch.look(), lookEveryMs);
  const unwanted = (): void => watch.kill("unwanted");
  signal.addEventListener("abort", unwanted);
  if (signal.aborted) unwanted();
  try {
    process.stdout.on("data", () => watch.heardFrom());
    await listen(process, order, (said) => {
      watch.heard(said);
      if (watch.killed === null) told(said);
    });
  } catch (thrown) {
    // What is no report is half of one that was cut off, or somebody's who has broken out.
    if (thrown instanceof NotRun) throw thrown;
    if (watch.killed === null && !watch.isStarting) return "crashed";
  } finally {
    signal.removeEventListener("abort", unwanted);
    clearInterval(looks);
  }
  if (watch.isStalled) throw new NotRun("the machine had no time for the program");
  if (watch.killed === null && watch.isStarting) throw new NotRun("the sandbox's process ended before it was ready");
  // What it could not say is said by how it ended.
  return watch.killed ?? (watch.isDone ? "ended" : "crashed");
}

function watchOver(process: SandboxProcess, { order, standing }: Pick<Watching, "order" | "standing">): Watch {
  const { inputs, limits } = order;
  const usage = (): Usage | null => (process.pid === undefined ? null : usageOf(process.pid));
  const kill = (): void => void process.kill("SIGKILL");
  return new Watch({ tests: inputs.length, limits, mayStarve: standing === "low", usage, kill });
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
