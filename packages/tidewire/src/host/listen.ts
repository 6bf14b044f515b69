// Listens on every wanted address at one port, and takes the next free port when that one is taken.
import { once } from "node:events";
import type { IncomingMessage, Server } from "node:http";
import { limitedServer } from "./http-server.ts";

const portsTried = 20;

/** Where a server listens. */
export interface Listening {
  readonly port: number;
  /** Addresses that answer. */
  readonly hosts: readonly string[];
  /** Stops listening. Open connections stay open. */
  close(): void;
}

/**
 * One server is the application's; further addresses get a server each that hands everything to the first, so that
 * requests and upgrades have one place to go.
 * @param wanted The first port that is tried, or the only one.
 * @throws when no port is free, or an address is not this machine's.
 */
export async function listen(
  main: Server,
  hosts: readonly string[],
  wanted: number | { readonly exactly: number },
): Promise<Listening> {
  const [wantedPort, attempts] = typeof wanted === "number" ? [wanted, portsTried] : [wanted.exactly, 1];
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    // Port 0 asks the system for a free one, each time anew.
    const port = wantedPort === 0 ? 0 : wantedPort + attempt;
    if (port > 65_535) break;
    const listening = await tryPort(main, hosts, port);
    if (listening !== null) return listening;
  }
  throw new Error(attempts === 1 ? `port ${wantedPort} is taken` : `no port from ${wantedPort} on is free`);
}

async function tryPort(main: Server, hosts: readonly string[], port: number): Promise<Listening | null> {
  const opened: { server: Server; host: string }[] = [];
  let actualPort = port;
  for (const host of hosts) {
    const server = opened.length === 0 ? main : forwarderTo(main);
    const outcome = await open(server, host, actualPort);
    if (outcome === "taken") {
      await Promise.all(opened.map((each) => closed(each.server)));
      return null;
    }
    // Many machines have no IPv6 loopback; the first address has to be there.
    if (outcome === "no such address") continue;
    actualPort = outcome;
    opened.push({ server, host });
  }
  if (opened.length === 0) throw new Error(`${hosts.join(", ")} is not an address of this machine`);
  return {
    port: actualPort,
    hosts: opened.map((each) => each.host),
    close: () => opened.forEach((each) => each.server.close()),
  };
}

async function open(server: Server, host: string, port: number): Promise<number | "taken" | "no such address"> {
  try {
    server.listen({ host, port, backlog: 4_096 });
    await once(server, "listening");
  } catch (thrown) {
    const code = thrown instanceof Error && "code" in thrown ? thrown.code : "";
    if (code === "EADDRINUSE") return "taken";
    if (code === "EADDRNOTAVAIL" || code === "EAFNOSUPPORT") return "no such address";
    throw thrown;
  }
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : port;
}

async function closed(server: Server): Promise<void> {
  server.close();
  await once(server, "close");
}

const statuses: ReadonlyMap<string | undefined, string> = new Map([
  ["HPE_HEADER_OVERFLOW", "431 Request Header Fields Too Large"],
  ["ERR_HTTP_REQUEST_TIMEOUT", "408 Request Timeout"],
]);

function forwarderTo(main: Server): Server {
  const server = limitedServer();
  server.on("request", (request, response) => void main.emit("request", request, response));
  server.on("clientError", (error: Error & { readonly code?: string }, socket) => {
    // Told where everything is counted; where nobody answers it, Node answers thus where nobody listens.
    if (main.emit("clientError", error, socket)) return;
    if (socket.writable)
      socket.write(`HTTP/1.1 ${statuses.get(error.code) ?? "400 Bad Request"}\r\nConnection: close\r\n\r\n`);
    socket.destroy();
  });
  server.on("upgrade", (request, socket, head) => void main.emit("upgrade", request, socket, head));
  const asking: Asking = main;
  const mayUpgrade = (request: IncomingMessage): boolean => asking.shouldUpgradeCallback?.(request) ?? true;
  Object.assign(server, { shouldUpgradeCallback: mayUpgrade });
  return server;
}

/** What its types do not know yet: it asks which requests it may upgrade. */
interface Asking extends Server {
  shouldUpgradeCallback?: (request: IncomingMessage) => boolean;
}
