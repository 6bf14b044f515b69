// The hub: who listens to which channel on this node, and what is published to them.
import { type ChannelMode, fail, type Member, type Position } from "@tidewire/protocol";
import type { Ack, Body, Engine, EngineSink, PageStart, Publication } from "../engine/engine.ts";
import type { Facts } from "../lifecycle/facts.ts";
import type { Limits } from "../options.ts";
import type { Clock } from "../ports/clock.ts";
import type { Log } from "../ports/log.ts";
import type { Metrics } from "../ports/metrics.ts";
import { CatchUp } from "./catch-up.ts";
import { CheckedEngine } from "./checked-engine.ts";
import { Channel, type ChannelNode } from "./channel.ts";
import { Cursor } from "./cursor.ts";
import { Delivery } from "./delivery.ts";
import { Doubts } from "./doubts.ts";
import type { Encoder } from "./encoder.ts";
import { type Histories, historiesOf } from "./histories.ts";
import { TailMemory } from "./memory.ts";
import { nobody, type Presence, presenceOf } from "./presence.ts";
import { atStart, recover, type Seen } from "./recovery.ts";
import { Registry } from "./registry.ts";
import { retentionOf, tableRetention } from "./retention.ts";
import { Sources } from "./sources.ts";
import { PlacedSubscription, type Subscription } from "./subscription.ts";
import type { Subscriber } from "./subscriber.ts";
import { TransientMap } from "../collections/transient-map.ts";
import { type Due, Wheel } from "./wheel.ts";

export interface HubOptions {
  readonly engine: Engine;
  readonly registry: Registry;
  readonly limits: Limits;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Publishes a source's value, validated. */
  readonly publishValue: (channel: string, value: unknown, fence?: number) => Promise<unknown>;
  /** What the outside is told of; left out where it is told nothing. */
  readonly facts?: Facts;
}

export interface SubscribeOptions {
  readonly subscriber: Subscriber;
  readonly encoder: Encoder;
  /** Go on from here, if that can be proven. */
  readonly seen: Seen | null;
  /** Who shows up in presence; `null` where the channel has none. */
  readonly member: Member | null;
  /** Whether to be told who comes and goes. */
  readonly wantsMembers: boolean;
}

export interface HubPublishOptions {
  readonly idempotencyKey?: string | undefined;
  /** Of the lease by which this node is the channel's source. */
  readonly fence?: number | undefined;
}

export interface HistoryRequest {
  /** 0: the position alone. */
  readonly limit: number;
  readonly since: Position | null;
  readonly reverse: boolean;
}

const sweepMs = 10_000;
/** How long a sweep may hold the event loop. */
const sweepSliceMs = 5;
const idleTailBytes = 65_536;
const historyBytes = 900_000;

export class Hub implements EngineSink {
  readonly registry: Registry;
  readonly delivery: Delivery;
  readonly wheel: Wheel;
  readonly sources: Sources;
  readonly histories: Histories;
  readonly #engine: Engine;
  readonly #limits: Limits;
  readonly #metrics: Metrics;
  readonly #log: Log;
  readonly #catchUp: CatchUp;
  readonly #channels = new TransientMap<string, Channel>();
  readonly #memory: TailMemory;
  readonly #node: ChannelNode;
  /** Channels whose top the engine could not say. */
  readonly #unasked: Doubts;
  readonly #sweep: Due = { dueAt: null, dueSlot: 0, due: (): void => this.#sweepTails() };
  #isUp = false;
  /** Channels so far. */
  #numbered = 0;
  /** The sweep is due at once, since memory is short. */
  #isHurried = false;
  /** What the sweep under way has not come to yet; `null` between two. */
  #unswept: Iterator<Channel> | null = null;

  constructor(options: HubOptions) {
    const { clock, log, metrics, limits } = options;
    const engine = new CheckedEngine(options.engine, { clock, log, metrics });
    this.registry = options.registry;
    this.delivery = new Delivery(clock);
    this.wheel = new Wheel(clock);
    this.sources = new Sources({ clock, log, publish: options.publishValue, leases: engine.sources ?? null });
    this.#engine = engine;
    this.#limits = limits;
    this.#metrics = metrics;
    this.#log = log;
    this.#unasked = new Doubts(clock, (channels) => this.suspect(channels));
    this.#memory = new TailMemory(limits.tailsBytes);
    this.#catchUp = new CatchUp({ engine, clock, metrics, maxReads: limits.historyReads });
    this.histories = historiesOf({ engine, registry: this.registry, catchUp: this.#catchUp });
    this.#node = {
      engine,
      catchUp: this.#catchUp,
      clock,
      wheel: this.wheel,
      log,
      metrics,
      tailBytes: limits.tailBytes,
      memory: this.#memory,
      membersShown: limits.membersShown,
      facts: options.facts ?? null,
      nextNumber: () => (this.#numbered += 1),
      occupancy: (channel) => this.#occupancy(channel),
    };
  }

  /** Whether the engine answers. */
  get isUp(): boolean {
    return this.#isUp;
  }

  get channels(): number {
    return this.#channels.size;
  }

  /** Bytes that the tails and member tables hold together. */
  get tailBytes(): number {
    return this.#memory.used;
  }

  get members(): number {
    let sum = 0;
    for (const channel of this.#channels.values()) sum += channel.members.counts.clients;
    return sum;
  }

  get subscriptions(): number {
    let sum = 0;
    for (const channel of this.#channels.values()) sum += channel.subscribers;
    return sum;
  }

  async start(): Promise<void> {
    await this.#engine.start(this);
    this.#isUp = true;
    this.wheel.schedule(this.#sweep, sweepMs);
  }

  async stop(): Promise<void> {
    this.sources.stop();
    this.wheel.stop();
    this.#isUp = false;
    for (const channel of this.#channels.values()) channel.close();
    this.#channels.clear();
    await this.#engine.stop();
  }

  /** @throws {TidewireError} `engine_unavailable` when the channel cannot be opened, or recovery cannot be decided. */
  async subscribe(name: string, options: SubscribeOptions): Promise<Subscription> {
    const channel = this.#open(name);
    channel.enter();
    try {
      await channel.opened;
      const place =
        options.seen !== null && channel.keepsHistory
          ? await recover(channel, options.seen, { catchUp: this.#catchUp })
          : atStart(channel);
      return this.#place(channel, options, place);
    } catch (thrown) {
      channel.leave();
      throw thrown;
    }
  }

  /**
   * Publishes what has been validated. Resolves when the engine has accepted it.
   * The ack is an announcement too, so a publication is in the tail before its publisher's reply is queued.
   */
  async publish(name: string, body: Body, options: HubPublishOptions = {}): Promise<Ack> {
    const { definition } = this.registry.resolve(name);
    this.#admit(body, definition.mode);
    const { idempotencyKey, fence } = options;
    const draft = {
      kind: "value",
      body,
      retention: retentionOf(definition),
      ...(idempotencyKey !== undefined && { idempotencyKey }),
      ...(fence !== undefined && { fence }),
    } as const;
    const asked = this.#channels.get(name)?.position ?? null;
    const ack = await this.#engine.publish(name, draft);
    return this.#acked(name, ack, asked);
  }

  /**
   * Takes a key out of a `latest` channel; where it has no value nothing happens, and the position is the top.
   * @throws {TidewireError} `not_available` on a channel of another mode.
   */
  async remove(name: string, key: string, author?: Member): Promise<Ack> {
    const { definition } = this.registry.resolve(name);
    if (definition.mode !== "latest") {
      fail("not_available", `keys are removed from a latest channel, this is a ${definition.mode} channel`);
    }
    const retention = tableRetention(definition);
    const asked = this.#channels.get(name)?.position ?? null;
    const ack = await this.#engine.publish(name, { kind: "remove", key, retention, ...(author && { author }) });
    return this.#acked(name, ack, asked);
  }

  /** @param asked Where this node stood when the engine was asked: what was appended since is above it. */
  #acked(name: string, ack: Ack, asked: Position | null): Ack {
    this.#metrics.add("published");
    const { publication, position, duplicate } = ack;
    if (publication === null || duplicate || publication.offset === 0) return ack;
    const channel = this.#channels.get(name);
    if (asked !== null && position.epoch === asked.epoch && position.offset <= asked.offset) {
      // Its place was another's before (S8), so the log ended below it when it was asked.
      channel?.verify(asked, { epoch: position.epoch, offset: position.offset - 1 });
    }
    channel?.announced(position.epoch, publication);
    return ack;
  }

  /** @throws {TidewireError} `not_available` where nothing is kept, `unrecoverable_position` for another epoch. */
  async history(
    name: string,
    request: HistoryRequest,
  ): Promise<{ publications: readonly Publication[]; top: Position }> {
    if (this.registry.resolve(name).definition.history === null) fail("not_available", "this channel keeps no history");
    const [top] = await this.#engine.tops([name]);
    if (top === undefined) return fail("internal", "the engine did not say where the channel ends");
    const { since, reverse, limit } = request;
    if (since !== null && since.epoch !== "" && since.epoch !== top.epoch) {
      fail("unrecoverable_position", "the position is from another epoch of this channel");
    }
    if (limit === 0) return { publications: [], top };
    const start = startOf(since === null ? null : { epoch: top.epoch, offset: since.offset }, reverse);
    const page = await this.#catchUp.read(name, start, { publications: limit, bytes: historyBytes });
    return { publications: reverse ? page.publications.toReversed() : page.publications, top: page.top };
  }

  /** Forgets what a channel keeps. @throws {TidewireError} `not_available` where nothing is kept. */
  async clear(name: string): Promise<void> {
    if (this.registry.resolve(name).definition.history === null) fail("not_available", "this channel keeps no history");
    await this.#engine.publish(name, { kind: "clear" });
    this.#metrics.add("cleared");
  }

  /** Who is in a channel, wherever they are; counted, since a crowd is not listed. */
  async presence(name: string): Promise<Presence> {
    const { members: others } = this.#engine;
    const here = this.#channels.get(name);
    // As long as it opens, nobody is here, and it is not known yet who is elsewhere.
    if (others === undefined || (here !== undefined && here.state !== "opening")) return here?.members ?? nobody;
    const above = (): void => this.#metrics.hit("membersShown");
    return presenceOf(await others.list(name), { most: this.#limits.membersShown, above });
  }

  /** The channels of this node, also those that nobody listens to any more. */
  each(): Iterable<Channel> {
    return this.#channels.values();
  }

  /** The channel, when somebody listens to it here. */
  channel(name: string): Channel | undefined {
    return this.#channels.get(name);
  }

  announced(name: string, epoch: string, publication: Publication): void {
    this.#channels.get(name)?.announced(epoch, publication);
  }

  suspect(names: readonly string[] | "all"): void {
    const channels =
      names === "all" ? [...this.#channels.values()] : names.flatMap((name) => this.#channels.get(name) ?? []);
    if (channels.length === 0) return;
    const asked = channels.map((channel) => channel.position);
    this.#engine.tops(channels.map((channel) => channel.name)).then(
      (tops) => {
        channels.forEach((channel, index) => {
          const [from, top] = [asked[index], tops[index]];
          if (from !== undefined && top !== undefined) channel.verify(from, top);
        });
      },
      () => {
        this.#log.warn("the engine could not say where its channels end", { channels: channels.length });
        this.#unasked.add(names);
      },
    );
  }

  health(state: "up" | "down"): void {
    this.#isUp = state === "up";
    this.#metrics.add(state === "up" ? "engine_up" : "engine_down");
    if (state === "up") this.#log.info("the engine answers");
    else this.#log.error("the engine does not answer");
  }

  /** @throws {TidewireError} `too_large`, or `overloaded` where nothing but memory would hold it. */
  #admit(body: Body, mode: ChannelMode): void {
    const most = this.#limits.publicationBytes;
    if (body.data.length > most) {
      this.#metrics.hit("publicationBytes");
      fail("too_large", `a publication has at most ${most} bytes, this one has ${body.data.length}`);
    }
    if (!this.#memory.isTight) return;
    this.#metrics.add("tail_memory_tight");
    // Once: under a flood, each publish would put it off a little more.
    if (!this.#isHurried) this.wheel.schedule(this.#sweep, 0);
    this.#isHurried = true;
    if (mode === "stream" || !this.#memory.isFull) return;
    this.#metrics.hit("tailsBytes");
    fail("overloaded", "the node's memory for publications is full");
  }

  #open(name: string): Channel {
    let channel = this.#channels.get(name);
    if (channel !== undefined) return channel;
    const opening = new Channel(name, this.registry.resolve(name), this.#node);
    channel = opening;
    this.#channels.set(name, opening);
    opening.opened.catch(() => this.#close(opening));
    return channel;
  }

  #place(channel: Channel, options: SubscribeOptions, place: Awaited<ReturnType<typeof recover>>): Subscription {
    const { subscriber, encoder, member } = options;
    const view = channel.tail.join(encoder);
    const whole = encoder.whole === undefined ? null : channel.tail.join(encoder.whole);
    const cursor = new Cursor({ subscriber, home: channel, view, whole }, place);
    if (place.page !== undefined) this.#catchUp.give(cursor, place.page);
    // Placed before one's own entry is added: one's own join comes after the reply (R4).
    const members = options.wantsMembers ? channel.members.read(subscriber, encoder) : null;
    if (member !== null) channel.members.welcome(member);
    this.#metrics.add("subscribed");
    if (options.seen !== null) this.#metrics.add(place.recovered ? "recovered" : "not_recovered");
    const { recovered, position } = place;
    return new PlacedSubscription({ sources: this.sources, channel, cursor, members, position, recovered, member });
  }

  #occupancy(channel: Channel): void {
    this.#node.facts?.occupancy(channel.name, channel.subscribers > 0);
    if (channel.subscribers === 0) this.sources.occupancy(channel);
    if (channel.subscribers > 0) return this.#stay(channel);
    channel.closing = { dueAt: null, dueSlot: 0, due: (): void => this.#close(channel) };
    this.wheel.schedule(channel.closing, this.#limits.lingerMs);
  }

  /** It does not close now. */
  #stay(channel: Channel): void {
    if (channel.closing !== null) this.wheel.cancel(channel.closing);
    channel.closing = null;
  }

  #close(channel: Channel): void {
    this.#stay(channel);
    channel.close();
    if (this.#channels.get(channel.name) === channel) this.#channels.delete(channel.name);
  }

  /**
   * Gives back the memory of channels where nothing happened since the last sweep; in slices, since a hundred thousand
   * channels would hold the loop for a second.
   */
  #sweepTails(): void {
    this.#isHurried = false;
    const { clock } = this.#node;
    const endMs = clock.now() + sweepSliceMs;
    const { isTight } = this.#memory;
    const channels = (this.#unswept ??= this.#channels.values());
    for (let next = channels.next(); next.done !== true; next = channels.next()) {
      if (isTight) next.value.squeeze(idleTailBytes);
      else next.value.sweep(idleTailBytes);
      if (clock.now() > endMs) return this.wheel.schedule(this.#sweep, 0);
    }
    this.#unswept = null;
    this.wheel.schedule(this.#sweep, sweepMs);
  }
}

function startOf(since: Position | null, reverse: boolean): PageStart {
  if (since === null) return reverse ? "newest" : "oldest";
  return reverse ? { before: since } : { after: since };
}
