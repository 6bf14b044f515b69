// All cores of one machine: an owner of the log and the workers that serve clients, kept alive (decision 0028).
import { type ChildProcess, fork } from "node:child_process";
import cluster from "node:cluster";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { Log } from "@tidewire/server";
import type { Flags, Settings } from "../settings.ts";
import type { Standalone } from "../standalone.ts";
import { type Keeping, KeptProcess } from "./kept-process.ts";
import type { Door, OwnerPlan, WorkerPlan } from "./words.ts";

/** From source they are TypeScript files, built they are JavaScript ones: the same as this file. */
const ending = import.meta.url.endsWith(".ts") ? "ts" : "js";
const program = (name: string): string => fileURLToPath(new URL(`./${name}.${ending}`, import.meta.url));

export interface Supervising {
  readonly settings: Settings;
  readonly flags: Flags;
  /** How many serve clients. */
  readonly workers: number;
  readonly log: Log;
}

/** @throws when one of the processes does not start; what is wrong it has said itself. */
export async function startWorkers({ settings, flags, workers: count, log }: Supervising): Promise<Standalone> {
  const folder = mkdtempSync(path.join(tmpdir(), "tidewire-"));
  const socket = process.platform === "win32" ? `\\\\.\\pipe\\${path.basename(folder)}` : path.join(folder, "log");
  // An engine that several machines share is shared by several processes of one.
  const plan = ownerPlanOf(settings, socket);
  const kept: KeptProcess[] = [];
  const stop = async (): Promise<void> => {
    const [owner, workers] = plan === null ? [null, kept] : [kept[0], kept.slice(1)];
    await Promise.all(workers.map((worker) => worker.stop()));
    await owner?.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  const keep = (keeping: Omit<Keeping, "log">): KeptProcess => {
    const process = new KeptProcess({ ...keeping, log });
    kept.push(process);
    return process;
  };
  try {
    if (plan !== null) {
      await keep({ name: "the owner of the log", start: () => startOwner(plan), order: () => null }).ready;
    }
    prepareWorkers({ path: plan?.path ?? null, flags });
    let door: Door = { port: settings.port, isExact: false };
    const worker = (name: string, mayListen: Promise<void>): KeptProcess =>
      keep({
        name: `worker ${name}`,
        start: () => startWorker(settings),
        order: () => ({ kind: "start", name }),
        listen: async () => {
          await mayListen;
          return { kind: "listen", ...door };
        },
      });
    // Who is away comes back as soon as anybody listens: all do at about the same time, or the first one has everybody.
    const [all, found] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const first = worker("1", all.promise);
    // It makes what is kept in the data folder.
    await first.started;
    const others = Array.from({ length: count - 1 }, (_, index) => worker(`${index + 2}`, found.promise));
    await Promise.all(others.map(({ started }) => started));
    all.resolve();
    const { port, apiKey } = await first.ready;
    // It has found the port; those who ask for any port are given the same one.
    if (settings.port !== 0) door = { port, isExact: true };
    found.resolve();
    await Promise.all(others.map(({ ready }) => ready));
    return { port, apiKey, stop };
  } catch (thrown) {
    await stop();
    throw thrown;
  }
}

function ownerPlanOf({ engine, dataFolder, mode, logLevel }: Settings, socket: string): OwnerPlan | null {
  if (engine.kind === "shared") return null;
  const database = engine.kind === "memory" ? null : (engine.database ?? path.join(dataFolder, "tidewire.db"));
  return { path: socket, database, mode, logLevel };
}

function startOwner(plan: OwnerPlan): ChildProcess {
  return fork(program("owner-process"), [JSON.stringify(plan)], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
}

function prepareWorkers(plan: WorkerPlan): void {
  // Each new connection is the next worker's: where the system chooses, one may get most of them.
  cluster.schedulingPolicy = cluster.SCHED_RR;
  cluster.setupPrimary({ exec: program("worker-process"), args: [JSON.stringify(plan)] });
}

function startWorker({ mode }: Settings): ChildProcess {
  return cluster.fork(mode === "development" ? { NODE_ENV: "development" } : {}).process;
}
