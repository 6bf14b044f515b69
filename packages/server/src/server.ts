// Composition: every part of the server, put together once.
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { CallDefinition, SessionId } from "@tidewire/protocol";
import { CentrifugeDoor } from "./centrifuge-door.ts";
import type { LiveTerms } from "./access.ts";
import { channelHandle, publishValue } from "./channel-handle.ts";
import type { Open } from "./dialects/connection.ts";
import { echo } from "./dialects/raw/echo.ts";
import type { Engine } from "./engine/engine.ts";
import { memoryEngine } from "./engines/memory/memory-engine.ts";
import { createApi } from "./http/api.ts";
import { actHere } from "./http/api/everywhere.ts";
import { metricsPage } from "./http/metrics.ts";
import { createRouter, type Router } from "./http/router.ts";
import { Hub } from "./hub/hub.ts";
import { Registry } from "./hub/registry.ts";
import { TransientMap } from "./collections/transient-map.ts";
import { Lifecycle } from "./lifecycle/lifecycle.ts";
import { type Limits, type Mode, resolveCompression, resolveLimits, type ServerOptions } from "./options.ts";
import { type Clock, systemClock } from "./ports/clock.ts";
import { type Log, silentLog } from "./ports/log.ts";
import { type Namesakes, namesakesOf } from "./namesakes.ts";
import { OtherNodes, pageOfAll } from "./other-nodes.ts";
import { Metrics } from "./ports/metrics.ts";
import { type Random, systemRandom } from "./ports/random.ts";
import { proxied } from "./proxy/proxy-rules.ts";
import { RawDoor } from "./raw-door.ts";
import type { BoundCall, OpenSession, SessionNode } from "./session/node.ts";
import { SharedRates } from "./session/shared-rates.ts";
import { Turns } from "./session/turns.ts";
import { tokenVerifier } from "./tokens/verifier.ts";
import { Starting } from "./starting.ts";
import type { AttachOptions, Stats, StopOptions, Tidewire } from "./tidewire.ts";
import { isLoopback } from "./transports/address.ts";
import { Backlog } from "./transports/backlog.ts";
import { Gate } from "./transports/gate.ts";
import { countHeaderLimits } from "./transports/header-limits.ts";
import { intercept, pathBehind } from "./transports/intercept.ts";
import { isFromOwnMachine } from "./transports/own-machine.ts";
import { Requests } from "./transports/requests.ts";
import { sliceRequests } from "./transports/sliced-reading.ts";
import { Upgrades } from "./transports/upgrade.ts";

/** Between two closings of a drain: the last few need not wait for a crowd that is not there. */
const longestStepMs = 100;

/** Other nodes have so long to say that they take connections, before a drain begins. */
const readyLimitMs = 1_000;

/** Clients that a drain has sent away return over so many milliseconds after it. */
const longestSpreadMs = 5_000;

/**
 * Makes a server. It does nothing before `attach` or `start`.
 * @throws {TypeError | RangeError} when an option is malformed.
 */
export function createTidewire(options: ServerOptions): Tidewire {
  return new Composed(options);
}

class Composed implements Tidewire {
  readonly #options: ServerOptions;
  readonly #limits: Limits;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #metrics = new Metrics();
  readonly #hub: Hub;
  readonly #calls = new Map<string, BoundCall>();
  readonly #sessions = new TransientMap<SessionId, OpenSession>();
  readonly #node: SessionNode;
  readonly #others: OtherNodes | null;
  readonly #lifecycle: Lifecycle | null;
  readonly #namesakes: Namesakes | null;
  readonly #rawDoor: RawDoor;
  readonly #centrifugeDoor: CentrifugeDoor;
  readonly #gate: Gate;
  readonly #upgrades: Upgrades;
  readonly #requests: Requests;
  readonly #router: Router;
  readonly #servers = new Set<Server>();
  readonly #closeBackends: () => void;
  readonly #starting: Starting;
  #stopping: Promise<void> | null = null;
  #isDraining = false;
  #hasSaidMode = false;
  #hasSaidRates = false;
  /** Whether every address listened on is loopback; `null` when that may have changed. */
  #isLocal: boolean | null = null;

  constructor(options: ServerOptions) {
    this.#options = options;
    this.#limits = resolveLimits(options.limits);
    this.#clock = options.clock ?? systemClock;
    this.#log = options.log ?? silentLog;
    const [clock, log, metrics, limits] = [this.#clock, this.#log, this.#metrics, this.#limits];
    const random = options.random ?? systemRandom;
    const engine = options.engine ?? memoryEngine({ clock, random });
    const id = random.token(96);
    const others = engine.cluster === undefined ? null : new OtherNodes(engine.cluster);
    this.#others = others;
    this.#lifecycle = this.#lifecycleOf(id, engine, random);
    this.#namesakes = namesakesOf({ id, name: options.nodeName, others, clock, log });
    const told = this.#lifecycle !== null && { facts: this.#lifecycle.facts };
    this.#hub = new Hub({
      engine,
      registry: new Registry(options.channels, metrics),
      limits,
      clock,
      log,
      metrics,
      publishValue: (channel, value, fence) => publishValue(this.#hub, channel, { value, fence }),
      ...told,
    });
    const given = { access: options.access ?? {}, otherCalls: options.otherCalls };
    const { access, otherCalls, close } = proxied(given, options.proxy ?? {}, { clock, log, metrics });
    this.#closeBackends = close;
    this.#node = {
      hub: this.#hub,
      ...told,
      access,
      tokens: options.tokens === undefined ? null : tokenVerifier(options.tokens, clock),
      calls: this.#calls,
      ...(otherCalls !== undefined && { otherCalls }),
      limits,
      clock,
      random,
      log,
      metrics,
      mode: () => this.#mode(),
      turns: new Turns(clock),
      userRates: new SharedRates(clock),
      channelRates: new SharedRates(clock),
      isRated: (request) => !(request.isLoopback && this.#mode() === "development"),
      sessions: this.#sessions,
      users: new Map(),
    };
    this.#starting = new Starting({ attempt: () => this.#begin(), clock, random, log });
    this.#rawDoor = new RawDoor(this.#node, options);
    this.#centrifugeDoor = new CentrifugeDoor(this.#node, id, others);
    this.#gate = this.#gateOf(options);
    const gate = this.#gate;
    this.#upgrades = this.#upgradesOf(gate);
    const route = (path: string): ReturnType<RawDoor["resource"]> =>
      this.#centrifugeDoor.resource(path) ?? this.#rawDoor.resource(path);
    const backlog = new Backlog(limits, metrics);
    this.#requests = new Requests({ gate, backlog, limits, clock, random, metrics, route });
    this.#router = this.#routerOf(backlog, id, others);
  }

  #lifecycleOf(node: string, engine: Engine, random: Random): Lifecycle | null {
    const { lifecycle: sink } = this.#options;
    if (sink === undefined) return null;
    const [clock, log, metrics] = [this.#clock, this.#log, this.#metrics];
    const [others, leases] = [this.#others, engine.sources ?? null];
    return new Lifecycle({ node, sink, others, leases, clock, random, log, metrics });
  }

  #gateOf({ origins, trustProxy }: ServerOptions): Gate {
    const [clock, log, metrics, limits] = [this.#clock, this.#log, this.#metrics, this.#limits];
    return new Gate({
      limits,
      clock,
      log,
      metrics,
      origins: origins ?? [],
      trustProxy: trustProxy ?? [],
      isDevelopment: () => this.#mode() === "development",
      isAdmitting: () => this.#starting.isDone && !this.#isDraining,
    });
  }

  #upgradesOf(gate: Gate): Upgrades {
    const [clock, metrics, limits] = [this.#clock, this.#metrics, this.#limits];
    const compression = resolveCompression(this.#options.compression);
    const { turns } = this.#node;
    return new Upgrades({ gate, limits, clock, metrics, turns, compression, route: (path) => this.#route(path) });
  }

  #routerOf(backlog: Backlog, id: string, others: OtherNodes | null): Router {
    const [log, metrics, limits] = [this.#log, this.#metrics, this.#limits];
    const { nodeName, apiKey } = this.#options;
    const act = others === null ? null : others.act.bind(others);
    const { webhooks = null, jobs = null } = this.#options;
    const api = { ...this.#node, id, name: nodeName ?? "tidewire", others: act, webhooks };
    const { publishing, reading } = metrics;
    const page = metricsPage({
      publishing,
      reading,
      figures: () => this.stats(),
      webhooks: webhooks?.figures.bind(webhooks) ?? null,
      jobs: jobs?.figures.bind(jobs) ?? null,
      clock: this.#clock,
      // Nodes without a name are told apart all the same.
      node: nodeName ?? (others === null ? null : id),
    });
    others?.listen(id, {
      emulate: (request) => this.#centrifugeDoor.emulate(request),
      act: (method, parameters) => actHere(api, method, parameters),
      metrics: async () => (await page()).text,
      facts: (seen) => this.#lifecycle?.page(seen) ?? null,
      ledger: (word) => this.#lifecycle?.heard(word) ?? null,
      isReady: () => this.isReady(),
    });
    return createRouter({
      takes: (request, response) => backlog.takes(request, response),
      api: createApi(api),
      apiKey,
      limits,
      log,
      metrics,
      page: others === null ? page : () => pageOfAll(page, others),
      mayRead: (request) => this.#mode() === "development" && isFromOwnMachine(request),
      isReady: () => this.isReady(),
    });
  }

  async #begin(): Promise<void> {
    await this.#hub.start();
    this.#lifecycle?.start();
    this.#namesakes?.start();
  }

  start(): Promise<void> {
    return this.#starting.once();
  }

  attach(server: Server, attachOptions: AttachOptions = {}): void {
    const prefix = prefixOf(attachOptions.path ?? "");
    this.#starting.keepTrying();
    this.#watch(server);
    sliceRequests(server, { turns: this.#node.turns, clock: this.#clock, metrics: this.#metrics });
    this.#upgrades.attach(server, prefix);
    this.#requests.attach(server, prefix);
    countHeaderLimits(server, this.#metrics);
    if (attachOptions.http !== true) return;
    intercept(server, "request", (request: IncomingMessage, response: ServerResponse) => {
      const path = pathBehind(prefix, request.url);
      return path !== null && this.#router(path, request, response);
    });
  }

  http(request: IncomingMessage, response: ServerResponse): boolean {
    const path = pathBehind("", request.url);
    return path !== null && this.#router(path, request, response);
  }

  readonly channel: Tidewire["channel"] = (definition, ...params) =>
    channelHandle(this.#hub, definition, params[0] ?? {}) as ReturnType<Tidewire["channel"]> as never;

  get histories(): Tidewire["histories"] {
    return this.#hub.histories;
  }

  readonly source: Tidewire["source"] = (definition, source) => this.#hub.sources.bind(definition, source);

  readonly handle: Tidewire["handle"] = (definition: CallDefinition, handler, { deadlineMs } = {}) => {
    if (deadlineMs !== undefined && (!Number.isSafeInteger(deadlineMs) || deadlineMs < 1))
      throw new RangeError(`a call's deadlineMs is a positive integer, got ${deadlineMs}`);
    if (this.#calls.has(definition.method))
      throw new TypeError(`the call "${definition.method}" has a handler already`);
    this.#calls.set(definition.method, { definition, handler: handler as BoundCall["handler"], deadlineMs });
  };

  subscribe(session: SessionId, channel: string, terms: LiveTerms = {}): Promise<boolean> {
    return this.#sessions.get(session)?.subscribe(channel, terms) ?? Promise.resolve(false);
  }

  unsubscribe(session: SessionId, channel: string): Promise<boolean> {
    return this.#sessions.get(session)?.unsubscribe(channel) ?? Promise.resolve(false);
  }

  disconnect(session: SessionId, mayReturn: boolean): boolean {
    const found = this.#sessions.get(session);
    found?.close(mayReturn ? "force_reconnect" : "force_disconnect");
    return found !== undefined;
  }

  cut(session: SessionId): boolean {
    const found = this.#sessions.get(session);
    found?.cut();
    return found !== undefined;
  }

  stats(): Stats {
    return {
      connections: this.#gate.admission.open,
      sessions: this.#sessions.size,
      channels: this.#hub.channels,
      subscriptions: this.#hub.subscriptions,
      members: this.#hub.members,
      queued: this.#gate.admission.queued,
      tailBytes: this.#hub.tailBytes,
      isEngineUp: this.#hub.isUp,
      counters: this.#metrics.snapshot(),
    };
  }

  isReady(): boolean {
    return this.#starting.isDone && !this.#isDraining && this.#hub.isUp;
  }

  stop({ drainMs = this.#limits.drainMs, hasOthers }: StopOptions = {}): Promise<void> {
    this.#stopping ??= this.#stop(drainMs, hasOthers ?? null);
    return this.#stopping;
  }

  async #stop(drainMs: number, said: boolean | null): Promise<void> {
    this.#isDraining = true;
    this.#namesakes?.stop();
    const hasOthers = said ?? (this.#others !== null && (await this.#areReady(this.#others)));
    await this.#drain({ drainMs, hasOthers });
    this.#upgrades.closeAll();
    this.#requests.closeAll();
    this.#closeBackends();
    if (!(await this.#starting.end())) return;
    if (this.#starting.isDone) await this.#lifecycle?.stop(this.#hub.isUp);
    await this.#hub.stop();
  }

  /** Nobody waits long for it: whoever does not say so at once is not counted on. */
  async #areReady(others: OtherNodes): Promise<boolean> {
    if (!this.#starting.isDone || !this.#hub.isUp || this.#sessions.size === 0) return false;
    const { promise: given, resolve } = Promise.withResolvers<boolean>();
    const cancel = this.#clock.after(readyLimitMs, () => resolve(false));
    others.areReady().then(resolve, () => resolve(false));
    return await given.finally(cancel);
  }

  /** Sends sessions away one after the other, so that they do not come back all at once. */
  async #drain({ drainMs, hasOthers }: Required<StopOptions>): Promise<void> {
    const stepMs = Math.min(drainMs / Math.max(1, this.#sessions.size), longestStepMs);
    let dueMs = this.#clock.now();
    const endMs = dueMs + stepMs * this.#sessions.size;
    const spreadMs = Math.min(drainMs, longestSpreadMs);
    // Some leave by themselves meanwhile, and whoever was being let in comes yet.
    for (let [next] = this.#sessions.values(); next !== undefined; [next] = this.#sessions.values()) {
      const nowMs = this.#clock.now();
      // Nor do they come all at once when it is over.
      const afterMs = Math.max(0, Math.round(endMs - nowMs + this.#node.random.fraction() * spreadMs));
      if (!hasOthers) next.tell({ kind: "return", afterMs });
      next.close("shutdown");
      dueMs += stepMs;
      const waitMs = dueMs - nowMs;
      if (waitMs >= 1 && this.#sessions.size > 0) {
        await new Promise<void>((resolve) => void this.#clock.after(waitMs, resolve));
      }
    }
  }

  #route(path: string): Open | null {
    if (path === "/echo") return echo(this.#node);
    const { rootChannel } = this.#options;
    const centrifuge = this.#centrifugeDoor.socket(path);
    if (centrifuge !== null) return centrifuge;
    return path === "/" && rootChannel !== undefined ? this.#rawDoor.socketOf(rootChannel) : this.#rawDoor.socket(path);
  }

  #watch(server: Server): void {
    if (this.#servers.has(server)) return;
    const changed = (): void => {
      this.#isLocal = null;
      if (server.listening) this.#sayRates();
    };
    this.#servers.add(server);
    server.on("listening", changed);
    server.on("close", changed);
    changed();
  }

  #sayRates(): void {
    if (this.#hasSaidRates || this.#mode() !== "development") return;
    this.#hasSaidRates = true;
    this.#log.info("development: rates and limits per address do not hold for connections from this machine");
  }

  /** Development when every address listened on is loopback; said once when it is not. */
  #mode(): Mode {
    if (this.#options.mode !== undefined) return this.#options.mode;
    this.#isLocal ??= [...this.#servers].every((server) => {
      const address = server.address();
      return address === null || typeof address === "string" || isLoopback(address.address);
    });
    if (!this.#isLocal && !this.#hasSaidMode) {
      this.#hasSaidMode = true;
      this.#log.warn("listening beyond this machine: guests are off unless a connect rule lets them in");
    }
    return this.#isLocal ? "development" : "production";
  }
}

/** @throws {TypeError} when no path can begin with it. */
function prefixOf(path: string): string {
  if (path !== "" && !path.startsWith("/")) throw new TypeError(`a path begins with "/", got ${JSON.stringify(path)}`);
  return path.replace(/\/+$/, "");
}
