// Takes upgrades at the lab's own path, and gives their sockets to the guest's line instead of answering them.
//
// The line passes them on to this server, as if they had come at `/connection/websocket`: so the lab's connection has the
// page's own origin and cookie, goes wherever the page itself can go, and every fault is on the server's side of it.
import type { IncomingMessage, Server } from "node:http";
import type { Socket } from "node:net";
import { TidewireError } from "@tidewire/protocol";
import { linePath } from "../../contract/lab.ts";
import { isOwnPage } from "../http/own-page.ts";
import type { Sessions } from "../session/sessions.ts";
import type { Lines } from "./lines.ts";

const servedPath = "/connection/websocket";

type Emit = (event: string | symbol, ...args: unknown[]) => boolean;

/** Before any listener sees them, as Tidewire takes its own: whoever else listens would answer them or refuse them. */
export function takeLineUpgrades(server: Server, lines: Lines, sessions: Sessions): void {
  const emit = server.emit.bind(server) as Emit;
  server.emit = (name: string | symbol, ...args: unknown[]): boolean => {
    if (name !== "upgrade") return emit(name, ...args);
    const [request, socket, head] = args as [IncomingMessage, Socket, Buffer];
    if (!isForLine(request.url)) return emit(name, ...args);
    // Until the proxy has it nobody else listens, and a reset would be an unhandled error.
    socket.on("error", () => undefined);
    pass({ request, socket, head }, lines, sessions).catch((thrown: unknown) => refuse(socket, thrown));
    return true;
  };
}

interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Socket;
  readonly head: Buffer;
}

async function pass({ request, socket, head }: Upgrade, lines: Lines, sessions: Sessions): Promise<void> {
  const url = request.url ?? "/";
  const guest = isOwnPage(request.headers) ? await sessions.guestOf({ headers: request.headers, url }) : null;
  if (guest === null) throw new TidewireError("unauthorized", "the lab is for guests of this page");
  const line = await lines.of(guest.id);
  if (socket.destroyed) return;
  socket.unshift(Buffer.concat([headOf(request), head]));
  line.accept(socket);
}

function isForLine(url: string | undefined): boolean {
  return url === linePath || url?.startsWith(`${linePath}?`) === true;
}

/** The request as it came, at the address that is served. */
function headOf({ url = "", httpVersion, rawHeaders }: IncomingMessage): Buffer {
  const lines = [`GET ${servedPath}${url.slice(linePath.length)} HTTP/${httpVersion}`];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    lines.push(`${rawHeaders[index] ?? ""}: ${rawHeaders[index + 1] ?? ""}`);
  }
  return Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
}

function refuse(socket: Socket, thrown: unknown): void {
  const why = thrown instanceof TidewireError ? thrown.message : "the line was not opened";
  const status =
    thrown instanceof TidewireError && thrown.reason === "unauthorized" ? "403 Forbidden" : "503 Service Unavailable";
  const head = [
    "Connection: close",
    "Content-Type: text/plain; charset=utf-8",
    `Content-Length: ${Buffer.byteLength(why)}`,
  ];
  socket.end(`HTTP/1.1 ${status}\r\n${head.join("\r\n")}\r\n\r\n${why}`, () => socket.destroy());
}
