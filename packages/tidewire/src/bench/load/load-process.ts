// A process of the load generator: opens connections, counts what each is given and how late. Argument: its group.
import { type EventLoopUtilization, performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { answer } from "../answering.ts";
import { nowUs } from "../mark.ts";
import type { GroupSpec, LoadReport, LoadTalk, Shares, Spread } from "../talk.ts";
import { Connections } from "./connections.ts";

const lookMs = 20;

interface Begun {
  readonly atUs: number;
  readonly cpu: NodeJS.CpuUsage;
  readonly loop: EventLoopUtilization;
}

const connections = new Connections(JSON.parse(process.argv[2] ?? "{}") as GroupSpec);

const beginNow = (): Begun => ({
  atUs: nowUs(),
  cpu: process.cpuUsage(),
  loop: performance.eventLoopUtilization(),
});

function sharesSince(begun: Begun): Shares {
  const { user, system } = process.cpuUsage(begun.cpu);
  const loopShare = performance.eventLoopUtilization(begun.loop).utilization;
  return { cpuUs: user + system, cpuShare: (user + system) / (nowUs() - begun.atUs), loopShare };
}

let begun = beginNow();

/** Ends when everything has come, or when nothing more has for a while. */
async function finish({ published, spread, graceMs }: Finish): Promise<LoadReport> {
  let shares = sharesSince(begun);
  let quietSinceUs = nowUs();
  for (let seen = -1; nowUs() - quietSinceUs < graceMs * 1_000 && !connections.isComplete(published, spread);) {
    if (connections.deliveries !== seen) {
      seen = connections.deliveries;
      quietSinceUs = nowUs();
      shares = sharesSince(begun);
    }
    await sleep(lookMs);
  }
  // What comes twice comes late.
  await sleep(lookMs * 2);
  const lastMs = Math.max(0, connections.deliveredUs - begun.atUs) / 1_000;
  const { latencies, failed } = connections;
  return { ...connections.result(published, spread), latencies, lastMs, failed, ...shares };
}

interface Finish {
  readonly published: number;
  readonly spread: Spread;
  readonly graceMs: number;
}

answer<LoadTalk>({
  connect: async (dial) => {
    const since = beginNow();
    await connections.open(dial);
    return { elapsedMs: (nowUs() - since.atUs) / 1_000, ...sharesSince(since), epoch: connections.epoch };
  },
  begin: (ask) => {
    connections.begin(ask);
    begun = beginNow();
    return null;
  },
  resume: () => {
    connections.resume();
    return null;
  },
  returned: () => connections.returned,
  finish,
});
