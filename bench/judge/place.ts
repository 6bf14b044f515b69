// Harbor with its worker, people who chat there, and strangers at the judge: what a round of quiet and a round of attack come to.
import { once } from "node:events";
import { readFileSync } from "node:fs";
import path from "node:path";
import type { Client } from "@tidewire/client";
import { Child, type Latencies, machineTime, nodeProgram, noLatencies, othersShare, quantileMs } from "tidewire/bench";
import { startSandbox } from "../../apps/harbor/judge/sandbox/sandbox-process.ts";
import { guestAt } from "../../apps/harbor/server/testing/guest.ts";
import { judgeConcurrency } from "../../apps/harbor/worker/judge/judging.ts";
import { fromSource, root, type ServerProcess, startServer, withParent } from "../../test/browser/server-process.ts";
import { childrenRunning } from "../../test/child-processes.ts";
import type { StrangersTalk } from "./strangers.ts";
import { pause, Talk } from "./talk.ts";

const strangers = 4;
/** Before it counts: code is compiled, files have their size. */
const warmUpMs = 4_000;
/** Until the last of what was just going on is over. */
const settleMs = 500;
/** For what waits in the line, on a machine that has little time for it. */
const restMs = 300_000;
/** Longer than any stretch. */
const loopCpuSeconds = 3_600;

/** What those who chat saw in one stretch of time. */
export interface Stretch {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /**
   * The share of the time in which the server's thread could have gone on, and did not get a processor. `null` where the system
   * does not say.
   */
  readonly serverWaited: number | null;
  /** The share of the machine that was busy, whoever with. */
  readonly machineBusy: number;
}

/**
 * `quiet`: nobody hands anything in. `hostile`: strangers do, without a pause. `loops`: nobody does, and as many processes as
 * there may be sandboxes do nothing but run, with the sandboxes' priority: what that costs is the machine's, and the rest ours.
 */
export const kinds = ["quiet", "hostile", "loops"] as const;
export type Kind = (typeof kinds)[number];
export type Round = Readonly<Record<Kind, Stretch>>;

export interface Place {
  /** A stretch of each kind, `ms` long; what was measured is added to `all` as well. */
  round(ms: number, all: Readonly<Record<Kind, Latencies>>): Promise<Round>;
  readonly verdicts: Readonly<Record<string, number>>;
  /** Whether the worker of the beginning is the worker now. */
  readonly isSameWorker: boolean;
  /** Messages that were written and never read. */
  missing(): Promise<number>;
  close(): Promise<void>;
}

/** @param checkout Whose Harbor it is. Default: this one's. */
export async function openPlace(checkout: string = root): Promise<Place> {
  const server = await startServer({
    args: [fromSource, withParent, path.join(checkout, "apps/harbor/server/main.ts")],
    ready: /^ {2}App {2,}http:/,
    env: (port, data) => ({ PORT: String(port), HOST: "127.0.0.1", TIDEWIRE_DATA: data, NODE_ENV: "" }),
  });
  const others = new Child<StrangersTalk>(nodeProgram(new URL("strangers", import.meta.url), []), null);
  await others.ask("comeIn", { port: server.port, count: strangers });
  const clients: Client[] = [];
  for (const name of ["Writer", "Reader"]) clients.push((await guestAt(server.port, name)).connect());
  const [writer, reader] = clients;
  if (writer === undefined || reader === undefined) throw new Error("two clients were expected");
  const talk = await Talk.begin(writer, reader);
  await talk.during(warmUpMs, noLatencies());
  const workers = (): string => childrenRunning(server.processId, path.join("harbor", "worker", "main.ts")).join();
  const worker = workers();
  let verdicts: Readonly<Record<string, number>> = {};
  return {
    async round(ms, all) {
      const quiet = await stretch({ server, talk, ms, all: all.quiet });
      await others.ask("attack", null);
      await talk.during(settleMs, noLatencies());
      const hostile = await stretch({ server, talk, ms, all: all.hostile });
      verdicts = await others.ask("rest", null, restMs);
      await talk.during(settleMs, noLatencies());
      const end = startLoops();
      await talk.during(settleMs, noLatencies());
      const loops = await stretch({ server, talk, ms, all: all.loops });
      await end();
      return { quiet, hostile, loops };
    },
    get verdicts() {
      return verdicts;
    },
    get isSameWorker() {
      return worker !== "" && worker === workers();
    },
    missing: () => talk.missing(),
    async close() {
      await others.stop();
      for (const client of clients) client.close();
      await server.stop();
    },
  };
}

/** @returns What ends them. */
function startLoops(): () => Promise<void> {
  const start = { cpuSeconds: loopCpuSeconds, standing: "last", main: ["-e", "for (;;);"] } as const;
  const all = Array.from({ length: judgeConcurrency }, () => startSandbox(start));
  const gone = Promise.all(all.map((each) => once(each, "close")));
  return async () => {
    for (const each of all) each.kill("SIGKILL");
    await gone;
  };
}

interface Stretching {
  readonly server: ServerProcess;
  readonly talk: Talk;
  readonly ms: number;
  readonly all: Latencies;
}

async function stretch({ server, talk, ms, all }: Stretching): Promise<Stretch> {
  const own = noLatencies();
  const [machine, waitedMs, begunMs] = [machineTime(), waitedMsOf(server.processId), performance.now()];
  await talk.during(ms, own);
  const endedMs = waitedMsOf(server.processId);
  const machineBusy = othersShare(machine, 0);
  const elapsedMs = performance.now() - begunMs;
  // What is on its way still counts.
  await pause(settleMs);
  own.forEach((count, bucket) => (all[bucket] = (all[bucket] ?? 0) + count));
  const serverWaited = waitedMs === null || endedMs === null ? null : (endedMs - waitedMs) / elapsedMs;
  return {
    p50Ms: quantileMs(own, 0.5),
    p99Ms: quantileMs(own, 0.99),
    maxMs: quantileMs(own, 1),
    serverWaited,
    machineBusy,
  };
}

/** How long a process's main thread has waited for a processor since it began; Linux alone says so. */
function waitedMsOf(processId: number): number | null {
  try {
    return Number(readFileSync(`/proc/${processId}/schedstat`, "latin1").split(" ")[1]) / 1e6;
  } catch {
    return null;
  }
}
