// Upgrades: path and origin decide which dialect a connection speaks, or that it is somebody else's.
import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import type { Connection, Open } from "../dialects/connection.ts";
import type { CompressionOptions, Limits } from "../options.ts";
import type { Metrics } from "../ports/metrics.ts";
import type { Gate } from "./gate.ts";
import { handshakeProblem } from "./handshake.ts";
import { endUnwanted, intercept, pathBehind, refuse } from "./intercept.ts";
import type { SlicedReadingOptions } from "./sliced-reading.ts";
import { WebSocketTransport } from "./websocket.ts";

export interface UpgradeOptions extends SlicedReadingOptions {
  readonly gate: Gate;
  readonly limits: Limits;
  readonly compression: Required<CompressionOptions> | null;
  /** The way to open what `path` asks for; `null` when it is not ours. */
  readonly route: (path: string) => Open | null;
}

const statuses = { origin: "403 Forbidden", unavailable: "503 Service Unavailable" } as const;

export class Upgrades {
  readonly #options: UpgradeOptions;
  readonly #webSocket: WebSocketTransport;

  constructor(options: UpgradeOptions) {
    this.#options = options;
    this.#webSocket = new WebSocketTransport({ ...options, protocolFor: choose });
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
    const { clock, limits } = this.#options;
    endUnwanted(server, { clock, takenWithinMs: limits.firstCommandMs });
  }

  /** Closes what is still open, whatever it speaks. */
  closeAll(): void {
    this.#webSocket.closeAll(1001, "shutdown");
  }

  #upgrade(request: IncomingMessage, socket: Duplex, { head, open }: { head: Buffer; open: Open }): void {
    const { metrics, gate } = this.#options;
    // Until ws has it, nobody else listens, and a reset would be an unhandled error.
    socket.on("error", ignore);
    metrics.add("upgrades");
    const problem = handshakeProblem(request);
    if (problem !== null) return refuse(socket, "400 Bad Request", problem);
    gate.pass({
      request,
      socket,
      verdict: gate.judge(request),
      admit: (info) => this.#webSocket.accept({ request, socket, head }, info, opener(open, metrics)),
      refuse: ({ kind, why }) => refuse(socket, statuses[kind], why),
    });
  }
}

/** One for all sockets: a listener made here would hold the request as long as the connection lasts. */
function ignore(): void {
  // The close event says what there is to say.
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
