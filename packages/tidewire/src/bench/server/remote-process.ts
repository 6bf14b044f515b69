// Stands in for a server that somebody else runs: publishes to it, and cannot see what it costs. Argument: RemoteOptions.
import { answer } from "../answering.ts";
import type { ServerTalk } from "../talk.ts";
import { publishAll } from "./publisher.ts";
import { openPublisher, type RemoteOptions, type RemotePublisher } from "./remote-publisher.ts";

const options = JSON.parse(process.argv[2] ?? "{}") as RemoteOptions;
const { hostname, port, protocol } = new URL(options.url);
let opened: RemotePublisher | null = null;

answer<ServerTalk>({
  listen: async () => {
    opened = await openPublisher(options);
    return { host: hostname.replace(/^\[(.+)\]$/, "$1"), port: Number(port) || (protocol === "wss:" ? 443 : 80) };
  },
  memory: () => null,
  begin: () => null,
  publish: async (load) => {
    const publisher = opened;
    if (publisher === null) throw new TypeError("expected to be asked to listen first");
    const published = await publishAll(load, (payload) => publisher.publish(payload));
    await publisher.drained();
    return published;
  },
  end: () => null,
});
