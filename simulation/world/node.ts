// A simulated node: hub, sessions and the Centrifuge dialect as they are, on a machine of the simulated world.
import type { ChannelDefinition } from "@tidewire/protocol";
import type { AccessRules } from "../../packages/server/src/access.ts";
import { centrifugeFor } from "../../packages/server/src/dialects/centrifuge/centrifuge.ts";
import { open } from "../../packages/server/src/dialects/open.ts";
import { Hub } from "../../packages/server/src/hub/hub.ts";
import { Registry } from "../../packages/server/src/hub/registry.ts";
import { type Limits, resolveLimits } from "../../packages/server/src/options.ts";
import { silentLog } from "../../packages/server/src/ports/log.ts";
import { Metrics } from "../../packages/server/src/ports/metrics.ts";
import type { OpenSession, SessionNode } from "../../packages/server/src/session/node.ts";
import { SharedRates } from "../../packages/server/src/session/shared-rates.ts";
import { Turns } from "../../packages/server/src/session/turns.ts";
import type { TokenVerifier } from "../../packages/server/src/tokens/verifier.ts";
import { ModelEngine } from "../engine/model-engine.ts";
import type { Dice } from "./dice.ts";
import type { Machine } from "./machine.ts";
import type { Socket } from "./socket.ts";
import type { StoreLink } from "./store-link.ts";

export interface SimulatedNodeOptions {
  readonly machine: Machine;
  readonly dice: Dice;
  readonly link: StoreLink;
  readonly channels: readonly ChannelDefinition[];
  readonly limits: Partial<Limits>;
  readonly access: AccessRules;
  readonly tokens: TokenVerifier | null;
}

export class SimulatedNode {
  readonly machine: Machine;
  readonly link: StoreLink;
  readonly hub: Hub;
  readonly metrics: Metrics = new Metrics();
  readonly limits: Limits;
  readonly sessions: Map<string, OpenSession> = new Map();
  readonly sockets: Set<Socket> = new Set();
  readonly #node: SessionNode;
  #isAdmitting = true;

  constructor({ machine, dice, link, channels, limits, access, tokens }: SimulatedNodeOptions) {
    this.machine = machine;
    this.link = link;
    this.limits = resolveLimits(limits);
    const shared = { limits: this.limits, clock: machine, log: silentLog, metrics: this.metrics };
    const registry = new Registry(channels, this.metrics);
    const publishValue = (): never => {
      throw new Error("no channel of the simulation has a source");
    };
    this.hub = new Hub({ ...shared, engine: new ModelEngine(link), registry, publishValue });
    this.#node = {
      ...shared,
      hub: this.hub,
      access,
      tokens,
      calls: new Map(),
      random: { fraction: dice.fraction, token: (bits) => dice.token(bits) },
      mode: () => "development",
      turns: new Turns(shared.clock),
      userRates: new SharedRates(shared.clock),
      channelRates: new SharedRates(shared.clock),
      isRated: () => false,
      sessions: this.sessions,
      users: new Map(),
    };
  }

  get isAdmitting(): boolean {
    return this.#isAdmitting && !this.machine.isDead;
  }

  accept(socket: Socket): void {
    if (!this.isAdmitting) return socket.refuse();
    this.sockets.add(socket);
    socket.accept((connection) => open(this.#node, connection, centrifugeFor(connection, this.limits)));
  }

  /** Refuses new connections and sends the others away, one after the other, as a rolling restart does. */
  drain(overMs: number): void {
    this.#isAdmitting = false;
    const stepMs = overMs / Math.max(1, this.sessions.size);
    let delayMs = 0;
    for (const session of this.sessions.values()) {
      this.machine.after(delayMs, () => session.close("shutdown"));
      delayMs += stepMs;
    }
  }

  /** kill -9 of the process, or the whole machine gone without a word. */
  kill(isReset: boolean): void {
    this.machine.kill();
    this.link.detach();
    for (const socket of this.sockets) socket.vanish(isReset);
  }
}
