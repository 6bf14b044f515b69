// Stands in for a server that cannot be asked: publishes to it. One that it starts itself is measured by what the system
// tells of it; of others nothing is seen. Argument: RemoteProcessOptions.
import { answer } from "../answering.ts";
import { nowUs } from "../mark.ts";
import type { ServerTalk } from "../talk.ts";
import { type ForeignProgram, ForeignServer } from "./foreign-server.ts";
import { publishAll } from "./publisher.ts";
import { openPublisher, type RemoteOptions, type RemotePublisher } from "./remote-publisher.ts";

export interface RemoteProcessOptions extends RemoteOptions {
  /** Started first; its port takes the place of the URL's. */
  readonly program?: ForeignProgram;
}

const options = JSON.parse(process.argv[2] ?? "{}") as RemoteProcessOptions;
const none: ReadonlyMap<number, number> = new Map();
let publisher: RemotePublisher | null = null;
let foreign: ForeignServer | null = null;
let begun = { atUs: nowUs(), cpuUs: none };

answer<ServerTalk>({
  listen: async () => {
    const url = new URL(options.url);
    if (options.program !== undefined) {
      foreign = await ForeignServer.start(options.program);
      url.port = String(foreign.port);
    }
    publisher = await openPublisher({ ...options, url: url.href });
    return { host: url.hostname.replace(/^\[(.+)\]$/, "$1"), port: Number(url.port) || 80 };
  },
  memory: () => {
    const rssBytes = foreign?.residentBytes() ?? null;
    return rssBytes === null ? null : { rssBytes, unsentBytes: null, fullSockets: null };
  },
  begin: () => {
    begun = { atUs: nowUs(), cpuUs: foreign?.cpuUs() ?? none };
    return null;
  },
  publish: async (load) => {
    const to = publisher;
    if (to === null) throw new TypeError("expected to be asked to listen first");
    const published = await publishAll(load, (payload) => to.publish(payload));
    await to.drained();
    return published;
  },
  end: () => {
    const now = foreign?.cpuUs() ?? null;
    if (now === null) return null;
    const spent = [...now].map(([processId, cpuUs]) => cpuUs - (begun.cpuUs.get(processId) ?? 0));
    const cpuUs = spent.reduce((sum, each) => sum + each, 0);
    return { cpuUs, busiestUs: Math.max(...spent), wallUs: nowUs() - begun.atUs, loopP99Ms: null };
  },
});
