// A load process of the soak: a crowd, asked over IPC.
import { answer } from "tidewire/bench";
import { Crowd } from "./crowd.ts";
import { CpuWatch } from "./cpu-watch.ts";
import type { SoakLoadTalk } from "./talk.ts";

// A signal to the whole group is for the soak alone, which ends this process when it has asked for the figures.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => undefined);

let crowd: Crowd | null = null;
const cpu = new CpuWatch();

function here(): Crowd {
  if (crowd === null) throw new TypeError("the crowd is asked for before it was filled");
  return crowd;
}

answer<SoakLoadTalk>({
  fill: async (options) => {
    crowd = new Crowd(options);
    await crowd.fill();
    return null;
  },
  live: () => {
    here().live();
    return null;
  },
  report: () => ({ ...here().report, cpuShare: cpu.share(), rssBytes: process.memoryUsage.rss() }),
  rest: async () => {
    await here().rest();
    return null;
  },
  storm: () => here().storm(),
  lacking: ({ tops }) => here().lacking(tops),
});
