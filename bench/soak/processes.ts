// The processes of a soak or a storm: a server on a database of its own, and the load processes, ended with what uses them.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Child, nodeProgram } from "tidewire/bench";
import type { CrowdOptions, CrowdReport, SoakLoadTalk, SoakServerTalk, Tops } from "./talk.ts";

export interface Processes {
  readonly server: Child<SoakServerTalk>;
  readonly loads: readonly Child<SoakLoadTalk>[];
}

const lookMs = 500;
const patienceMs = 60_000;
/** Thousands connect, on a machine that may have other things to do. */
const fillMs = 300_000;
const answerMs = 300_000;

export async function withProcesses<Result>(
  options: { readonly loads: number; readonly tailBytes: number },
  act: (processes: Processes) => Promise<Result>,
): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), "tidewire-soak-"));
  const args = [join(folder, "log.db"), String(options.tailBytes)];
  const flags = ["--expose-gc", "--disable-warning=ExperimentalWarning"];
  const server = new Child<SoakServerTalk>(nodeProgram(new URL("server-process", import.meta.url), args, flags), null);
  const load = nodeProgram(new URL("load-process", import.meta.url), []);
  const loads = Array.from({ length: options.loads }, () => new Child<SoakLoadTalk>(load, null));
  try {
    return await act({ server, loads });
  } finally {
    await Promise.all(loads.map((one) => one.stop()));
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Opens the server, and lets the crowd in. Resolves when all are there. */
export async function fill(
  { server, loads }: Processes,
  options: Omit<CrowdOptions, "port" | "visitors"> & { readonly connections: number; readonly perSecond: number },
): Promise<void> {
  const { port } = await server.ask("listen", null);
  await server.ask("publish", { perSecond: options.perSecond });
  const share = (of: number, index: number): number =>
    Math.floor(of / loads.length) + (index < of % loads.length ? 1 : 0);
  const filling = loads.map((load, index) => {
    const [visitors, deaf] = [share(options.connections, index), share(options.deaf, index)];
    return load.ask("fill", { port, visitors, deaf, churn: options.churn / loads.length }, fillMs);
  });
  await Promise.all(filling);
}

/** Nobody comes or goes any more, and everybody reads. */
export async function rest({ loads }: Processes): Promise<void> {
  await Promise.all(loads.map((load) => load.ask("rest", null, fillMs)));
}

export function reportsOf({ loads }: Processes): Promise<readonly CrowdReport[]> {
  return Promise.all(loads.map((load) => load.ask("report", null, answerMs)));
}

/** Waits until all that was published is there; what is lost for good never comes, and is counted. */
export async function lackingOf({ loads }: Processes, tops: Tops): Promise<number> {
  const sinceMs = performance.now();
  for (;;) {
    const all = await Promise.all(loads.map((load) => load.ask("lacking", { tops }, answerMs)));
    const lacking = all.reduce((sum, one) => sum + one, 0);
    if (lacking === 0 || performance.now() - sinceMs > patienceMs) return lacking;
    await sleep(lookMs);
  }
}

export function sumNames(all: readonly ReadonlyMap<string, number>[]): Record<string, number> {
  const sum: Record<string, number> = {};
  for (const one of all) for (const [name, count] of one) sum[name] = (sum[name] ?? 0) + count;
  return sum;
}
