// One connection to the server, for all tabs that want the same.

import { TidewireError } from "@tidewire/protocol";
import type { ConnectionState, EndReason } from "../connection-state.ts";
import { Connection, type ConnectionEvents } from "../connection.ts";
import type { Ports } from "../ports.ts";
import type { Subscription, SubscriptionHost } from "../subscription.ts";
import { Tokens } from "../tokens.ts";
import type { Transport } from "../transport.ts";
import type { LineTab, SessionLine } from "./contracts.ts";
import { SharedChannel } from "./shared-channel.ts";
import type { LineOptions } from "./words.ts";

/** How long a tab may take to answer when it is asked for a token; then the next one is. */
const tokenMs = 3_000;

/** What the connection of all tabs asks of the worker around it. */
export interface LinePorts extends Ports {
  readonly transport: Transport;
}

export class Line implements SessionLine {
  readonly connection: Connection;
  readonly channels: Map<string, SharedChannel> = new Map();
  /** Those that want a connection, in the order in which they came. */
  readonly tabs: Set<LineTab> = new Set();
  readonly #ports: LinePorts;
  readonly #host: SubscriptionHost;
  readonly #open = new Map<string, Subscription>();

  constructor(options: LineOptions, ports: LinePorts) {
    this.#ports = ports;
    const tokens = new Tokens(ports.clock, options.hasToken ? () => this.#token() : "");
    this.connection = new Connection({ ...ports, ...options, tokens }, this.#events());
    this.#host = { ...ports, connection: this.connection, open: this.#open };
    this.connection.state.listeners.add((state) => this.#changed(state));
  }

  get state(): ConnectionState {
    return this.connection.state.getSnapshot();
  }

  /** A tab has come, or has come back. */
  join(tab: LineTab): void {
    this.tabs.add(tab);
    this.connection.connect();
  }

  /** A tab wants no connection any more, or is gone. */
  leave(tab: LineTab): void {
    if (!this.tabs.delete(tab) || this.tabs.size > 0) return;
    this.connection.close();
    for (const channel of this.channels.values()) channel.end();
  }

  channel(name: string, isRecoverable: boolean): SharedChannel {
    const modes = [...this.tabs].map(({ modes: known }) => known.get(name));
    const mode = modes.find((known) => known !== undefined) ?? (isRecoverable ? "stream" : "signal");
    const ended = (): void => void this.channels.delete(name);
    const channel = this.channels.get(name) ?? new SharedChannel(name, { host: this.#host, traits: { mode }, ended });
    this.channels.set(name, channel);
    return channel;
  }

  #events(): ConnectionEvents {
    const each = (act: (subscription: Subscription) => void): void => {
      for (const subscription of this.#open.values()) act(subscription);
    };
    return {
      opening: () => each((subscription) => subscription.opening()),
      connected: () => undefined,
      lost: (isFinal) => each((subscription) => subscription.lost(isFinal)),
      invalidated: () => each((subscription) => subscription.invalidated()),
      push: (channel, fields) => this.#open.get(channel)?.push(fields),
    };
  }

  #changed(state: ConnectionState): void {
    if (state.kind === "connected") {
      for (const tab of this.tabs) tab.connected();
    } else if (state.kind === "waiting" || state.kind === "offline") this.#lost(state.reason, false);
    else if (state.kind === "closed") this.#lost(state.reason, true);
  }

  #lost(reason: EndReason, isFinal: boolean): void {
    for (const { session } of this.tabs) session?.lost(reason, isFinal);
  }

  /** Asks one tab after the other: one may be asleep, or just gone. */
  async #token(): Promise<string> {
    for (const tab of this.tabs) {
      const token = await this.#within(tab.token());
      if (token !== null) return token;
    }
    throw new TidewireError("timed_out", "no tab has a token");
  }

  /** `null` when it takes too long. */
  #within(promise: Promise<string>): Promise<string | null> {
    return new Promise((resolve, reject) => {
      const stop = this.#ports.clock.after(tokenMs, () => resolve(null));
      promise.then(resolve, reject).finally(stop);
    });
  }
}
