// Upgrades: path and origin decide which dialect a connection speaks, or that it is somebody else's.
import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import type { Connection, Open } from "../dialects/connection.ts";
import type { Limits } from "../options.ts";
import type { Clock } from "../ports/clock.ts";
import type { Log } from "../ports/log.ts";
import type { Metrics } from "../ports/metrics.ts";
import { clientAddress, isLoopback, isPublic } from "./address.ts";
import { Admission } from "./admission.ts";
import { endUnwanted, intercept, pathBehind, refuse } from "./intercept.ts";
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

const unavailable = "503 Service Unavailable";
const notNow = "the server is not taking connections now";

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
    intercept(server, "upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      const path = pathBehind(prefix, request.url);
      const open = path === null ? null : this.#options.route(path);
      if (open === null) return false;
      this.#upgrade(request, socket, { head, open });
      return true;
    });
    endUnwanted(server);
  }

  /** Closes what is still open, whatever it speaks. */
  closeAll(): void {
    this.#webSocket.closeAll(1001, "shutdown");
  }

  #upgrade(request: IncomingMessage, socket: Duplex, { head, open }: { head: Buffer; open: Open }): void {
    const { metrics } = this.#options;
    // Until ws has it, nobody else listens, and a reset would be an unhandled error.
    socket.on("error", () => undefined);
    metrics.add("upgrades");
    if (!this.#options.isAdmitting()) return refuse(socket, unavailable, notNow);
    const verdict = this.#judge(request);
    if (verdict === "refused") return refuse(socket, "403 Forbidden", "this page's origin is not allowed");
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
        // It may have waited while the server began to send everybody away.
        if (!this.#options.isAdmitting()) return refuse(socket, unavailable, notNow);
        this.admission.entered(counted);
        socket.once("close", () => this.admission.left(counted));
        this.#webSocket.accept({ request, socket, head }, info, opener(open, metrics));
      },
      (why) => refuse(socket, unavailable, `too many connections (${why})`),
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

/** The protocol's own subprotocols where they are offered, else the first: a browser insists that one is chosen. */
function choose(offered: ReadonlySet<string>): string | false {
  const [first = false] = ["centrifuge-protobuf", "centrifuge-json"]
    .filter((name) => offered.has(name))
    .concat(...offered);
  return first;
}
