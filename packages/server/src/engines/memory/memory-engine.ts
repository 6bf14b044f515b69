// The memory engine: the log of every channel in this process, gone when it ends.
import { fail, type Position } from "@tidewire/protocol";
import type {
  Ack,
  Body,
  Draft,
  Engine,
  EngineSink,
  EngineTraits,
  LogRetention,
  Page,
  PageLimit,
  PageStart,
  Publication,
  TableRetention,
} from "../../engine/engine.ts";
import { checkPageLimit, checkRetention } from "../../engine/ring.ts";
import { type Cancel, type Clock, systemClock } from "../../ports/clock.ts";
import { type Random, systemRandom } from "../../ports/random.ts";
import { checkKey, digestOf, nothing, ownBytes } from "../payload.ts";
import { RememberedPublishes } from "../remembered-publishes.ts";
import { type ChannelLog, ChannelLogs } from "./channel-logs.ts";

/** What `memoryEngine` takes; nothing is needed. */
export interface MemoryEngineOptions {
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** Default: the operating system's. */
  readonly random?: Random;
}

interface Started {
  readonly sink: EngineSink;
  readonly logs: ChannelLogs;
  readonly remembered: RememberedPublishes;
  readonly followed: Set<string>;
  cancelSweep: Cancel;
}

/** Milliseconds between two sweeps; each visits a part of the channels, so that no turn is long. */
const sweepIntervalMs = 1_000;

/** An engine without a store: fast, and empty under a new epoch after each start. */
export function memoryEngine(options: MemoryEngineOptions = {}): Engine {
  return new MemoryEngine(options.clock ?? systemClock, options.random ?? systemRandom);
}

class MemoryEngine implements Engine {
  readonly traits: EngineTraits = { name: "memory", durability: "volatile", survivesRestart: false };
  readonly #clock: Clock;
  readonly #random: Random;
  #started: Started | null = null;

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  async start(sink: EngineSink): Promise<void> {
    if (this.#started !== null) throw new TypeError("a memory engine that is stopped was expected, it is started");
    const logs = new ChannelLogs(() => this.#random.token(96));
    const remembered = new RememberedPublishes(this.#clock);
    this.#started = { sink, logs, remembered, followed: new Set(), cancelSweep: () => undefined };
    this.#sweepLater(this.#started);
  }

  async stop(): Promise<void> {
    this.#started?.cancelSweep();
    this.#started = null;
  }

  async publish(channel: string, draft: Draft): Promise<Ack> {
    const started = this.#running();
    if (draft.kind === "clear") return clear(started, channel, this.#clock.now());
    if (draft.kind === "remove") return this.#remove(started, channel, draft);
    const { body, retention, idempotencyKey: key } = draft;
    if (retention !== null) checkRetention(retention);
    checkKey(draft);
    const keyed = key === undefined ? null : { channel, key, digest: digestOf(body) };
    const duplicate = keyed && started.remembered.duplicateOf(keyed, body);
    if (duplicate !== null) return duplicate;
    const log = retention === null ? null : logFor(started, channel, { retention, nowMs: this.#clock.now() });
    if (retention?.kind === "table") admit(log, body, retention);
    const publication = this.#publicationOf(body, log);
    if (log !== null && retention !== null) append(log, publication, { retention, nowMs: this.#clock.now() });
    const { epoch } = started.logs.top(channel);
    if (keyed !== null) started.remembered.add(keyed, epoch, publication);
    return announce(started, { channel, epoch }, publication);
  }

  async read(channel: string, start: PageStart, limit: PageLimit): Promise<Page> {
    checkPageLimit(limit);
    const { logs } = this.#running();
    const log = logs.find(channel);
    if (log === undefined) return { publications: [], top: logs.top(channel), floor: 0, more: false };
    const kept = log.slots ?? log.ring;
    kept.trim(log.retention, this.#clock.now());
    const top = logs.top(channel);
    const { floor } = kept;
    const from = typeof start === "string" ? start : "after" in start ? start.after : start.before;
    if (typeof from === "object" && from.epoch !== top.epoch) return { publications: [], top, floor, more: false };
    if (typeof start === "string") return { ...kept.page(start, limit), top, floor };
    const ringStart = "after" in start ? { after: start.after.offset } : { before: start.before.offset };
    return { ...kept.page(ringStart, limit), top, floor };
  }

  async tops(channels: readonly string[]): Promise<readonly Position[]> {
    const { logs } = this.#running();
    return channels.map((channel) => logs.top(channel));
  }

  async follow(channel: string): Promise<Position> {
    const { logs, followed } = this.#running();
    followed.add(channel);
    logs.hold(channel, this.#clock.now());
    return logs.top(channel);
  }

  unfollow(channel: string): void {
    if (this.#started?.followed.delete(channel) === true) this.#started.logs.release(channel);
  }

  #running(): Started {
    return this.#started ?? fail("engine_unavailable", "the memory engine is not started");
  }

  #remove(started: Started, channel: string, draft: Extract<Draft, { kind: "remove" }>): Ack {
    const { key, author, retention } = draft;
    checkRetention(retention);
    const log = started.logs.find(channel);
    const known = log?.slots?.of(key);
    if (log === undefined || known === undefined || known.removed === true) {
      return { position: started.logs.top(channel), publication: null, duplicate: false, durability: "volatile" };
    }
    const body: Body = { data: nothing, form: "json", key, ...(author && { author }) };
    const publication: Publication = { ...this.#publicationOf(body, log), removed: true };
    append(log, publication, { retention, nowMs: this.#clock.now() });
    return announce(started, { channel, epoch: log.epoch }, publication);
  }

  #publicationOf(body: Body, log: ChannelLog | null): Publication {
    return {
      ...body,
      id: this.#random.token(96),
      offset: log === null ? 0 : log.offset + 1,
      previous: log === null || log.offset === 0 ? null : { offset: log.offset, id: log.id },
      data: ownBytes(body.data),
      atMs: this.#clock.wall(),
    };
  }

  #sweepLater(started: Started): void {
    started.cancelSweep = this.#clock.after(sweepIntervalMs, () => {
      started.logs.sweep(this.#clock.now(), started.followed);
      started.remembered.sweep();
      this.#sweepLater(started);
    });
  }
}

/** A log is one kind of thing: what was kept in the other way is not mixed with what follows. */
function logFor(
  { logs, sink }: Started,
  channel: string,
  { retention, nowMs }: { readonly retention: LogRetention | TableRetention; readonly nowMs: number },
): ChannelLog {
  const isTable = retention.kind === "table";
  if (isTable ? logs.becomeTable(channel, nowMs) : logs.becomeLog(channel, nowMs)) sink.suspect([channel]);
  return logs.forWriting(channel, nowMs);
}

/** @throws {TidewireError} `limit_exceeded` */
function admit(log: ChannelLog | null, { key = "", data }: Body, limits: TableRetention): void {
  const problem = log?.slots?.problem({ key, bytes: data.byteLength }, limits) ?? null;
  if (problem !== null) fail("limit_exceeded", problem);
}

function append(
  log: ChannelLog,
  publication: Publication,
  { retention, nowMs }: { readonly retention: LogRetention | TableRetention; readonly nowMs: number },
): void {
  const { ttlMs } = retention;
  const size = retention.kind === "table" ? retention.keys : retention.size;
  // What has expired under the old retention does not come back because the new one is longer.
  (log.slots ?? log.ring).trim(log.retention, nowMs);
  if (log.slots === null) log.ring.append(publication, nowMs);
  else log.slots.put(publication, nowMs);
  (log.slots ?? log.ring).trim({ size, ttlMs }, nowMs);
  log.offset = publication.offset;
  log.id = publication.id;
  log.retention = { size, ttlMs };
  log.writtenMs = nowMs;
}

function announce(
  started: Started,
  log: { readonly channel: string; readonly epoch: string },
  publication: Publication,
): Ack {
  const { channel, epoch } = log;
  if (started.followed.has(channel)) started.sink.announced(channel, epoch, publication);
  return { position: { epoch, offset: publication.offset }, publication, duplicate: false, durability: "volatile" };
}

function clear(started: Started, channel: string, nowMs: number): Ack {
  const position = started.logs.clear(channel, nowMs);
  started.sink.suspect([channel]);
  return { position, publication: null, duplicate: false, durability: "volatile" };
}
