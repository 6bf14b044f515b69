// Upgrades: path and origin decide which dialect a connection speaks, or that it is somebody else's.
import { type IncomingMessage, type Server, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import type { Connection, Open } from "../dialects/connection.ts";
import type { Limits } from "../options.ts";
import type { Clock } from "../ports/clock.ts";
import type { Log } from "../ports/log.ts";
import type { Metrics } from "../ports/metrics.ts";
import { clientAddress, isLoopback, isPublic } from "./address.ts";
import { Admission } from "./admission.ts";
import { judgeOrigin, withoutCredentials } from "./origin.ts";
import { WebSocketTransport } from "./websocket.ts";

export interface UpgradeOptions {
  readonly limits: Limits;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly origins: readonly string[];
  readonly trustProxy: readonly string[];
  readonly isDevelopment: () => boolean;
  /** False while a drain sends everybody away, or before the engine has started. */
  readonly isAdmitting: () => boolean;
  /** The way to open what `path` asks for; `null` when it is not ours. */
  readonly route: (path: string) => Open | null;
}

export class Upgrades {
  readonly admission: Admission;
  readonly #options: UpgradeOptions;
  readonly #webSocket: WebSocketTransport;
  readonly #trusted: ReadonlySet<string>;
  readonly #toldOrigins = new Set<string>();

  constructor(options: UpgradeOptions) {
    this.#options = options;
    this.admission = new Admission(options.limits, options.clock, options.metrics);
    this.#webSocket = new WebSocketTransport(options.limits, choose);
    this.#trusted = new Set(options.trustProxy);
  }

  /**
   * Takes our own upgrades from `server` before any other listener sees them, whenever that listener was added: a
   * second WebSocket server on the same port would answer them too, or refuse them.
   */
  attach(server: Server, prefix: string): void {
    const emit = server.emit.bind(server);
    const ours = (request: IncomingMessage): Open | null => {
      const { pathname } = new URL(request.url ?? "/", "http://host");
      return pathname.startsWith(prefix) ? this.#options.route(pathname.slice(prefix.length) || "/") : null;
    };
    server.emit = (event: string | symbol, ...args: unknown[]): boolean => {
      if (event !== "upgrade") return (emit as (event: string | symbol, ...args: unknown[]) => boolean)(event, ...args);
      const [request, socket, head] = args as [IncomingMessage, Duplex, Buffer];
      const open = isParsable(request) ? ours(request) : null;
      if (open === null) return emit("upgrade", request, socket, head);
      this.#upgrade(request, socket, { head, open });
      return true;
    };
    // Node upgrades only where somebody listens; an upgrade that nobody else wants ends here.
    server.on("upgrade", (_request, socket: Duplex) => {
      if (server.listenerCount("upgrade") === 1) refuse(socket, 404, "no WebSocket is served at this path");
    });
  }

  #upgrade(request: IncomingMessage, socket: Duplex, { head, open }: { head: Buffer; open: Open }): void {
    const { metrics } = this.#options;
    // Until ws has it, nobody else listens, and a reset would be an unhandled error.
    socket.on("error", () => undefined);
    metrics.add("upgrades");
    if (!this.#options.isAdmitting()) return refuse(socket, 503, "the server is not taking connections now");
    const verdict = this.#judge(request);
    if (verdict === "refused") return refuse(socket, 403, "this page's origin is not allowed");
    const address = clientAddress(request, this.#trusted);
    const counted = isPublic(address) || (this.#trusted.size > 0 && !isLoopback(address)) ? address : null;
    const info = {
      headers: verdict === "own" ? request.headers : withoutCredentials(request.headers),
      url: request.url ?? "/",
      address,
      isLoopback: isLoopback(address),
    };
    this.admission.ask(
      counted,
      () => {
        if (socket.destroyed) return;
        this.admission.entered(counted);
        socket.once("close", () => this.admission.left(counted));
        this.#webSocket.accept({ request, socket, head }, info, opener(open, metrics));
      },
      (why) => refuse(socket, 503, `too many connections (${why})`),
    );
  }

  #judge(request: IncomingMessage): "own" | "foreign" | "refused" {
    const { isDevelopment, origins, log, metrics } = this.#options;
    const verdict = judgeOrigin(request.headers, { isDevelopment: isDevelopment(), allowed: origins });
    if (verdict !== "refused") return verdict;
    metrics.add("origins_refused");
    const origin = request.headers.origin ?? "";
    if (!this.#toldOrigins.has(origin) && this.#toldOrigins.size < 100) {
      this.#toldOrigins.add(origin);
      log.warn("a page of another origin was refused; this setting would admit it", {
        TIDEWIRE_ORIGINS: origin.slice(0, 200),
      });
    }
    return verdict;
  }
}

function opener(open: Open, metrics: Metrics): Open {
  return (connection: Connection) => {
    metrics.add("connections_opened");
    return open(connection);
  };
}

/** The first subprotocol a client offers, but none that promises a form we do not speak. */
function choose(offered: ReadonlySet<string>): string | false {
  if (offered.has("centrifuge-json")) return "centrifuge-json";
  for (const protocol of offered) if (protocol !== "centrifuge-protobuf") return protocol;
  return false;
}

function isParsable(request: IncomingMessage): boolean {
  return URL.canParse(request.url ?? "/", "http://host");
}

function refuse(socket: Duplex, status: number, why: string): void {
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`,
    "Connection: close",
    "Content-Type: text/plain; charset=utf-8",
    `Content-Length: ${Buffer.byteLength(why)}`,
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${why}`, () => socket.destroy());
}
