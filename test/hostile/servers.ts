// The servers that are attacked: as they come, and with times that a test can wait for.
import type { VictimOptions } from "./talk.ts";
import type { ServerName } from "./arena.ts";

type Servers = Readonly<Record<ServerName, VictimOptions>>;

const asItComes: VictimOptions = { limits: {}, compression: false, headersMs: 10_000, lookMs: 1_000 };

/** With the limits that everybody has. */
export const fullServers: Servers = {
  ordinary: asItComes,
  compressing: { ...asItComes, compression: true },
};

const hasty: VictimOptions = {
  limits: { firstCommandMs: 2_000, pingIntervalMs: 1_000, pongTimeoutMs: 2_000, stalledMs: 2_000, closeTimeoutMs: 500 },
  compression: false,
  headersMs: 1_000,
  lookMs: 100,
};

export const hastyServers: Servers = {
  ordinary: hasty,
  compressing: { ...hasty, compression: true },
};
