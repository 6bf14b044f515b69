// The world of one run: store, nodes and clients, what is wrong with them at present, and what was written of it.
import type { Position } from "@tidewire/protocol";
import type { TransportEvents } from "@tidewire/client";
import type { ConnectRequest, Identity } from "../../packages/server/src/access.ts";
import type { TokenVerifier } from "../../packages/server/src/tokens/verifier.ts";
import type { HistoryRecord } from "../checker/records.ts";
import { Store } from "../engine/store.ts";
import { SimulatedClient } from "./client.ts";
import { Dice } from "./dice.ts";
import type { FaultName } from "./fault-names.ts";
import { Machine } from "./machine.ts";
import { SimulatedNode } from "./node.ts";
import { givenTo, mayAsk, mayRead, type Plan } from "./plan.ts";
import type { Scheduler } from "./scheduler.ts";
import { Socket } from "./socket.ts";
import { noFaults, StoreLink, type StoreProcess } from "./store-link.ts";

export interface WorldOptions {
  readonly seed: number;
  readonly plan: Plan;
  readonly scheduler: Scheduler;
  readonly record: (record: HistoryRecord) => void;
  /** Something happened that is no record. */
  readonly note: (what: string) => void;
  readonly hit: (fault: FaultName) => void;
  readonly broken: (what: string) => void;
}

/** Ends of what was begun on the backend's side. */
interface Asked {
  readonly op: string;
  readonly node: SimulatedNode;
}

export class World {
  readonly scheduler: Scheduler;
  readonly process: StoreProcess;
  readonly nodes: SimulatedNode[] = [];
  readonly clients: SimulatedClient[] = [];
  readonly plan: Plan;
  readonly #options: WorldOptions;
  readonly #dice: Dice;
  readonly #asked = new Set<Asked>();
  #ops = 0;
  #machines = 0;

  constructor(options: WorldOptions) {
    const { seed, plan, record } = options;
    this.#options = options;
    this.plan = plan;
    this.scheduler = options.scheduler;
    this.#dice = new Dice(seed, "world");
    const tokens = new Dice(seed, "store");
    const clock = new Machine("store", this.scheduler);
    this.process = { isDown: false, store: new Store({ clock, token: () => tokens.token(96), told: record }) };
    for (const { pattern, mode } of plan.channels) {
      record({ kind: "channel", channel: pattern, mode, log: mode === "signal" ? "unknown" : "live" });
    }
    for (let place = 0; place < plan.nodes; place += 1) this.restart(place);
    for (let number = 0; number < plan.clients; number += 1) this.#addClient(number);
  }

  /** Subscriptions that clients have. */
  get live(): number {
    return this.clients.reduce((sum, { live }) => sum + live, 0);
  }

  /** Whether every node reaches the store, and the backend's own publishes have their outcomes. */
  get isWell(): boolean {
    return this.#asked.size === 0 && this.nodes.every(({ hub }) => hub.isUp);
  }

  /** Some client that has a socket. */
  aSocket(): { readonly client: SimulatedClient; readonly socket: Socket } | null {
    const client = this.#dice.pick(this.clients);
    const { socket, machine } = client;
    return socket === null || !socket.isAlive || machine.isFrozen ? null : { client, socket };
  }

  /** Some node that works, or might. */
  aNode(): { readonly node: SimulatedNode; readonly place: number; readonly isHit: boolean } | null {
    const place = this.#dice.whole(0, this.nodes.length - 1);
    const node = this.nodes[place];
    if (node === undefined || !node.isAdmitting || node.machine.isFrozen) return null;
    return { node, place, isHit: node.hub.subscriptions > 0 };
  }

  /** A node's process starts, in the place of one that has gone. */
  restart(place: number): void {
    const { limits, channels, thinkMs } = this.plan;
    const before = this.nodes[place];
    before?.kill(true);
    if (before !== undefined) this.#forget(before);
    const dice = new Dice(this.#dice.whole(0, 2 ** 31), `node ${place}`);
    const machine = this.#machine(`node ${place}`, dice.pick([20, 30, 50]));
    const link = new StoreLink({
      scheduler: this.scheduler,
      machine,
      process: this.process,
      dice,
      hit: (fault) => {
        if (node.hub.subscriptions > 0) this.#options.hit(fault);
      },
    });
    const think = async (may: boolean): Promise<boolean> => {
      await new Promise<void>((resolve) => void machine.after(dice.between(0, thinkMs), resolve));
      return may;
    };
    const subscribe = ({
      user,
      channel,
    }: {
      readonly user: string;
      readonly channel: string;
    }): boolean | Promise<boolean> =>
      thinkMs > 0 && dice.chance(0.5) ? think(mayAsk(user, channel)) : mayAsk(user, channel);
    const connect = ({ claims }: ConnectRequest): Identity => {
      const user = claims?.user ?? "";
      return { user, subscriptions: givenTo(user, this.plan, dice) };
    };
    const node: SimulatedNode = new SimulatedNode({
      machine,
      dice,
      link,
      channels,
      limits,
      access: { connect, subscribe },
      tokens: verifier(machine, dice),
    });
    this.nodes[place] = node;
    node.hub.start().catch((thrown: unknown) => this.#options.broken(`a node did not start: ${String(thrown)}`));
  }

  healLink({ link }: SimulatedNode): void {
    Object.assign(link.faults, noFaults);
  }

  /** The store's process dies; what it loses is the plan's. */
  crash(steps: number): void {
    this.process.isDown = true;
    this.process.store.crash(this.plan.loss, steps);
    for (const { link } of this.nodes) link.reset();
  }

  /** The application's backend publishes, on one node or with one key on two. */
  publish(channel: string, value: { readonly key: string; readonly fill: string }, times: number): void {
    const op = `backend-${(this.#ops += 1)}`;
    const definition = this.plan.channels.find(({ pattern }) => pattern === channel);
    const data = Buffer.from(JSON.stringify({ op, ...value }));
    const body = { data, form: "json" as const, ...(definition?.mode === "latest" && { key: value.key }) };
    for (let time = 0; time < times; time += 1) {
      const node = this.#dice.pick(this.nodes);
      if (node.machine.isDead || node.machine.isFrozen) continue;
      // Each on its own: what is published in parallel has no promised order.
      this.#options.record({ kind: "invoke", op, by: op, channel });
      this.#ask(op, node, node.hub.publish(channel, { ...body, data: Buffer.from(data) }, { idempotencyKey: op }));
    }
  }

  /** The backend takes a key out of a table. */
  remove(channel: string, key: string): void {
    const node = this.#dice.pick(this.nodes);
    if (node.machine.isDead || node.machine.isFrozen) return;
    // Whatever comes of it stands in the log.
    node.hub.remove(channel, key).catch(() => undefined);
  }

  /** Who is in a channel, by what its node says and by what clients say; `null` when both say the same. */
  presenceProblem(): string | null {
    for (const { pattern, presence } of this.plan.channels) {
      if (!presence) continue;
      for (const node of this.nodes) {
        const here = this.clients.flatMap(({ client, held }) => {
          const { state } = client;
          const isHere =
            state.kind === "connected" && node.sessions.has(state.session) && held.get(pattern)?.isUp === true;
          return isHere ? [state.session] : [];
        });
        const shown = shownBy(node, pattern, here);
        if (shown !== null) return `${node.machine.name} shows ${shown} in ${pattern}, there is ${here.join(" ")}`;
        const wrong = this.#shownOtherwise(pattern, here);
        if (wrong !== null) return wrong;
      }
    }
    return null;
  }

  /** What an application that is one of `here` shows of them, where it shows something else (R2). */
  #shownOtherwise(pattern: string, here: readonly string[]): string | null {
    for (const { name, client, held } of this.clients) {
      const { state } = client;
      if (state.kind !== "connected" || !here.includes(state.session)) continue;
      const shown = held.get(pattern)?.members?.();
      if (shown === undefined) continue;
      if (isCrowd(this.nodes[0], here)) {
        if (shown.status === "ready" && shown.members.length === 0 && shown.count === here.length) continue;
        return `${name} shows ${shown.status} ${shown.count} in ${pattern}, there is a crowd of ${here.length}`;
      }
      const sessions = shown.members.map(({ session }) => session).toSorted();
      if (shown.status === "ready" && sessions.join(" ") === here.toSorted().join(" ")) continue;
      return `${name} shows ${shown.status} ${shown.count}: ${sessions.join(" ")} in ${pattern}, there is ${here.join(" ")}`;
    }
    return null;
  }

  /** What there is to have: of a table, whose removals are forgotten, the newest publication that it has. */
  newest(channel: string): Position {
    const { store } = this.process;
    const isTable = this.plan.channels.some(({ pattern, mode }) => pattern === channel && mode === "latest");
    const { publications, top } = store.read(channel, "newest", { publications: 1, bytes: 0 });
    return isTable ? { epoch: top.epoch, offset: publications.at(-1)?.offset ?? 0 } : top;
  }

  head(channel: string): Position {
    return this.process.store.top(channel);
  }

  #ask(
    op: string,
    node: SimulatedNode,
    publishing: Promise<{ readonly position: Position; readonly duplicate: boolean }>,
  ): void {
    const { record } = this.#options;
    const asked = { op, node };
    this.#asked.add(asked);
    publishing.then(
      ({ position, duplicate }) => {
        if (this.#asked.delete(asked))
          record({ kind: "ack", op, position: position.offset > 0 ? position : null, duplicate });
      },
      (thrown: { readonly reason?: string }) => {
        if (!this.#asked.delete(asked)) return;
        if (thrown.reason === "indeterminate") record({ kind: "indeterminate", op });
        else record({ kind: "reject", op, reason: thrown.reason ?? "none" });
      },
    );
  }

  /** Nobody will hear of what it was asked. */
  #forget(node: SimulatedNode): void {
    for (const asked of this.#asked) {
      if (asked.node !== node) continue;
      this.#asked.delete(asked);
      this.#options.record({ kind: "indeterminate", op: asked.op });
    }
  }

  #addClient(number: number): void {
    const { seed, record, broken } = this.#options;
    const dice = new Dice(seed, `client ${number}`);
    const user = `u${number}`;
    for (const { pattern } of this.plan.channels)
      record({ kind: "rule", user, channel: pattern, may: mayRead(user, pattern) });
    const { tokenMs } = this.plan;
    const client: SimulatedClient = new SimulatedClient({
      name: `c${number}`,
      user,
      dice,
      machine: () => this.#machine(`c${number}`, 0),
      dial: (machine, events) => this.#dial(machine, events, dice),
      // Whoever makes tokens has a clock of his own.
      token: async () => `${user} ${tokenMs === null ? "" : Math.ceil((this.#wallMs() + tokenMs) / 1_000)}`,
      record,
      broken: (what) => broken(`c${number}: ${what}`),
    });
    this.clients.push(client);
    client.client.connect();
  }

  #dial(machine: Machine, events: TransportEvents, dice: Dice): Socket {
    const node = dice.pick(this.nodes);
    const { latencyMs, windowBytes } = this.plan;
    const socket: Socket = new Socket({
      scheduler: this.scheduler,
      client: machine,
      node: node.machine,
      latency: () => dice.between(latencyMs / 2, latencyMs),
      windowBytes,
      watermarkBytes: node.limits.watermarkBytes,
      events,
      ended: () => void node.sockets.delete(socket),
      broken: this.#options.broken,
    });
    const atMs = this.scheduler.nowMs + latencyMs;
    if (node.machine.isDead) machine.at(atMs, () => socket.refuse());
    else node.machine.at(atMs, () => node.accept(socket));
    return socket;
  }

  #machine(name: string, grainMs: number): Machine {
    this.#machines += 1;
    return new Machine(`${name} #${this.#machines}`, this.scheduler, { grainMs });
  }

  #wallMs(): number {
    return 1_767_225_600_000 + this.scheduler.nowMs;
  }
}

/** Whether so many are counted, and not told one by one. */
function isCrowd(node: SimulatedNode | undefined, here: readonly string[]): boolean {
  return node !== undefined && here.length > node.limits.membersShown;
}

/** What a node says of who is in a channel, where that is something else than `here`. */
function shownBy(node: SimulatedNode, pattern: string, here: readonly string[]): string | null {
  const members = node.hub.channel(pattern)?.members;
  const clients = members?.counts.clients ?? 0;
  if (clients !== here.length) return `${clients} members`;
  if (members?.tail.isCrowd === true && !isCrowd(node, here)) return "a crowd";
  if (isCrowd(node, here)) return null;
  const shown = (members?.list() ?? [])
    .map(({ session }) => session)
    .toSorted()
    .join(" ");
  return shown === here.toSorted().join(" ") ? null : shown;
}

/** Reads tokens as the simulation writes them: a user, and when it expires. */
function verifier(machine: Machine, dice: Dice): TokenVerifier {
  return {
    connection: async (token) => {
      await new Promise<void>((resolve) => void machine.after(dice.between(0, 5), resolve));
      const [user = "", expiry = ""] = token.split(" ");
      const expiresAt = expiry === "" ? null : Number(expiry);
      return { kind: "ok", claims: { user, info: undefined, expiresAt, channels: [] } };
    },
    subscription: async () => ({ kind: "invalid", why: "there are no such tokens here" }),
  };
}
