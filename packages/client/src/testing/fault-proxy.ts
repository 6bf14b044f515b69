// A TCP proxy for tests and experiments that does to connections what networks do to them.
import type { Socket } from "node:net";
import { type Cancel, type Clock, type Random, systemClock, systemRandom } from "../clock.ts";
import { Connection } from "./connection.ts";
import { Door } from "./door.ts";
import type { ConnectionScope, FaultEvent, ProxiedConnection } from "./events.ts";
import {
  type CutHow,
  cutHowOf,
  type Direction,
  directionOf,
  type FaultPlan,
  type Faults,
  noFaults,
  parseFaults,
  planWith,
  show,
  within,
} from "./faults.ts";
import { resetSocket } from "./reset-socket.ts";

/** Where a proxy listens, and where it passes connections on to. */
export interface FaultProxyOptions {
  /** The server that connections are passed on to; any that speaks TCP. The port: 1 to 65,535. */
  readonly to: { readonly host: string; readonly port: number };
  /** Where to listen. Default: `127.0.0.1`, and a free port, as for port 0. `null`: nowhere, for `accept` alone. */
  readonly listen?: { readonly host?: string; readonly port?: number } | null;
  /** Default: the machine's. A clock of a test's own decides when delays are over. */
  readonly clock?: Pick<Clock, "now" | "after">;
  /** What jitter is made of. Default: the machine's. */
  readonly random?: Random;
}

/** Which connections, and which of their directions; without either, all of both. */
export interface FaultScope {
  /** Default: `all`. */
  readonly connection?: ConnectionScope;
  /** `up` is towards the server, `down` towards the client. */
  readonly direction?: Direction;
}

/** A proxy between clients and one server, and what breaks on the way. */
export interface FaultProxy {
  /** Where it listens; 0: nowhere. */
  readonly port: number;
  /** `tcp://host:port`, where it listens; "" when it does so nowhere. */
  readonly url: string;
  /** What is set for connections to come. */
  readonly faults: FaultPlan;
  /**
   * Puts these faults in the place of those that the connections and directions had; `{}` takes all of them back.
   * Given a direction, the other one keeps its faults, and so does the connection as a whole.
   * It holds at once, for bytes on the way too; resolves when a door that `refuse` had shut is open again.
   * @throws {TypeError} for a fault there is none of.
   * @throws {RangeError} for a value outside its limits, a connection that is not open, a direction of a fault that
   * has none, and `refuse` or `hang` for one connection: those are about connections to come.
   * @throws {Error} when it is closed, and when another process took the port while it refused.
   */
  set(faults: Faults, scope?: FaultScope): Promise<void>;
  /** The same as `set({}, scope)`. */
  clear(scope?: FaultScope): Promise<void>;
  /**
   * Cuts what is open, now; what is on the way is lost. With a direction, `end` ends that one alone, and `reset`
   * resets the side it leads to while the other side is not told, and left half-open.
   * @returns How many connections it cut.
   * @throws {RangeError} for a connection that is not open.
   */
  cut(how: CutHow, scope?: FaultScope): number;
  /**
   * Takes a connection that somebody else has accepted, such as one that an HTTP server has upgraded, and passes it on
   * like those of its own port. What was read of it already goes first, when it was put back by `socket.unshift`.
   * The socket is the proxy's from here on; its server has to allow half-open sockets, as those of `node:http` do.
   * @returns Its id; `null` when the proxy refuses connections or is closed, and has reset the socket.
   */
  accept(socket: Socket): number | null;
  /** Those that are open in any state, oldest first. */
  connections(): readonly ProxiedConnection[];
  /** Calls `listener` with each event, in order, until it is cancelled. What a listener throws is not caught. */
  watch(listener: (event: FaultEvent) => void): Cancel;
  /** Resolves when no socket and no timer is left. Calling it again is fine. */
  close(): Promise<void>;
}

/**
 * Listens, and passes every connection on to `to`, with the faults that are set: none to begin with.
 * A connection holds at most 1.2 MiB each way; above, its sending side is not read.
 * @throws {RangeError} for a port outside its limits.
 * @throws {Error} `EADDRINUSE` and the like, when it cannot listen. A server that cannot be reached is no error: the
 * client is reset.
 */
export async function createFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  within(1, 65_535)("to.port", options.to.port);
  within(0, 65_535)("listen.port", options.listen?.port ?? 0);
  const proxy = new TcpFaultProxy(options);
  await proxy.open();
  return proxy;
}

class TcpFaultProxy implements FaultProxy {
  readonly #options: FaultProxyOptions;
  readonly #host: string;
  readonly #door: Door | null;
  readonly #connections = new Map<number, Connection>();
  readonly #listeners = new Set<{ readonly hear: (event: FaultEvent) => void }>();
  #faults: FaultPlan = noFaults;
  #lastId = 0;
  #closing: { readonly done: Promise<void>; readonly finish: () => void } | null = null;

  constructor(options: FaultProxyOptions) {
    this.#options = options;
    this.#host = options.listen?.host ?? "127.0.0.1";
    this.#door = options.listen === null ? null : this.#makeDoor(options.listen?.port ?? 0);
  }

  get port(): number {
    return this.#door?.port ?? 0;
  }

  get url(): string {
    if (this.#door === null) return "";
    return `tcp://${this.#host.includes(":") ? `[${this.#host}]` : this.#host}:${this.port}`;
  }

  get faults(): FaultPlan {
    return this.#faults;
  }

  async open(): Promise<void> {
    await this.#door?.open();
  }

  async set(faults: Faults, scope: FaultScope = {}): Promise<void> {
    if (this.#closing !== null) throw new Error("the proxy is closed");
    const checked = parseFaults(faults);
    const direction = directionOf(scope.direction);
    const { connection = "all" } = scope;
    const targets = connection === "new" ? [] : this.#chosen(connection);
    if (typeof connection === "number") refuseForOne(checked, connection);
    const forNew = planWith(this.#faults, checked, direction);
    for (const target of targets) target.setPlan(planWith(target.plan, checked, direction));
    if (typeof connection !== "number") this.#faults = forNew;
    this.#report({ kind: "fault", connection, direction: direction ?? "both", faults: checked });
    if (this.#faults.link.refuse === true) this.#door?.shut();
    else await this.open();
  }

  clear(scope: FaultScope = {}): Promise<void> {
    return this.set({}, scope);
  }

  cut(how: CutHow, scope: FaultScope = {}): number {
    cutHowOf("how", how);
    const direction = directionOf(scope.direction);
    const targets = this.#chosen(scope.connection ?? "all");
    for (const target of targets) target.cut(how, direction);
    return targets.length;
  }

  accept(socket: Socket): number | null {
    // Nobody else listens any more, and a reset would be an unhandled error.
    socket.on("error", () => undefined);
    if (this.#closing !== null || this.#faults.link.refuse === true) {
      resetSocket(socket);
      return null;
    }
    socket.setTimeout(0);
    socket.setNoDelay(true);
    return this.#enter(socket);
  }

  connections(): readonly ProxiedConnection[] {
    return [...this.#connections.values()].map(({ view }) => view);
  }

  watch(listener: (event: FaultEvent) => void): Cancel {
    // An object of its own, so that the same function can watch twice and cancel once.
    const entry = { hear: listener };
    this.#listeners.add(entry);
    return () => void this.#listeners.delete(entry);
  }

  close(): Promise<void> {
    if (this.#closing !== null) return this.#closing.done;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#closing = { done: promise, finish: resolve };
    this.#door?.shut();
    for (const connection of this.#connections.values()) connection.destroy();
    if (this.#connections.size === 0) resolve();
    return promise;
  }

  #makeDoor(port: number): Door {
    return new Door({
      host: this.#host,
      port,
      entered: (socket) => {
        if (this.#closing === null) this.#enter(socket);
        else socket.destroy();
      },
      failed: ({ message }) => this.#report({ kind: "trouble", message }),
    });
  }

  #enter(socket: Socket): number {
    this.#lastId += 1;
    const id = this.#lastId;
    const { to, clock = systemClock, random = systemRandom } = this.#options;
    const report = (event: FaultEvent): void => {
      if (event.kind === "closed") this.#connections.delete(id);
      this.#report(event);
      if (this.#connections.size === 0) this.#closing?.finish();
    };
    const connection = new Connection(socket, { id, to, clock, random, report });
    this.#connections.set(id, connection);
    connection.setPlan(this.#faults);
    this.#report({ kind: "opened", connection: id, client: connection.view.client });
    return id;
  }

  /** @throws {RangeError} */
  #chosen(scope: ConnectionScope): readonly Connection[] {
    if (scope === "all") return [...this.#connections.values()];
    const chosen = scope === "new" ? undefined : this.#connections.get(scope);
    if (chosen === undefined) {
      throw new RangeError(`connection: expected "all" or the id of one that is open, got ${show(scope)}`);
    }
    return [chosen];
  }

  #report(event: FaultEvent): void {
    for (const { hear } of this.#listeners) hear(event);
  }
}

function refuseForOne(faults: Faults, connection: number): void {
  for (const name of ["refuse", "hang"] as const) {
    if (faults[name] === undefined) continue;
    throw new RangeError(`${name}: expected for connections to come, got connection ${connection}`);
  }
}
