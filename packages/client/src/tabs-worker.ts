// The door "@tidewire/client/tabs-worker": the worker that has the one connection of all tabs.

import { systemClock, systemRandom } from "./clock.ts";
import { systemPage } from "./page.ts";
import { rethrowLater } from "./store.ts";
import { Line, type LinePorts } from "./tabs/line.ts";
import { Tab } from "./tabs/tab.ts";
import type { LineOptions, Port, ToTab } from "./tabs/words.ts";
import { webSocketTransport } from "./transports/websocket.ts";

export type { LinePorts } from "./tabs/line.ts";
export type { Port } from "./tabs/words.ts";

const systemPorts: LinePorts = {
  clock: systemClock,
  random: systemRandom,
  page: systemPage,
  onError: rethrowLater,
  transport: webSocketTransport,
};

/** Serves the tabs that connect to a shared worker: the one line of its script is `serveTabs(self)`. */
export function serveTabs(scope: object): void {
  const serve = tabServer();
  (scope as { onconnect: ((event: MessageEvent) => void) | null }).onconnect = ({ ports: [port] }) => {
    if (port !== undefined) serve(port);
  };
}

/** @returns Serves the tab at the other end of a port. */
export function tabServer(given: Partial<LinePorts> = {}): (port: Port<unknown>) => void {
  const ports = { ...systemPorts, ...given };
  const lines = new Map<string, Line>();
  const { locks } = navigator as { readonly locks?: LockManager };
  const host = {
    clock: ports.clock,
    freed:
      locks === undefined
        ? null
        : (lock: string, signal: AbortSignal) => locks.request(lock, { signal }, () => Promise.resolve()),
    line: (options: LineOptions): Line => {
      const name = JSON.stringify([options.url, options.group, options.hasToken]);
      const line = lines.get(name) ?? new Line(options, ports);
      lines.set(name, line);
      return line;
    },
  };
  return (port) => void new Tab(port as Port<ToTab>, host);
}
