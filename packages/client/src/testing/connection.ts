// One proxied connection: the client's socket, the server's, a flow each way, and what happens to the whole of it.
import { connect, type Socket } from "node:net";
import type { Cancel } from "../clock.ts";
import type { CloseCause, FaultEvent, ProxiedConnection, ProxiedState } from "./events.ts";
import { type CutHow, type Direction, type FaultPlan, noFaults } from "./faults.ts";
import { Flow, type Ports } from "./flow.ts";
import { resetSocket } from "./reset-socket.ts";

export interface ConnectionContext extends Ports {
  readonly id: number;
  /** Where the server listens. */
  readonly to: { readonly host: string; readonly port: number };
  /** Called with `closed` once and last. */
  readonly report: (event: FaultEvent) => void;
}

type Side = "client" | "server";

export class Connection {
  readonly #context: ConnectionContext;
  readonly #client: Socket;
  readonly #clientAddress: string;
  /** `null` until it is dialled. */
  #server: Socket | null = null;
  readonly #up: Flow;
  readonly #down: Flow;
  #plan: FaultPlan = noFaults;
  #fate: "whole" | "half-open" | "ending" = "whole";
  #cause: CloseCause | null = null;
  #cancelCut: Cancel | null = null;
  /** Sides that have ended or reset their socket, or whose socket is gone. */
  readonly #gone = new Set<Side>();
  readonly #closedSockets = new Set<Side>();

  constructor(client: Socket, context: ConnectionContext) {
    this.#context = context;
    this.#client = client;
    this.#clientAddress = `${client.remoteAddress ?? "unknown"}:${client.remotePort ?? 0}`;
    this.#up = new Flow(context);
    this.#down = new Flow(context);
    this.#watch("client", client);
    this.#down.writeTo(client);
    this.#up.readFrom(client);
  }

  /** What `proxy.connections()` says of it. */
  get view(): ProxiedConnection {
    return {
      id: this.#context.id,
      client: this.#clientAddress,
      state: this.#state,
      up: this.#up.figures,
      down: this.#down.figures,
      faults: this.#plan,
    };
  }

  get plan(): FaultPlan {
    return this.#plan;
  }

  setPlan(plan: FaultPlan): void {
    this.#plan = plan;
    if (plan.link.halfOpen === true) this.#sever();
    this.#up.setFaults(plan.up);
    this.#down.setFaults(plan.down);
    if (plan.link.hang !== true && this.#server === null && this.#fate !== "ending") this.#dial();
    this.#planCut();
  }

  /** What is on the way in the cut direction is lost. */
  cut(how: CutHow, direction: Direction | undefined): void {
    this.#cause ??= "cut";
    if (this.#server === null || this.#server.connecting) this.#cutBeforeOpen(how);
    else if (how === "reset") this.#reset(this.#server, direction);
    else this.#end(direction);
    this.#context.report({ kind: "cut", connection: this.#context.id, direction: direction ?? "both", how });
  }

  /** Leaves no socket and no timer, whatever the faults say. */
  destroy(): void {
    this.#cause ??= "proxy closed";
    this.#fate = "ending";
    this.#client.destroy();
    this.#server?.destroy();
  }

  get #state(): ProxiedState {
    if (this.#fate !== "whole") return this.#fate;
    if (this.#server === null) return "held";
    return this.#server.connecting ? "dialing" : "open";
  }

  #dial(): void {
    const { to } = this.#context;
    const server = connect({ host: to.host, port: to.port, allowHalfOpen: true, noDelay: true });
    this.#server = server;
    this.#watch("server", server);
    this.#down.readFrom(server);
    // Written to no earlier: a socket that is not connected takes bytes without limit.
    server.once("connect", () => this.#up.writeTo(server));
  }

  #watch(side: Side, socket: Socket): void {
    let isOpen = side === "client";
    socket.once("connect", () => {
      isOpen = true;
    });
    socket.once("end", () => this.#left(side, `${side} ended`));
    socket.once("error", () => this.#left(side, isOpen ? `${side} reset` : "server unreachable"));
    socket.once("close", () => this.#closed(side));
  }

  #left(side: Side, cause: CloseCause): void {
    this.#cause ??= cause;
    this.#lose(side);
  }

  #lose(side: Side): void {
    this.#gone.add(side);
    // Nobody is left to be kept in the dark.
    if (this.#fate === "half-open" && this.#gone.size === 2) this.destroy();
  }

  #closed(side: Side): void {
    this.#lose(side);
    this.#closedSockets.add(side);
    if (side === "client" && this.#server?.connecting === true) this.#server.destroy();
    if (this.#closedSockets.size < 2 && !(side === "client" && this.#server === null)) return;
    this.#cancelCut?.();
    this.#up.stop();
    this.#down.stop();
    this.#context.report({
      kind: "closed",
      connection: this.#context.id,
      cause: this.#cause ?? "proxy closed",
      upBytes: this.#up.figures.sentBytes,
      downBytes: this.#down.figures.sentBytes,
    });
  }

  #sever(): void {
    if (this.#fate === "ending") return;
    this.#fate = "half-open";
    this.#up.swallow();
    this.#down.swallow();
    // A side that has left before is not heard of again.
    if (this.#gone.size === 2) this.destroy();
  }

  /** The server has not heard of the client, so only the client has something to lose. */
  #cutBeforeOpen(how: CutHow): void {
    this.#fate = "ending";
    this.#server?.destroy();
    if (how === "reset") resetSocket(this.#client);
    else this.#down.end();
    this.#up.stop();
  }

  #reset(server: Socket, direction: Direction | undefined): void {
    if (direction === undefined) {
      this.#fate = "ending";
      this.#up.stop();
      this.#down.stop();
    } else {
      // The other side is not told: that is what a router that forgot a connection does.
      this.#sever();
    }
    if (direction !== "up") resetSocket(this.#client);
    if (direction !== "down") resetSocket(server);
  }

  #end(direction: Direction | undefined): void {
    if (direction === undefined) this.#fate = "ending";
    if (direction !== "up") this.#down.end();
    if (direction !== "down") this.#up.end();
  }

  #planCut(): void {
    this.#cancelCut?.();
    this.#cancelCut = null;
    const { cutEveryMs, cutJitterMs = 0, cutBy = "reset" } = this.#plan.link;
    if (cutEveryMs === undefined || this.#fate === "ending") return;
    const afterMs = cutEveryMs + Math.floor(this.#context.random() * cutJitterMs);
    this.#cancelCut = this.#context.clock.after(afterMs, () => this.cut(cutBy, undefined));
  }
}
