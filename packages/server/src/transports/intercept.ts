// Taking our own requests and upgrades from somebody's HTTP server, and leaving it all others.
import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";

type Emit = (event: string | symbol, ...args: unknown[]) => boolean;

/**
 * Lets `take` see each `event` before any listener does, whenever that listener was added: two that answer one request
 * would answer it twice.
 * @param take True when it has dealt with the event.
 */
export function intercept<Args extends readonly unknown[]>(
  server: Server,
  event: "request" | "upgrade" | "clientError",
  take: (...args: Args) => boolean,
): void {
  const emit = server.emit.bind(server) as Emit;
  server.emit = (name: string | symbol, ...args: unknown[]): boolean =>
    (name === event && take(...(args as unknown as Args))) || emit(name, ...args);
}

/** What is left of `url`'s path behind `prefix`; `null` when the path does not begin with it. */
export function pathBehind(prefix: string, url: string | undefined): string | null {
  const pathname = pathOf(url ?? "/");
  if (pathname === null) return null;
  if (prefix === "") return pathname;
  if (pathname === prefix) return "/";
  return pathname.startsWith(`${prefix}/`) ? pathname.slice(prefix.length) : null;
}

/** Of names that no parser would write in another way, nothing needs parsing; that is what nearly everybody asks for. */
const plainPath = /^(?:\/[\w:-]+)+$/;

function pathOf(url: string): string | null {
  if (plainPath.test(url)) return url;
  return URL.canParse(url, "http://host") ? new URL(url, "http://host").pathname : null;
}

/**
 * Ends upgrades that nobody takes: Node leaves them to those who listen, and where somebody listens it upgrades
 * whatever is asked for.
 */
export function endUnwanted(server: Server): void {
  if (server.listeners("upgrade").includes(refuseUnwanted)) return;
  server.on("upgrade", refuseUnwanted);
  const { shouldUpgradeCallback: mayUpgrade } = server as Server & {
    shouldUpgradeCallback?: (request: IncomingMessage) => boolean;
  };
  if (mayUpgrade === undefined) return;
  // An offer of HTTP/2, which Java's client makes with every request, is declined by answering the request as it is.
  const upgrades = (request: IncomingMessage): boolean =>
    request.headers.upgrade?.toLowerCase() === "websocket" ||
    (server.listenerCount("upgrade") > 1 && mayUpgrade.call(server, request));
  Object.assign(server, { shouldUpgradeCallback: upgrades });
}

function refuseUnwanted(this: Server, _request: IncomingMessage, socket: Duplex): void {
  if (this.listenerCount("upgrade") === 1) refuse(socket, "404 Not Found", "no WebSocket is served at this path");
}

/** Answers an upgrade with an HTTP error. */
export function refuse(socket: Duplex, status: string, why: string): void {
  // Nobody else listens, and a reset would be an unhandled error.
  socket.on("error", () => undefined);
  const head = [
    `HTTP/1.1 ${status}`,
    "Connection: close",
    "Content-Type: text/plain; charset=utf-8",
    `Content-Length: ${Buffer.byteLength(why)}`,
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${why}`, () => socket.destroy());
}
