// Taking our own requests and upgrades from somebody's HTTP server, and leaving it all others.
import type { IncomingMessage, Server } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Clock } from "../ports/clock.ts";

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

/**
 * What URL would make another path of: a backslash, and segments that are dots. A proxy in front that guards a path may
 * read it as it is written, and clients send neither.
 */
const unclear = /^[^?#]*(?:\\|\/(?:\.|%2e){1,2}(?:[/?#]|$))/i;

function pathOf(url: string): string | null {
  if (plainPath.test(url)) return url;
  if (unclear.test(url)) return null;
  // RFC 9112 §3.2.1: what begins with a slash is a path; in one that begins with two URL would find a host.
  const target = url.startsWith("/") ? `http://host${url}` : url;
  return URL.canParse(target) ? new URL(target).pathname : null;
}

export interface Patience {
  readonly clock: Clock;
  /** How long another listener has to take an upgrade, in milliseconds. */
  readonly takenWithinMs: number;
}

const attended = new WeakSet<Server>();

/**
 * Ends upgrades that nobody takes: Node leaves them to those who listen, and where somebody listens it upgrades
 * whatever is asked for.
 */
export function endUnwanted(server: Server, { clock, takenWithinMs }: Patience): void {
  if (attended.has(server)) return;
  attended.add(server);
  server.on("upgrade", (_request: IncomingMessage, socket: Socket) => {
    if (server.listenerCount("upgrade") === 1) return refuseUnwanted(socket);
    // Until somebody has it, a reset would be an unhandled error.
    socket.on("error", ignore);
    // Nobody says whether one of the others takes it: a dev server's hot reload passes over what is not its own.
    const cancel = clock.after(takenWithinMs, () => {
      if (!isTaken(socket)) refuseUnwanted(socket);
    });
    socket.once("close", cancel);
  });
  const { shouldUpgradeCallback: mayUpgrade } = server as Server & {
    shouldUpgradeCallback: (request: IncomingMessage) => boolean;
  };
  // An offer of HTTP/2, which Java's client makes with every request, is declined by answering the request as it is.
  const upgrades = (request: IncomingMessage): boolean => {
    const wanted = request.headers.upgrade?.toLowerCase();
    if (wanted === "websocket" || wanted === "h2c") return wanted === "websocket";
    return server.listenerCount("upgrade") > 1 && mayUpgrade.call(server, request);
  };
  Object.assign(server, { shouldUpgradeCallback: upgrades });
}

/** Whoever takes a socket answers on it, or reads it until it can. */
function isTaken(socket: Socket): boolean {
  return socket.bytesWritten > 0 || socket.listenerCount("data") + socket.listenerCount("readable") > 0;
}

function ignore(): void {
  // The close event says what there is to say.
}

function refuseUnwanted(socket: Duplex): void {
  refuse(socket, "404 Not Found", "no WebSocket is served at this path");
}

/** Answers an upgrade with an HTTP error. */
export function refuse(socket: Duplex, status: string, why: string): void {
  // Nobody else listens, and a reset would be an unhandled error.
  socket.on("error", ignore);
  const head = [
    `HTTP/1.1 ${status}`,
    "Connection: close",
    "Content-Type: text/plain; charset=utf-8",
    `Content-Length: ${Buffer.byteLength(why)}`,
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${why}`, () => socket.destroy());
}
