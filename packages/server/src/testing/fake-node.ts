// A node without sockets: hub, sessions and dialects over an engine and a clock that a test holds.
import type { ChannelDefinition } from "@tidewire/protocol";
import type { AccessRules, OtherCalls } from "../access.ts";
import { centrifugeFor } from "../dialects/centrifuge/centrifuge.ts";
import type { ConnectionInfo } from "../dialects/connection.ts";
import { open } from "../dialects/open.ts";
import { events } from "../dialects/raw/events.ts";
import { raw, type RawOptions } from "../dialects/raw/raw.ts";
import type { Engine } from "../engine/engine.ts";
import { memoryEngine } from "../engines/memory/memory-engine.ts";
import { Hub } from "../hub/hub.ts";
import { Registry } from "../hub/registry.ts";
import { type Limits, type Mode, resolveLimits } from "../options.ts";
import { systemClock } from "../ports/clock.ts";
import { type Log, silentLog } from "../ports/log.ts";
import { Metrics } from "../ports/metrics.ts";
import { type Random, systemRandom } from "../ports/random.ts";
import { type TokenOptions, tokenVerifier } from "../tokens/verifier.ts";
import type { BoundCall, OpenSession, SessionNode } from "../session/node.ts";
import { SharedRates } from "../session/shared-rates.ts";
import { Turns } from "../session/turns.ts";
import { eventFraming } from "../transports/event-framing.ts";
import { FakeClock } from "./fake-clock.ts";
import { FakeConnection } from "./fake-connection.ts";

/** What a node of a test is made of; defaults are those of a server. */
export interface FakeNodeOptions {
  readonly channels: readonly ChannelDefinition[];
  /** Default: a memory engine. */
  readonly engine?: Engine;
  readonly access?: AccessRules;
  readonly otherCalls?: OtherCalls;
  readonly tokens?: TokenOptions;
  readonly limits?: Partial<Limits>;
  /** Default: development. */
  readonly mode?: Mode;
  /** Default: rate limits are off. */
  readonly isRated?: boolean;
  readonly log?: Log;
  readonly random?: Random;
}

/** How a connection of a test is opened. */
export interface FakeOpening {
  readonly info?: Partial<ConnectionInfo>;
  readonly watermark?: number;
}

/** A node without sockets, under a clock that the test holds. */
export class FakeNode {
  readonly clock: FakeClock = new FakeClock();
  readonly metrics: Metrics = new Metrics();
  readonly sessions: Map<string, OpenSession> = new Map();
  readonly calls: Map<string, BoundCall> = new Map();
  readonly limits: Limits;
  readonly hub: Hub;
  readonly node: SessionNode;

  constructor(options: FakeNodeOptions) {
    const { clock, metrics, sessions, calls } = this;
    const random = options.random ?? systemRandom;
    const log = options.log ?? silentLog;
    this.limits = resolveLimits(options.limits);
    this.hub = new Hub({
      engine: options.engine ?? memoryEngine({ clock, random }),
      registry: new Registry(options.channels, metrics),
      limits: this.limits,
      clock,
      log,
      metrics,
      publishValue: (channel, value) => this.publish(channel, value),
    });
    this.node = {
      hub: this.hub,
      access: options.access ?? {},
      tokens: options.tokens === undefined ? null : tokenVerifier(options.tokens, clock),
      calls,
      ...(options.otherCalls !== undefined && { otherCalls: options.otherCalls }),
      limits: this.limits,
      clock,
      random,
      log,
      metrics,
      mode: () => options.mode ?? "development",
      turns: new Turns(clock),
      userRates: new SharedRates(clock),
      channelRates: new SharedRates(clock),
      isRated: () => options.isRated ?? false,
      sessions,
      users: new Map(),
    };
  }

  /** A node whose engine has started. */
  static async start(options: FakeNodeOptions): Promise<FakeNode> {
    const node = new FakeNode(options);
    await node.hub.start();
    return node;
  }

  /** Opens a connection in the Centrifuge dialect; nothing was said on it yet. */
  centrifuge(opening: FakeOpening = {}): FakeConnection {
    const connection = new FakeConnection(opening.info, opening.watermark);
    connection.opened = open(this.node, connection, centrifugeFor(connection, this.limits));
    return connection;
  }

  /** A connection that is connected, and what was said so far forgotten. */
  async connected(opening: FakeOpening = {}): Promise<FakeConnection> {
    const connection = this.centrifuge(opening);
    connection.say('{"id":1,"connect":{}}');
    await this.settle();
    connection.messages.length = 0;
    return connection;
  }

  raw(channel: string, options: Partial<RawOptions> & FakeOpening = {}): FakeConnection {
    const connection = new FakeConnection(options.info, options.watermark);
    const speaker = raw(connection.framing, {
      channel,
      token: connection.info.token,
      greeting: undefined,
      takesPublications: true,
      limits: this.limits,
      opened: () => undefined,
      ...options,
    });
    connection.opened = open(this.node, connection, speaker);
    return connection;
  }

  /** An event stream. */
  events(channel: string, opening: FakeOpening = {}): FakeConnection {
    const connection = new FakeConnection(opening.info, opening.watermark, eventFraming);
    const { info } = connection;
    const speaker = events(eventFraming, {
      channel,
      info,
      greeting: undefined,
      retryMs: 1_000,
      opened: () => undefined,
    });
    connection.opened = open(this.node, connection, speaker);
    return connection;
  }

  publish(channel: string, value: unknown): Promise<unknown> {
    const key = this.hub.registry.resolve(channel).definition.key?.(value);
    const body = { data: Buffer.from(JSON.stringify(value)), form: "json" } as const;
    return this.hub.publish(channel, key === undefined ? body : { ...body, key });
  }

  /** Runs turns until nothing happens any more without time passing. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < 2;) {
      await new Promise<void>((resolve) => systemClock.defer(resolve));
      quiet = this.clock.deferred === 0 ? quiet + 1 : 0;
      this.clock.turn();
    }
  }

  /** Runs turns until `condition` holds: other threads, which verify tokens, answer when they like. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await this.settle();
  }

  /** Lets time pass in steps of `stepMs`, so that what each step sets off has happened before the next. */
  async pass(ms: number, stepMs = 100): Promise<void> {
    for (let left = ms; left > 0; left -= stepMs) {
      this.clock.advance(Math.min(left, stepMs));
      await this.settle();
    }
  }
}
