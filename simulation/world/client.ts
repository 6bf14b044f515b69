// A simulated client: the real client on a machine of its own, and the application around it, which writes history.
import { type Cancel, type Channel, type Client, createClient, type Page, type PageChange } from "@tidewire/client";
import { type Members, membersOf } from "@tidewire/client/members";
import { type ChannelDefinition, TidewireError } from "@tidewire/protocol";
import type { HistoryRecord, Life } from "../checker/records.ts";
import type { Dice } from "./dice.ts";
import type { Machine } from "./machine.ts";
import type { Socket } from "./socket.ts";
import type { TransportConnection, TransportEvents } from "@tidewire/client";

/** What the simulated channels carry. */
export interface Payload {
  readonly op: string;
  readonly key: string;
  readonly fill: string;
}

export interface SimulatedClientOptions {
  readonly name: string;
  readonly user: string;
  readonly dice: Dice;
  /** A page that was loaded again is another process. */
  readonly machine: () => Machine;
  readonly dial: (machine: Machine, events: TransportEvents) => Socket;
  readonly token: () => Promise<string>;
  readonly record: (record: HistoryRecord) => void;
  /** What a listener of the client threw, and what the client did that nobody allowed. */
  readonly broken: (what: string) => void;
}

/** How the application opens a channel. */
export interface Opening {
  /** Pulls a second, of a `latest` channel; `null`: as often as it changes. */
  readonly rate: number | null;
  /** Whether it shows who is there. */
  readonly showsMembers: boolean;
}

/** What the application has of one channel. */
interface Held {
  readonly channel: Channel;
  readonly definition: ChannelDefinition;
  life: Life | null;
  isUp: boolean;
  close: Cancel | null;
  /** Who is there, as the application shows it; `null` where it does not. */
  members: (() => Members) | null;
  isPaused: boolean;
  /** What it was told last of each member since it was subscribed. */
  readonly told: Map<string, "join" | "leave">;
}

const plain: Opening = { rate: null, showsMembers: false };

class SimulatedPage implements Page {
  isHidden = false;
  isOffline = false;
  readonly #watchers = new Set<(change: PageChange) => void>();

  isOnline(): boolean {
    return !this.isOffline;
  }

  isVisible(): boolean {
    return !this.isHidden;
  }

  watch(changed: (change: PageChange) => void): Cancel {
    const watcher = (change: PageChange): void => changed(change);
    this.#watchers.add(watcher);
    return () => void this.#watchers.delete(watcher);
  }

  become(change: PageChange): void {
    if (change === "online" || change === "offline") this.isOffline = change === "offline";
    else this.isHidden = change === "hidden";
    for (const watcher of this.#watchers) watcher(change);
  }
}

export class SimulatedClient {
  readonly name: string;
  readonly user: string;
  readonly held: Map<string, Held> = new Map();
  machine: Machine;
  page: SimulatedPage = new SimulatedPage();
  client: Client;
  socket: Socket | null = null;
  /** The next publication crashes the page before the application has worked at it. */
  isDoomed = false;
  readonly #options: SimulatedClientOptions;
  /** Publishes that have no outcome yet. */
  readonly #pending = new Set<string>();
  #lives = 0;
  #ops = 0;

  constructor(options: SimulatedClientOptions) {
    this.#options = options;
    this.name = options.name;
    this.user = options.user;
    this.machine = options.machine();
    this.client = this.#start();
  }

  /** Whether every subscription that is wanted is one. */
  get isSettled(): boolean {
    return this.#pending.size === 0 && [...this.held.values()].every(({ close, isUp }) => close === null || isUp);
  }

  /** How many subscriptions the server has for it, as far as it knows. */
  get live(): number {
    return [...this.held.values()].filter(({ isUp }) => isUp).length;
  }

  open(definition: ChannelDefinition, opening: Opening): void {
    const held = this.#hold(definition);
    if (held.close !== null) return this.#openAnew(held, opening);
    const { kind } = held.channel.status;
    // Within its grace the old life goes on.
    if (held.life === null || kind === "closed" || kind === "refused") this.#begin(held);
    this.#openAs(held, opening);
  }

  close(name: string): void {
    const held = this.held.get(name);
    if (held !== undefined) this.#leave(held);
  }

  rest(name: string, isPaused: boolean): void {
    const held = this.held.get(name);
    if (held === undefined || held.close === null || held.isPaused === isPaused) return;
    held.isPaused = isPaused;
    if (isPaused) held.channel.pause();
    else held.channel.resume();
  }

  publish(definition: ChannelDefinition, { key, fill }: Omit<Payload, "op">): void {
    const { name, record } = this.#options;
    const { channel } = this.#hold(definition);
    const op = `${name}-${(this.#ops += 1)}`;
    record({ kind: "invoke", op, by: name, channel: channel.name });
    this.#pending.add(op);
    channel.publish({ op, key, fill } satisfies Payload).then(
      ({ position, duplicate }) => {
        if (this.#pending.delete(op)) record({ kind: "ack", op, position, duplicate });
      },
      (thrown: unknown) => {
        if (!this.#pending.delete(op)) return;
        if (!(thrown instanceof TidewireError)) this.#options.broken(`a publish threw ${String(thrown)}`);
        else if (thrown.reason === "indeterminate") record({ kind: "indeterminate", op });
        else record({ kind: "reject", op, reason: String(thrown.reason) });
      },
    );
  }

  /** The page goes: its process ends, and another one takes up what the application kept. */
  reload(): void {
    const before = [...this.held.values()];
    for (const op of this.#pending) this.#options.record({ kind: "indeterminate", op });
    this.#pending.clear();
    this.socket?.clientSide.close(1001, "");
    this.machine.kill();
    this.held.clear();
    this.isDoomed = false;
    this.machine = this.#options.machine();
    this.page = new SimulatedPage();
    this.client = this.#start();
    this.client.connect();
    for (const old of before) this.#takeUp(old);
  }

  #takeUp(old: Held): void {
    const { definition, channel, life, close } = old;
    const since = channel.position;
    // Only a stream has a place to come back to.
    if (close === null || life === null || since === null || definition.mode !== "stream") {
      this.#end(old, { kind: "unsubscribe", life: life ?? "" });
      if (close !== null) this.open(definition, plain);
      return;
    }
    const held = this.#hold(definition);
    held.life = life;
    held.close = held.channel.open({ since });
  }

  /** As a page does that is drawn once more with other wishes: the new one is there before the old one goes. */
  #openAnew(held: Held, opening: Opening): void {
    const { close } = held;
    this.#openAs(held, opening);
    close?.();
  }

  #openAs(held: Held, { rate, showsMembers }: Opening): void {
    const { channel, definition } = held;
    const stops = [channel.open(rate === null ? {} : { rate })];
    held.members = null;
    if (showsMembers && definition.presence) {
      const list = membersOf(channel);
      stops.push(list.subscribe(() => undefined));
      held.members = list.getSnapshot;
    }
    held.close = () => {
      for (const stop of stops) stop();
    };
  }

  #leave(held: Held): void {
    held.close?.();
    held.close = held.members = null;
  }

  #start(): Client {
    const { dice, dial, token, broken, record } = this.#options;
    const { machine } = this;
    const client = createClient({
      url: "sim://nodes",
      token: () => token(),
      clock: machine,
      random: dice.fraction,
      page: this.page,
      onError: (error) => broken(`a listener threw ${String(error)}`),
      transport: {
        open: (_url, events): TransportConnection => {
          this.socket = dial(machine, events);
          return this.socket.clientSide;
        },
      },
    });
    client.onState(({ kind }) => {
      if (kind === "connected" || machine !== this.machine) return;
      for (const op of this.#pending) record({ kind: "resent", op });
    });
    return client;
  }

  #hold(definition: ChannelDefinition): Held {
    const known = this.held.get(definition.pattern);
    if (known !== undefined) return known;
    const channel: Channel = this.client.channel(definition.pattern, {
      mode: definition.mode,
      presence: definition.presence,
    });
    const held: Held = {
      channel,
      definition,
      life: null,
      isUp: false,
      close: null,
      members: null,
      isPaused: false,
      told: new Map(),
    };
    this.held.set(channel.name, held);
    this.#listen(held);
    return held;
  }

  #listen(held: Held): void {
    const { record } = this.#options;
    const { channel } = held;
    channel.onPublication(({ data, position }) => {
      if (this.held.get(channel.name) !== held) return;
      if (this.isDoomed && held.life !== null) return this.reload();
      const op = data === null ? "" : (data as Payload).op;
      record({ kind: "deliver", life: held.life ?? `${this.name} ${channel.name} after its end`, position, op });
    });
    channel.onGap(({ to }) => {
      if (held.life !== null) record({ kind: "gap", life: held.life, to });
    });
    channel.onSkipped((count) => {
      if (held.life !== null) record({ kind: "skipped", life: held.life, count });
    });
    channel.onMember((change) => {
      if (change.kind === "counts") return;
      const { kind, member } = change;
      // R2: in turns, for each of them.
      if (held.told.get(member.session) === kind) {
        this.#options.broken(`${member.session} of ${channel.name} was told twice: ${kind}`);
      }
      held.told.set(member.session, kind);
    });
    channel.onState(() => this.#changed(held));
  }

  #changed(held: Held): void {
    const status = held.channel.status;
    const isUp = status.kind === "live" || status.kind === "paused";
    const wasUp = held.isUp;
    held.isUp = isUp;
    if (!isUp) held.told.clear();
    if (held.life === null) return;
    if (isUp && !wasUp) {
      const { position } = held.channel;
      this.#options.record({ kind: "reply", life: held.life, recovered: status.recovered, position });
    }
    if (status.kind === "closed") this.#end(held, { kind: "unsubscribe", life: held.life });
    if (status.kind === "refused") {
      this.#end(held, { kind: "refused", life: held.life, reason: String(status.error.reason) });
      this.#leave(held);
    }
  }

  #begin(held: Held): void {
    const { name, user, record } = this.#options;
    held.life = `${name} ${held.channel.name} ${(this.#lives += 1)}`;
    record({ kind: "subscribe", life: held.life, user, channel: held.channel.name });
  }

  #end(held: Held, record: HistoryRecord & { readonly life: Life }): void {
    if (held.life === null) return;
    this.#options.record(record);
    held.life = null;
  }
}
