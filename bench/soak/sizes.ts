// The sizes that soak and storm watch, of what a server held at some moment.
import type { Held } from "./talk.ts";

type Size = (held: Held) => number | null;

/** What the server holds and may not grow, by name; `null` where a size is not known. */
export const heldSizes: Readonly<Record<string, Size>> = {
  "heap used, MB": ({ heapUsedBytes }) => heapUsedBytes / 1e6,
  "external, MB": ({ externalBytes }) => externalBytes / 1e6,
  "array buffers, MB": ({ arrayBuffersBytes }) => arrayBuffersBytes / 1e6,
  descriptors: ({ descriptors }) => descriptors,
  timers: ({ timers }) => timers,
  handles: ({ resources }) => Object.values(resources).reduce((sum, count) => sum + count, 0),
  connections: ({ connections }) => connections,
  sessions: ({ sessions }) => sessions,
  channels: ({ channels }) => channels,
  subscriptions: ({ subscriptions }) => subscriptions,
};

/** What is told beside that: memory that V8 and the system keep at hand after a peak is among it. */
export const otherSizes: Readonly<Record<string, Size>> = {
  "RSS, MB": ({ rssBytes }) => rssBytes / 1e6,
  "of it anonymous, MB": ({ anonymousBytes }) => (anonymousBytes === null ? null : anonymousBytes / 1e6),
  "heap total, MB": ({ heapTotalBytes }) => heapTotalBytes / 1e6,
  "database, MB": ({ databaseBytes }) => databaseBytes / 1e6,
  "event loop p99, ms": ({ loopP99Ms }) => loopP99Ms,
  "server's CPU, % of a core": ({ cpuShare }) => cpuShare * 100,
};
